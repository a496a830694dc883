#include "correlate/group.h"

#include <algorithm>

#include "base/check.h"

namespace vakt::correlate {
namespace {

Hash128 add(Hash128 a, Hash128 b) {
  const std::uint64_t low = a.low + b.low;
  return {a.high + b.high + (low < a.low ? 1 : 0), low};
}

// Widens `into` to hold `other` too (counts of windows are evaluated by the caller).
void absorb(Episode& into, const Episode& other) {
  into.first = std::min(into.first, other.first);
  into.last = std::max(into.last, other.last);
  into.events += other.events;
  into.peak = std::max(into.peak, other.peak);
  into.digest = add(into.digest, other.digest);
  if (!into.crossing) into.crossing = other.crossing;
  if (!into.incident) into.incident = other.incident;
}

}  // namespace

Change Group::insert(const Settings& settings, const Point& point, Hash128 digest,
                     Duration episode_max) {
  Change change;
  change.episode = place_episode(settings, point.time, episode_max, change);
  Episode& episode = episodes_[change.episode];
  const std::optional<Crossing> crossing_before =
      episode.events == 0 ? std::nullopt : episode.crossing;
  episode.first = episode.events == 0 ? point.time : std::min(episode.first, point.time);
  episode.last = episode.events == 0 ? point.time : std::max(episode.last, point.time);
  ++episode.events;
  episode.digest = add(episode.digest, digest);

  if (settings.when_final) {
    insert_unevaluated(settings, point, episode, change);
  } else if (points_.empty() || point.time >= points_.back().time) {
    append(settings, point);
    evaluate_last(settings, episode, change);
  } else {
    const std::size_t index = insert_behind(settings, point);
    evaluate_from(settings, index, episode, change);
  }
  // A further part of a long episode is over its threshold by definition.
  if (episode.continuation && !episode.crossing && !settings.when_final)
    episode.crossing = Crossing{point.time, point.sequence};
  change.crossed = episode.crossing && !episode.incident;
  change.crossing_moved =
      episode.incident && crossing_before && episode.crossing->time < crossing_before->time;
  return change;
}

// Among the evaluated points: the window of the last of them takes it in, or was begun after it.
std::size_t Group::insert_behind(const Settings& settings, const Point& point) {
  const std::size_t index = first_after(point.time);
  points_.insert(points_.begin() + static_cast<std::ptrdiff_t>(index), point);
  ++evaluated_;
  if (point.time <= points_[evaluated_ - 1].time - settings.window)
    ++window_begin_;
  else if (settings.measure == Measure::sequence)
    rebuild_window(settings);
  else
    window_.enter(settings, point);
  return index;
}

// One that comes behind what was evaluated is judged by itself, and belongs to the windows to come.
void Group::insert_unevaluated(const Settings& settings, const Point& point, Episode& episode,
                               Change& change) {
  const std::size_t place = first_after(point.time);
  if (place >= evaluated_) {
    points_.insert(points_.begin() + static_cast<std::ptrdiff_t>(place), point);
    return;
  }
  const std::size_t index = insert_behind(settings, point);
  Window window;
  for (std::size_t i = first_after(point.time - settings.window); i <= index; ++i)
    window.enter(settings, points_[i]);
  episode.peak = std::max(episode.peak, window.count());
  if (!window.holds(settings, point.time)) return;
  if (!episode.crossing) episode.crossing = Crossing{point.time, point.sequence};
  if (settings.chained) hold(index, change.held);
}

std::optional<Time> Group::not_evaluated() const {
  if (evaluated_ == points_.size()) return std::nullopt;
  return points_[evaluated_].time;
}

Advance Group::advance(const Settings& settings, Time watermark) {
  Advance out;
  while (evaluated_ < points_.size() && points_[evaluated_].time < watermark) {
    const Time now = points_[evaluated_].time;
    for (; evaluated_ < points_.size() && points_[evaluated_].time == now; ++evaluated_)
      window_.enter(settings, points_[evaluated_]);
    slide(settings, now);
    const std::size_t index = episode_at(now);
    Episode& episode = episodes_[index];
    episode.peak = std::max(episode.peak, window_.count());
    const bool continues =
        episode.continuation && index > 0 && episodes_[index - 1].crossing.has_value();
    const bool asked = settings.chained || (!episode.crossing && !continues);
    const bool holds = asked && window_.holds(settings, now);
    if (holds && settings.chained) hold(evaluated_ - 1, out.held);
    if (episode.crossing || !(holds || continues)) continue;
    const Point& point = points_[evaluated_ - 1];
    episode.crossing = Crossing{now, point.sequence};
    if (!episode.incident) out.reached.push_back({index, point});
  }
  return out;
}

// The condition holds at the point and at those before it of the same time.
void Group::hold(std::size_t index, std::vector<Point>& held) {
  const Time time = points_[index].time;
  for (std::size_t i = index + 1; i-- > 0 && points_[i].time == time;) {
    if (points_[i].held) continue;
    points_[i].held = true;
    held.push_back(points_[i]);
  }
}

// The one that holds `time`.
std::size_t Group::episode_at(Time time) const {
  const auto next = std::upper_bound(episodes_.begin(), episodes_.end(), time,
                                     [](Time t, const Episode& e) { return t < e.first; });
  check(next != episodes_.begin(), "every point is in an episode");
  return static_cast<std::size_t>(next - episodes_.begin()) - 1;
}

std::size_t Group::first_after(Time time) const {
  const auto at = std::upper_bound(points_.begin(), points_.end(), time,
                                   [](Time t, const Point& p) { return t < p.time; });
  return static_cast<std::size_t>(at - points_.begin());
}

// The episode the event belongs to: an existing one, a new one, or the two that it bridges made
// one.
std::size_t Group::place_episode(const Settings& settings, Time time, Duration episode_max,
                                 Change& change) {
  const auto next = std::upper_bound(episodes_.begin(), episodes_.end(), time,
                                     [](Time t, const Episode& e) { return t < e.first; });
  const auto next_index = static_cast<std::size_t>(next - episodes_.begin());
  const bool joins_previous =
      next_index > 0 && time - episodes_[next_index - 1].last < settings.window;
  const bool joins_next = next != episodes_.end() && next->first - time < settings.window;
  if (joins_previous && joins_next && !next->continuation) {
    change.absorbed = *next;
    Episode& previous = episodes_[next_index - 1];
    absorb(previous, *next);
    episodes_.erase(next);
    return next_index - 1;
  }
  if (joins_previous) {
    Episode& previous = episodes_[next_index - 1];
    // With when_final, whether it has an incident is not known yet.
    const bool too_long =
        (previous.incident || settings.when_final) && time - previous.first >= episode_max;
    if (!too_long || joins_next) return next_index - 1;
    Episode part;
    part.continuation = true;
    episodes_.insert(next, part);
    return next_index;
  }
  if (joins_next) return next_index;
  episodes_.insert(next, Episode{});
  return next_index;
}

void Group::evaluate_last(const Settings& settings, Episode& episode, Change& change) {
  const Point& point = points_.back();
  episode.peak = std::max(episode.peak, window_.count());
  if ((episode.crossing && !settings.chained) || !window_.holds(settings, point.time)) return;
  if (!episode.crossing) episode.crossing = Crossing{point.time, point.sequence};
  if (settings.chained) hold(points_.size() - 1, change.held);
}

// Re-evaluates the windows that hold the point at `index`, which was inserted before later ones.
void Group::evaluate_from(const Settings& settings, std::size_t index, Episode& episode,
                          Change& change) {
  const Time inserted = points_[index].time;
  std::size_t begin = first_after(inserted - settings.window);
  Window window;
  for (std::size_t i = begin; i < index; ++i) window.enter(settings, points_[i]);
  for (std::size_t i = index; i < points_.size(); ++i) {
    const Point& p = points_[i];
    if (p.time - inserted >= settings.window) break;
    window.enter(settings, p);
    for (; points_[begin].time <= p.time - settings.window; ++begin)
      window.leave(settings, points_[begin]);
    episode.peak = std::max(episode.peak, window.count());
    const bool earlier = !episode.crossing || p.time < episode.crossing->time;
    const bool asked = earlier || (settings.chained && !p.held);
    if (!asked || !window.holds(settings, p.time)) continue;
    if (earlier) episode.crossing = Crossing{p.time, p.sequence};
    if (settings.chained) hold(i, change.held);
  }
}

void Group::append(const Settings& settings, const Point& point) {
  points_.push_back(point);
  ++evaluated_;
  window_.enter(settings, point);
  slide(settings, point.time);
}

void Group::slide(const Settings& settings, Time now) {
  for (; points_[window_begin_].time <= now - settings.window; ++window_begin_)
    window_.leave(settings, points_[window_begin_]);
}

void Group::rebuild_window(const Settings& settings) {
  window_ = Window();
  if (evaluated_ == 0) return;
  window_begin_ = first_after(points_[evaluated_ - 1].time - settings.window);
  for (std::size_t i = window_begin_; i < evaluated_; ++i) window_.enter(settings, points_[i]);
}

void Group::forget(const Settings& settings, Time watermark) {
  if (points_.empty()) return;
  const Time oldest = std::min(watermark, points_.back().time) - settings.window;
  while (window_begin_ > 0 && points_.front().time <= oldest) {
    points_.pop_front();
    --window_begin_;
    --evaluated_;
  }
}

std::optional<Episode> Group::take_final(const Settings& settings, Time watermark) {
  if (episodes_.empty() || episodes_.front().last > watermark - settings.window)
    return std::nullopt;
  Episode episode = episodes_.front();
  episodes_.erase(episodes_.begin());
  return episode;
}

std::size_t Group::bytes() const {
  return sizeof(Group) + points_.size() * sizeof(Point) + window_.bytes() +
         episodes_.size() * sizeof(Episode);
}

void Group::encode(ByteWriter& out) const {
  out.varint(points_.size());
  for (const Point& p : points_) {
    out.svarint(to_ns(p.time));
    out.varint(p.sequence);
    out.varint(std::uint64_t{p.ordinal} * 2 + (p.held ? 1 : 0));
    out.be64(p.value);
  }
  out.varint(points_.size() - evaluated_);
  out.varint(episodes_.size());
  for (const Episode& e : episodes_) {
    out.svarint(to_ns(e.first));
    out.svarint(to_ns(e.last));
    out.varint(e.events);
    out.varint(e.peak);
    out.be64(e.digest.high);
    out.be64(e.digest.low);
    out.u8(static_cast<std::uint8_t>((e.crossing ? 1 : 0) | (e.incident ? 2 : 0) |
                                     (e.continuation ? 4 : 0)));
    if (e.crossing) {
      out.svarint(to_ns(e.crossing->time));
      out.varint(e.crossing->sequence);
    }
    if (e.incident) {
      out.be64(e.incident->high);
      out.be64(e.incident->low);
    }
  }
}

std::optional<Group> Group::decode(const Settings& settings, ByteReader& in, bool evaluated) {
  Group group;
  const std::uint64_t points = in.varint();
  for (std::uint64_t i = 0; i < points && in.ok(); ++i) {
    Point p;
    p.time = from_ns(in.svarint());
    p.sequence = in.varint();
    const std::uint64_t ordinal = in.varint();
    p.ordinal = static_cast<std::uint32_t>(evaluated ? ordinal / 2 : ordinal);
    p.held = evaluated && ordinal % 2 == 1;
    p.value = in.be64();
    group.points_.push_back(p);
  }
  const std::uint64_t not_evaluated = evaluated ? in.varint() : 0;
  if (not_evaluated > group.points_.size()) return std::nullopt;
  group.evaluated_ = group.points_.size() - not_evaluated;
  const std::uint64_t episodes = in.varint();
  for (std::uint64_t i = 0; i < episodes && in.ok(); ++i) {
    Episode e;
    e.first = from_ns(in.svarint());
    e.last = from_ns(in.svarint());
    e.events = in.varint();
    e.peak = in.varint();
    e.digest.high = in.be64();
    e.digest.low = in.be64();
    const std::uint8_t has = in.u8();
    e.continuation = (has & 4) != 0;
    if (has & 1) {
      const Time time = from_ns(in.svarint());
      e.crossing = Crossing{time, in.varint()};
    }
    if (has & 2) {
      const std::uint64_t high = in.be64();
      e.incident = Hash128{high, in.be64()};
    }
    group.episodes_.push_back(e);
  }
  if (!in.ok()) return std::nullopt;
  group.rebuild_window(settings);
  return group;
}

}  // namespace vakt::correlate
