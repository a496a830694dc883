#include "correlate/timeline.h"

#include <algorithm>

namespace vakt::correlate {
namespace {

Key after(Key key) { return {key.time, key.arrival + 1}; }

// The first that is behind every window with an event of that time.
Key window_end(const Settings& settings, Time time) { return {time + settings.window, 0}; }

// The order of the number of that rank, from 1, and the bound.
int order_of(const NumbersBelow& b, std::uint64_t rank) {
  return b.below >= rank ? -1 : b.below + b.at >= rank ? 0 : 1;
}

int order_of(const Settings& settings, const Totals& totals, const NumbersBelow& b,
             std::int64_t bound) {
  const std::uint64_t lower = rank(settings, totals.count);
  const int order = order_of(b, lower);
  if (settings.measure != Measure::median || totals.count % 2 == 1) return order;
  const int upper = order_of(b, lower + 1);
  if (order < 0 && upper > 0)
    return correlate::order({Int128{b.greatest_below} + b.smallest_above, 2}, bound);
  return order != 0 ? order : upper;
}

void members_of(const rule::Expr& formula, std::vector<std::uint64_t>& out) {
  if (formula.kind == rule::Expr::Kind::detection) out.push_back(formula.detection);
  for (const rule::Expr& child : formula.children) members_of(child, out);
}

// As place_with_levels() would have made them one by one.
std::vector<Standing> standings(const Settings& settings, const Line<Point>& points,
                                const std::vector<Timeline::Entry>& entries) {
  std::vector<Standing> out(points.size());
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const auto& [value_before, before, arrival_before] = entries[i - 1];
    const auto& [value, time, arrival] = entries[i];
    if (value != value_before || time - before >= settings.window) continue;
    out[arrival_before].ends_run = false;
    out[arrival].begins_run = false;
  }
  if (settings.when_final) return out;
  std::int32_t level = 0;
  for (std::size_t i = 0, gone = 0; i < points.size(); ++i) {
    level += out[i].begins_run;
    for (; points[gone].time <= points[i].time - settings.window; ++gone)
      level -= out[gone].ends_run;
    out[i].level = level;
  }
  return out;
}

// By value, then in order; none where values are not counted.
std::vector<Timeline::Entry> entries_of(const Settings& settings, const Line<Point>& points) {
  std::vector<Timeline::Entry> out;
  if (!counts_values(settings.measure)) return out;
  out.reserve(points.size());
  for (std::size_t i = 0; i < points.size(); ++i)
    out.emplace_back(points[i].value, points[i].time, i);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Timeline::Timeline(const Settings& settings, const Line<Point>& points)
    : Timeline(settings, points, entries_of(settings, points)) {}

Timeline::Timeline(const Settings& settings, const Line<Point>& points,
                   const std::vector<Entry>& entries)
    : tree_(settings, points, standings(settings, points, entries)),
      by_value_(entries.begin(), entries.end()),
      arrivals_(points.size()) {}

std::optional<Key> Timeline::latest(std::uint64_t value, Key before) const {
  auto at = by_value_.lower_bound({value, before.time, before.arrival});
  if (at == by_value_.begin()) return std::nullopt;
  const auto& [found, time, arrival] = *--at;
  if (found != value) return std::nullopt;
  return Key{time, arrival};
}

std::optional<Key> Timeline::earliest(std::uint64_t value, Key from) const {
  const auto at = by_value_.lower_bound({value, from.time, from.arrival});
  if (at == by_value_.end() || std::get<0>(*at) != value) return std::nullopt;
  return Key{std::get<1>(*at), std::get<2>(*at)};
}

Timeline::Place Timeline::place(const Settings& settings, const Point& point) {
  Place out;
  out.key = {point.time, arrivals_++};
  bool begins = true;
  bool ends = true;
  if (counts_values(settings.measure)) {
    out.same_before = latest(point.value, out.key);
    out.same_after = earliest(point.value, out.key);
    begins = !out.same_before || point.time - out.same_before->time >= settings.window;
    ends = !out.same_after || out.same_after->time - point.time >= settings.window;
    if (!begins) tree_.set_ends_run(*out.same_before, false);
    if (!ends) tree_.set_begins_run(*out.same_after, false);
    by_value_.emplace(point.value, point.time, out.key.arrival);
  }
  tree_.insert(out.key, point, begins, ends);
  return out;
}

// Of the window that ends at `now` and holds what is before `end`.
std::uint64_t Timeline::count_before(const Settings& settings, Key end, Time now) const {
  return tree_.runs_begun_before(end) - tree_.runs_ended_before({now - settings.window, kLast});
}

std::uint64_t Timeline::count(const Settings& settings, Time now) const {
  return count_before(settings, {now, kLast}, now);
}

void Timeline::add(const Settings& settings, const Point& point) {
  if (settings.when_final)
    place(settings, point);
  else
    place_with_levels(settings, point);
}

// A level is the count of the window that ends at the point. The new one counts in the windows that
// reach it, unless they have another event of its value.
Key Timeline::place_with_levels(const Settings& settings, const Point& point) {
  const Place at = place(settings, point);
  const Key end = window_end(settings, point.time);
  Key from = after(at.key);
  tree_.raise(at.key, from, static_cast<std::int32_t>(count_before(settings, from, point.time)));
  if (at.same_before) from = std::max(from, window_end(settings, at.same_before->time));
  tree_.raise(from, at.same_after ? std::min(*at.same_after, end) : end, 1);
  return at.key;
}

Judged Timeline::insert(const Settings& settings, const Point& point) {
  const Key key = place_with_levels(settings, point);
  Judged out;
  out.peak = static_cast<std::uint64_t>(tree_.highest(key, window_end(settings, point.time)));
  for (const Stretch& s : stretches(settings, key, point.value)) {
    if (!out.first)
      if (const auto first = tree_.first_at_level(s.from, s.end, s.level, false))
        out.first = first->point;
    if (!settings.chained) continue;
    while (const auto open = tree_.first_at_level(s.from, s.end, s.level, true))
      hold(*open, out.held);
  }
  return out;
}

std::vector<Timeline::Stretch> Timeline::stretches(const Settings& settings, Key key,
                                                   std::uint64_t member) const {
  if (settings.measure == Measure::sequence) return sequence_stretches(settings, key, member);
  if (settings.formula != nullptr) return formula_stretches(settings, key);
  return {{key, window_end(settings, key.time), static_cast<std::int32_t>(settings.threshold)}};
}

// The window that ends at the event; and, with it in its place of the sequence, from the earliest
// end to the window of the latest start.
std::vector<Timeline::Stretch> Timeline::sequence_stretches(const Settings& settings, Key key,
                                                            std::uint64_t member) const {
  std::vector<Stretch> out;
  if (in_sequence(settings, key.time)) out.push_back({key, after(key)});
  const auto& sequence = settings.sequence;
  const auto place = std::find(sequence.begin(), sequence.end(), member);
  if (place == sequence.end()) return out;
  Time start = key.time;
  for (auto m = place; m != sequence.begin();) {
    const auto before = latest(*--m, {start, kLast});
    if (!before) return out;
    start = before->time;
  }
  Key last = key;
  Time time = key.time;
  for (auto m = place + 1; m != sequence.end(); ++m) {
    const auto next = earliest(*m, {time, 0});
    if (!next) return out;
    time = next->time;
    last = std::max(last, *next);
  }
  const Key end = window_end(settings, start);
  if (last < end) out.push_back({last, end});
  return out;
}

// Within a window's length after the event, a member is lost and comes at most once each.
std::vector<Timeline::Stretch> Timeline::formula_stretches(const Settings& settings,
                                                           Key key) const {
  struct Presence {
    std::uint64_t member = 0;
    Key until;                // by its event before
    std::optional<Key> from;  // its event after
  };
  const Key end = window_end(settings, key.time);
  std::vector<std::uint64_t> members;
  members_of(*settings.formula, members);
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  std::vector<Presence> presences;
  std::vector<Key> changes = {key};
  for (const std::uint64_t member : members) {
    const auto before = latest(member, after(key));
    Presence p{member, before ? window_end(settings, before->time) : Key{kTimeMin, 0},
               earliest(member, after(key))};
    for (const Key change : {p.until, p.from.value_or(end)})
      if (change > key && change < end) changes.push_back(change);
    presences.push_back(p);
  }
  std::sort(changes.begin(), changes.end());
  changes.push_back(end);
  std::vector<Stretch> out;
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
    const auto has = [&](std::uint64_t member) {
      const auto p = std::lower_bound(
          presences.begin(), presences.end(), member,
          [](const Presence& presence, std::uint64_t m) { return presence.member < m; });
      return changes[i] < p->until || (p->from && *p->from <= changes[i]);
    };
    if (formula_holds(*settings.formula, has)) out.push_back({changes[i], changes[i + 1]});
  }
  return out;
}

bool Timeline::in_sequence(const Settings& settings, Time now) const {
  Time time = now;
  for (auto m = settings.sequence.rbegin(); m != settings.sequence.rend(); ++m) {
    const auto found = latest(*m, {time, kLast});
    if (!found || found->time <= now - settings.window) return false;
    time = found->time;
  }
  return true;
}

bool Timeline::holds(const Settings& settings, Time now) const {
  if (settings.measure == Measure::sequence && !in_sequence(settings, now)) return false;
  const Key end = {now, kLast};
  if (settings.formula != nullptr)
    return formula_holds(*settings.formula, [&](std::uint64_t member) {
      const auto found = latest(member, end);
      return found && found->time > now - settings.window;
    });
  if (!has_numbers(settings.measure)) {
    const Fraction measure{kOne * count(settings, now), 1};
    return comparisons_hold(settings, [&](const auto& c) { return order(measure, c.micros); });
  }
  const Totals totals = tree_.totals({now - settings.window, kLast}, end);
  const Fraction measure{totals.sum, settings.measure == Measure::sum ? 1 : totals.count};
  return comparisons_hold(settings, [&](const rule::Comparison& c) {
    if (!orders_numbers(settings.measure)) return order(measure, c.micros);
    const auto bound = static_cast<std::size_t>(&c - settings.comparisons.data());
    return order_of(settings, totals, totals.bounds[bound], c.micros);
  });
}

void Timeline::hold(const Placed& last, std::vector<Point>& held) {
  for (std::optional<Placed> at = last; at && at->key.time == last.key.time && !at->point.held;
       at = tree_.last_before(at->key)) {
    tree_.set_held(at->key);
    at->point.held = true;
    held.push_back(at->point);
  }
}

// The first of a run hands its part on to the next of its value.
void Timeline::pop_front(const Settings& settings) {
  const Placed front = *tree_.first_from({kTimeMin, 0});
  Key end = window_end(settings, front.key.time);
  if (counts_values(settings.measure)) {
    by_value_.erase({front.point.value, front.key.time, front.key.arrival});
    const auto next = earliest(front.point.value, front.key);
    if (next && *next < end) {
      tree_.set_begins_run(*next, true);
      end = *next;
    }
  }
  if (!settings.when_final) tree_.raise(after(front.key), end, -1);
  tree_.pop_front();
}

std::size_t Timeline::bytes() const {
  constexpr std::size_t kEntryBytes = sizeof(Entry) + 40;
  return tree_.bytes() + by_value_.size() * kEntryBytes;
}

}  // namespace vakt::correlate
