// Window: the events of (t - W, t], and what is measured of them. Events enter in order of time and
// leave in order of time. A step costs O(1), with numbers ordered by size O(log n).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "correlate/settings.h"

namespace vakt::correlate {

class Numbers;

class Window {
 public:
  Window();
  ~Window();
  Window(Window&&) noexcept;
  Window& operator=(Window&&) noexcept;

  void enter(const Settings& settings, const Point& point);
  void leave(const Settings& settings, const Point& point);

  // Events, or different values or members: what Episode::peak is the largest of.
  std::uint64_t count() const { return values_.empty() ? events_ : values_.size(); }
  // Does the condition hold? `now`: the time of its last event.
  bool holds(const Settings& settings, Time now) const;
  std::size_t bytes() const;

 private:
  struct Link {  // of Settings::sequence
    Time start;  // latest start of the members up to this one in order; kTimeMin: none
    Time last;   // its latest event
  };
  void enter_sequence(const Settings& settings, const Point& point);
  bool in_sequence(const Settings& settings, Time now) const;

  std::uint64_t events_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> values_;  // value or member -> events
  std::vector<Link> links_;
  std::unique_ptr<Numbers> numbers_;
};

}  // namespace vakt::correlate
