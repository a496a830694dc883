// PointTree: points in order of time, each with a level that can be raised over a stretch of time.
// Everything costs O(log n), whatever the order in which points come.
//
// A weight-balanced tree in an array (Adams 1992; bounds 3 and 2 of Hirai and Yamamoto 2011): its
// shape depends on the order of the keys alone, so no choice of times makes it deep. One thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "correlate/condition.h"
#include "correlate/line.h"
#include "correlate/settings.h"

namespace vakt::correlate {

// Where a point stands: by time, then by arrival.
struct Key {
  Time time;
  std::uint64_t arrival = 0;

  auto operator<=>(const Key&) const = default;
};

// After everything of a time.
inline constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

struct Placed {
  Key key;
  Point point;
};

// What is known of the numbers of a stretch (Settings has_numbers()).
struct NumbersBelow {  // of one bound of Settings::comparisons
  std::uint32_t below = 0;
  std::uint32_t at = 0;
  std::int64_t greatest_below = std::numeric_limits<std::int64_t>::min();
  std::int64_t smallest_above = std::numeric_limits<std::int64_t>::max();
};
struct Totals {
  std::uint64_t count = 0;
  Int128 sum = 0;
  std::vector<NumbersBelow> bounds;  // by comparison; where numbers are ordered by size
};

// What a point is, in the order of them. A run is a stretch of points with the same value of which
// each is less than a window after the one before: what counts once in each window that it reaches.
struct Standing {
  bool begins_run = true;
  bool ends_run = true;
  std::int32_t level = 0;
};

class PointTree {
 public:
  // Of points in order, which arrived as 0, 1, …, and their standings. O(n).
  PointTree(const Settings& settings, const Line<Point>& points,
            const std::vector<Standing>& standings);

  std::size_t size() const { return root_ == 0 ? 0 : nodes_[root_].size; }
  std::size_t bytes() const;

  void insert(Key key, const Point& point, bool begins_run, bool ends_run);
  void pop_front();
  void set_begins_run(Key key, bool begins);
  void set_ends_run(Key key, bool ends);
  void set_held(Key key);

  std::optional<Placed> first_from(Key key) const;   // at `key` or after it
  std::optional<Placed> last_before(Key key) const;  // before `key`
  std::size_t before(Key key) const;                 // points before `key`
  std::uint32_t runs_begun_before(Key key) const;
  std::uint32_t runs_ended_before(Key key) const;
  Totals totals(Key from, Key end) const;

  // Levels of the points in [from, end); 0 at insertion.
  void raise(Key from, Key end, std::int32_t by);
  std::int32_t highest(Key from, Key end);
  // The first in [from, end) with a level of at least `level`; with `open` only of those not held.
  std::optional<Placed> first_at_level(Key from, Key end, std::int32_t level, bool open);

  // Those at `from` or after it, in order, until `do_each` returns false.
  template <class Each>
  bool each(Key from, const Each& do_each) const {
    return each(root_, from, do_each);
  }

 private:
  using Index = std::uint32_t;  // 0: none

  static constexpr std::int32_t kNoLevel = std::numeric_limits<std::int32_t>::min() / 2;

  struct Node {
    Point point;
    std::uint64_t arrival = 0;
    Index left = 0;
    Index right = 0;
    std::uint32_t size = 0;   // of the subtree, as those below
    std::uint32_t begun = 0;  // runs
    std::uint32_t ended = 0;  // runs
    std::int32_t level = 0;   // of this point, without the `raised` of those above
    std::int32_t raised = 0;  // still to be handed to the children
    std::int32_t highest = kNoLevel;
    std::int32_t highest_open = kNoLevel;  // of those not held
    bool begins_run = false;
    bool ends_run = false;
  };

  Key key_of(Index i) const { return {nodes_[i].point.time, nodes_[i].arrival}; }
  Index build(Index from, Index end);
  Index new_node();
  void raise_all(Index i, std::int32_t by);
  void hand_down(Index i);
  void sum_up(Index i);
  Index balance(Index i);
  Index rotate_left(Index i);
  Index rotate_right(Index i);
  Index insert(Index at, Index node);
  Index pop_front(Index at, Index& popped);
  void raise(Index at, const Key* from, const Key* end, std::int32_t by);
  std::int32_t highest(Index at, const Key* from, const Key* end);
  Index find(Index at, const Key& from, const Key& end, std::int32_t level, bool open);
  void total(Index at, const Key* from, const Key* end, Totals& out) const;
  void add_numbers(Index i, bool subtree, Totals& out) const;
  template <class Change>
  void change(Index at, Key key, const Change& do_change);
  template <class Count>
  std::uint32_t count_before(Key key, const Count& count) const;
  Placed placed(Index i) const { return {key_of(i), nodes_[i].point}; }

  template <class Each>
  bool each(Index at, Key from, const Each& do_each) const {
    if (at == 0) return true;
    const bool here = key_of(at) >= from;
    if (here && !(each(nodes_[at].left, from, do_each) && do_each(nodes_[at].point))) return false;
    return each(nodes_[at].right, from, do_each);
  }

  bool numbers_ = false;
  std::vector<std::int64_t> bounds_;
  std::vector<Node> nodes_;          // [0] is none
  std::vector<Int128> sums_;         // by node, with numbers_: of the subtree
  std::vector<NumbersBelow> below_;  // bounds_.size() a node: of the subtree
  std::vector<Index> unused_;
  Index root_ = 0;
};

}  // namespace vakt::correlate
