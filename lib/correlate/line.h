// Line: points in order, taken from the front, mostly added at the end. One allocation, and for a
// single point no more than it needs: most groups of a flood have one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "correlate/settings.h"

namespace vakt::correlate {

class Line {
 public:
  std::size_t size() const { return points_.size() - begin_; }
  bool empty() const { return size() == 0; }
  Point& operator[](std::size_t i) { return points_[begin_ + i]; }
  const Point& operator[](std::size_t i) const { return points_[begin_ + i]; }
  const Point& back() const { return points_.back(); }

  void push_back(const Point& point) { points_.push_back(point); }
  void insert(std::size_t i, const Point& point) {
    points_.insert(points_.begin() + static_cast<std::ptrdiff_t>(begin_ + i), point);
  }
  // Amortised O(1): the front moves up when it is as long as the rest.
  void pop_front() {
    if (++begin_ * 2 < points_.size()) return;
    points_.erase(points_.begin(), points_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
    if (points_.size() * 4 < points_.capacity()) points_.shrink_to_fit();
  }

  // The first after `time`.
  std::size_t first_after(Time time) const {
    const auto begin = points_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto at = std::upper_bound(begin, points_.end(), time,
                                     [](Time t, const Point& p) { return t < p.time; });
    return static_cast<std::size_t>(at - begin);
  }
  std::size_t bytes() const { return points_.capacity() * sizeof(Point); }

 private:
  std::vector<Point> points_;
  std::size_t begin_ = 0;
};

}  // namespace vakt::correlate
