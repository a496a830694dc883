#include "correlate/point_tree.h"

#include <algorithm>

#include "base/check.h"

namespace vakt::correlate {
namespace {

void add(NumbersBelow& into, const NumbersBelow& other) {
  into.below += other.below;
  into.at += other.at;
  into.greatest_below = std::max(into.greatest_below, other.greatest_below);
  into.smallest_above = std::min(into.smallest_above, other.smallest_above);
}

NumbersBelow compare(std::int64_t number, std::int64_t bound) {
  NumbersBelow out;
  out.below = number < bound;
  out.at = number == bound;
  if (number < bound) out.greatest_below = number;
  if (number > bound) out.smallest_above = number;
  return out;
}

std::int64_t number_of(const Point& point) { return static_cast<std::int64_t>(point.value); }

}  // namespace

PointTree::PointTree(const Settings& settings, const Line<Point>& points,
                     const std::vector<Standing>& standings)
    : numbers_(has_numbers(settings.measure)), nodes_(points.size() + 1) {
  if (orders_numbers(settings.measure))
    for (const rule::Comparison& c : settings.comparisons) bounds_.push_back(c.micros);
  if (numbers_) sums_.resize(nodes_.size());
  below_.resize(nodes_.size() * bounds_.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    Node& node = nodes_[i + 1];
    node.point = points[i];
    node.arrival = i;
    node.begins_run = standings[i].begins_run;
    node.ends_run = standings[i].ends_run;
    node.level = standings[i].level;
  }
  root_ = build(1, static_cast<Index>(nodes_.size()));
}

// Of the nodes [from, end), which stand in order: as level as can be.
PointTree::Index PointTree::build(Index from, Index end) {
  if (from == end) return 0;
  const Index middle = from + (end - from) / 2;
  nodes_[middle].left = build(from, middle);
  nodes_[middle].right = build(middle + 1, end);
  sum_up(middle);
  return middle;
}

std::size_t PointTree::bytes() const {
  const std::size_t numbers =
      (numbers_ ? sizeof(Int128) : 0) + bounds_.size() * sizeof(NumbersBelow);
  return size() * (sizeof(Node) + numbers);
}

PointTree::Index PointTree::new_node() {
  if (!unused_.empty()) {
    const Index node = unused_.back();
    unused_.pop_back();
    nodes_[node] = Node{};
    return node;
  }
  const auto node = static_cast<Index>(nodes_.size());
  nodes_.emplace_back();
  if (numbers_) sums_.emplace_back();
  below_.resize(below_.size() + bounds_.size());
  return node;
}

void PointTree::raise_all(Index i, std::int32_t by) {
  if (i == 0) return;
  Node& node = nodes_[i];
  node.level += by;
  node.raised += by;
  node.highest += by;
  node.highest_open += by;
}

void PointTree::hand_down(Index i) {
  Node& node = nodes_[i];
  if (node.raised == 0) return;
  raise_all(node.left, node.raised);
  raise_all(node.right, node.raised);
  node.raised = 0;
}

// From its children; what they hold of its own `raised` was handed down.
void PointTree::sum_up(Index i) {
  Node& node = nodes_[i];
  const Node& left = nodes_[node.left];
  const Node& right = nodes_[node.right];
  node.size = left.size + right.size + 1;
  node.begun = left.begun + right.begun + (node.begins_run ? 1 : 0);
  node.ended = left.ended + right.ended + (node.ends_run ? 1 : 0);
  node.highest = std::max({left.highest, node.level, right.highest});
  node.highest_open =
      std::max({left.highest_open, node.point.held ? kNoLevel : node.level, right.highest_open});
  if (!numbers_) return;
  sums_[i] = sums_[node.left] + number_of(node.point) + sums_[node.right];
  for (std::size_t b = 0; b < bounds_.size(); ++b) {
    NumbersBelow out = compare(number_of(node.point), bounds_[b]);
    for (const Index child : {node.left, node.right})
      if (child != 0) add(out, below_[child * bounds_.size() + b]);
    below_[i * bounds_.size() + b] = out;
  }
}

PointTree::Index PointTree::rotate_left(Index i) {
  const Index right = nodes_[i].right;
  hand_down(right);
  nodes_[i].right = nodes_[right].left;
  nodes_[right].left = i;
  sum_up(i);
  sum_up(right);
  return right;
}

PointTree::Index PointTree::rotate_right(Index i) {
  const Index left = nodes_[i].left;
  hand_down(left);
  nodes_[i].left = nodes_[left].right;
  nodes_[left].right = i;
  sum_up(i);
  sum_up(left);
  return left;
}

PointTree::Index PointTree::balance(Index i) {
  const auto weight = [this](Index n) { return nodes_[n].size + 1; };
  const Index left = nodes_[i].left;
  const Index right = nodes_[i].right;
  if (weight(right) > 3 * weight(left)) {
    hand_down(right);
    if (weight(nodes_[right].left) >= 2 * weight(nodes_[right].right))
      nodes_[i].right = rotate_right(right);
    return rotate_left(i);
  }
  if (weight(left) > 3 * weight(right)) {
    hand_down(left);
    if (weight(nodes_[left].right) >= 2 * weight(nodes_[left].left))
      nodes_[i].left = rotate_left(left);
    return rotate_right(i);
  }
  sum_up(i);
  return i;
}

void PointTree::insert(Key key, const Point& point, bool begins_run, bool ends_run) {
  const Index i = new_node();
  Node& node = nodes_[i];
  node.point = point;
  node.arrival = key.arrival;
  node.begins_run = begins_run;
  node.ends_run = ends_run;
  sum_up(i);
  root_ = insert(root_, i);
}

PointTree::Index PointTree::insert(Index at, Index node) {
  if (at == 0) return node;
  hand_down(at);
  if (key_of(node) < key_of(at))
    nodes_[at].left = insert(nodes_[at].left, node);
  else
    nodes_[at].right = insert(nodes_[at].right, node);
  return balance(at);
}

void PointTree::pop_front() {
  Index popped = 0;
  root_ = pop_front(root_, popped);
  unused_.push_back(popped);
  constexpr std::size_t kRoomy = 256;
  if (nodes_.size() <= kRoomy || size() * 4 > nodes_.size()) return;
  // Memory of what is gone is given back.
  std::vector<Node> nodes(1);
  std::vector<Int128> sums(sums_.begin(), sums_.begin() + (numbers_ ? 1 : 0));
  std::vector<NumbersBelow> below(bounds_.size());
  const auto copy = [&](const auto& self, Index at) -> Index {
    if (at == 0) return 0;
    const auto i = static_cast<Index>(nodes.size());
    nodes.push_back(nodes_[at]);
    if (numbers_) sums.push_back(sums_[at]);
    for (std::size_t b = 0; b < bounds_.size(); ++b)
      below.push_back(below_[at * bounds_.size() + b]);
    const Index left = self(self, nodes_[at].left);  // the array may move
    const Index right = self(self, nodes_[at].right);
    nodes[i].left = left;
    nodes[i].right = right;
    return i;
  };
  root_ = copy(copy, root_);
  nodes_ = std::move(nodes);
  sums_ = std::move(sums);
  below_ = std::move(below);
  unused_ = {};
}

PointTree::Index PointTree::pop_front(Index at, Index& popped) {
  hand_down(at);
  if (nodes_[at].left == 0) {
    popped = at;
    return nodes_[at].right;
  }
  nodes_[at].left = pop_front(nodes_[at].left, popped);
  return balance(at);
}

template <class Change>
void PointTree::change(Index at, Key key, const Change& do_change) {
  check(at != 0, "a point of the tree");
  hand_down(at);
  if (key < key_of(at))
    change(nodes_[at].left, key, do_change);
  else if (key_of(at) < key)
    change(nodes_[at].right, key, do_change);
  else
    do_change(nodes_[at]);
  sum_up(at);
}

void PointTree::set_begins_run(Key key, bool begins) {
  change(root_, key, [&](Node& node) { node.begins_run = begins; });
}

void PointTree::set_ends_run(Key key, bool ends) {
  change(root_, key, [&](Node& node) { node.ends_run = ends; });
}

void PointTree::set_held(Key key) {
  change(root_, key, [](Node& node) { node.point.held = true; });
}

std::optional<Placed> PointTree::first_from(Key key) const {
  Index found = 0;
  for (Index at = root_; at != 0;) {
    const bool here = key_of(at) >= key;
    if (here) found = at;
    at = here ? nodes_[at].left : nodes_[at].right;
  }
  if (found == 0) return std::nullopt;
  return placed(found);
}

std::optional<Placed> PointTree::last_before(Key key) const {
  Index found = 0;
  for (Index at = root_; at != 0;) {
    const bool here = key_of(at) < key;
    if (here) found = at;
    at = here ? nodes_[at].right : nodes_[at].left;
  }
  if (found == 0) return std::nullopt;
  return placed(found);
}

// `count(node, subtree)`: of the node alone, or of everything under it.
template <class Count>
std::uint32_t PointTree::count_before(Key key, const Count& count) const {
  std::uint32_t out = 0;
  for (Index at = root_; at != 0;) {
    const Node& node = nodes_[at];
    const bool before = key_of(at) < key;
    if (before) out += count(node, false) + count(nodes_[node.left], true);
    at = before ? node.right : node.left;
  }
  return out;
}

std::size_t PointTree::before(Key key) const {
  return count_before(key, [](const Node& n, bool subtree) { return subtree ? n.size : 1; });
}

std::uint32_t PointTree::runs_begun_before(Key key) const {
  return count_before(key, [](const Node& n, bool subtree) -> std::uint32_t {
    return subtree ? n.begun : n.begins_run;
  });
}

std::uint32_t PointTree::runs_ended_before(Key key) const {
  return count_before(key, [](const Node& n, bool subtree) -> std::uint32_t {
    return subtree ? n.ended : n.ends_run;
  });
}

// A null bound: all of the subtree is on the right side of it.
void PointTree::raise(Index at, const Key* from, const Key* end, std::int32_t by) {
  if (at == 0) return;
  if (from == nullptr && end == nullptr) return raise_all(at, by);
  const Key key = key_of(at);
  hand_down(at);
  if (from != nullptr && key < *from) {
    raise(nodes_[at].right, from, end, by);
  } else if (end != nullptr && key >= *end) {
    raise(nodes_[at].left, from, end, by);
  } else {
    nodes_[at].level += by;
    raise(nodes_[at].left, from, nullptr, by);
    raise(nodes_[at].right, nullptr, end, by);
  }
  sum_up(at);
}

void PointTree::raise(Key from, Key end, std::int32_t by) {
  if (from < end) raise(root_, &from, &end, by);
}

std::int32_t PointTree::highest(Index at, const Key* from, const Key* end) {
  if (at == 0) return kNoLevel;
  if (from == nullptr && end == nullptr) return nodes_[at].highest;
  const Key key = key_of(at);
  hand_down(at);
  if (from != nullptr && key < *from) return highest(nodes_[at].right, from, end);
  if (end != nullptr && key >= *end) return highest(nodes_[at].left, from, end);
  return std::max({highest(nodes_[at].left, from, nullptr), nodes_[at].level,
                   highest(nodes_[at].right, nullptr, end)});
}

std::int32_t PointTree::highest(Key from, Key end) { return highest(root_, &from, &end); }

PointTree::Index PointTree::find(Index at, const Key& from, const Key& end, std::int32_t level,
                                 bool open) {
  if (at == 0 || (open ? nodes_[at].highest_open : nodes_[at].highest) < level) return 0;
  hand_down(at);
  const Key key = key_of(at);
  if (key < from) return find(nodes_[at].right, from, end, level, open);
  if (const Index left = find(nodes_[at].left, from, end, level, open); left != 0) return left;
  if (key >= end) return 0;
  if (nodes_[at].level >= level && !(open && nodes_[at].point.held)) return at;
  return find(nodes_[at].right, from, end, level, open);
}

std::optional<Placed> PointTree::first_at_level(Key from, Key end, std::int32_t level, bool open) {
  const Index found = find(root_, from, end, level, open);
  if (found == 0) return std::nullopt;
  return placed(found);
}

void PointTree::add_numbers(Index i, bool subtree, Totals& out) const {
  out.count += subtree ? nodes_[i].size : 1;
  if (!numbers_) return;
  const std::int64_t number = number_of(nodes_[i].point);
  out.sum += subtree ? sums_[i] : Int128{number};
  for (std::size_t b = 0; b < bounds_.size(); ++b)
    add(out.bounds[b], subtree ? below_[i * bounds_.size() + b] : compare(number, bounds_[b]));
}

void PointTree::total(Index at, const Key* from, const Key* end, Totals& out) const {
  if (at == 0) return;
  if (from == nullptr && end == nullptr) return add_numbers(at, true, out);
  const Key key = key_of(at);
  if (from != nullptr && key < *from) return total(nodes_[at].right, from, end, out);
  if (end != nullptr && key >= *end) return total(nodes_[at].left, from, end, out);
  add_numbers(at, false, out);
  total(nodes_[at].left, from, nullptr, out);
  total(nodes_[at].right, nullptr, end, out);
}

Totals PointTree::totals(Key from, Key end) const {
  Totals out;
  out.bounds.resize(bounds_.size());
  total(root_, &from, &end, out);
  return out;
}

}  // namespace vakt::correlate
