// Line: what stands in order of time, taken from the front and mostly added at the end. One
// allocation, and for a single one no more than it needs: most groups of a flood have one event.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "correlate/settings.h"

namespace vakt::correlate {

inline Time place_of(const Point& point) { return point.time; }

// `T` has its place in time: place_of().
template <class T>
class Line {
 public:
  std::size_t size() const { return all_.size() - begin_; }
  bool empty() const { return size() == 0; }
  T& operator[](std::size_t i) { return all_[begin_ + i]; }
  const T& operator[](std::size_t i) const { return all_[begin_ + i]; }
  T& front() { return all_[begin_]; }
  const T& front() const { return all_[begin_]; }
  const T& back() const { return all_.back(); }
  auto begin() const { return at(0); }
  auto end() const { return all_.end(); }

  void push_back(const T& value) { all_.push_back(value); }
  void insert(std::size_t i, const T& value) { all_.insert(at(i), value); }
  void erase(std::size_t i) { all_.erase(at(i)); }
  // Amortised O(1): the front moves up when it is as long as the rest.
  void pop_front() {
    if (++begin_ * 2 < all_.size()) return;
    all_.erase(all_.begin(), at(0));
    begin_ = 0;
    if (all_.size() * 4 < all_.capacity()) all_.shrink_to_fit();
  }

  // O(log n).
  std::size_t first_after(Time time) const {
    const auto found =
        std::upper_bound(begin(), end(), time, [](Time t, const T& v) { return t < place_of(v); });
    return static_cast<std::size_t>(found - begin());
  }
  std::size_t first_from(Time time) const {
    const auto found =
        std::lower_bound(begin(), end(), time, [](const T& v, Time t) { return place_of(v) < t; });
    return static_cast<std::size_t>(found - begin());
  }

 private:
  auto at(std::size_t i) const { return all_.begin() + static_cast<std::ptrdiff_t>(begin_ + i); }

  std::vector<T> all_;
  std::size_t begin_ = 0;
};

}  // namespace vakt::correlate
