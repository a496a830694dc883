// Timeline: the events of a group that came out of order, and what of the condition holds when.
// Each operation costs O(log n), with a formula times its members; see Points for when it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "correlate/line.h"
#include "correlate/point_tree.h"
#include "correlate/settings.h"

namespace vakt::correlate {

// What the windows are that hold an event which came now.
struct Judged {
  std::uint64_t peak = 0;      // the largest count of one
  std::optional<Point> first;  // the first event at which the condition holds
  std::vector<Point> held;     // with Settings::chained: at which it holds now, not before
};

class Timeline {
 public:
  using Entry = std::tuple<std::uint64_t, Time, std::uint64_t>;  // value and key

  // Of points in order; O(n), with values O(n log n).
  Timeline(const Settings& settings, const Line<Point>& points);

  // Conditions judged at once.
  Judged insert(const Settings& settings, const Point& point);
  // What is judged at another time.
  void add(const Settings& settings, const Point& point);
  // Of the window that ends at `now`, with all events of that moment.
  std::uint64_t count(const Settings& settings, Time now) const;
  bool holds(const Settings& settings, Time now) const;

  // Marks as held the point and those of its time before it.
  void hold(const Placed& last, std::vector<Point>& held);
  void pop_front(const Settings& settings);

  const PointTree& points() const { return tree_; }
  std::size_t bytes() const;

 private:
  // Where the condition holds, with the event that came.
  struct Stretch {
    Key from;
    Key end;
    std::int32_t level = 1;  // the least that holds there
  };
  struct Place {
    Key key;
    std::optional<Key> same_before;  // the nearest events of its value
    std::optional<Key> same_after;
  };
  Timeline(const Settings& settings, const Line<Point>& points, const std::vector<Entry>& entries);
  Place place(const Settings& settings, const Point& point);
  Key place_with_levels(const Settings& settings, const Point& point);
  std::uint64_t count_before(const Settings& settings, Key end, Time now) const;
  std::optional<Key> latest(std::uint64_t value, Key before) const;
  std::optional<Key> earliest(std::uint64_t value, Key from) const;
  std::vector<Stretch> stretches(const Settings& settings, Key key, std::uint64_t member) const;
  std::vector<Stretch> sequence_stretches(const Settings& settings, Key key,
                                          std::uint64_t member) const;
  std::vector<Stretch> formula_stretches(const Settings& settings, Key key) const;
  bool in_sequence(const Settings& settings, Time now) const;

  PointTree tree_;
  std::set<Entry> by_value_;  // where values or members are counted
  std::uint64_t arrivals_ = 0;
};

}  // namespace vakt::correlate
