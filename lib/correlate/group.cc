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
  into.approximate = into.approximate || other.approximate;
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

  // A further part of a long episode is over its threshold by definition.
  if (episode.continuation && !episode.crossing && !settings.when_final)
    episode.crossing = Crossing{point.time, point.sequence};
  Judged judged = points_.insert(settings, point);
  episode.approximate = episode.approximate || points_.estimated();
  // Not the event of an episode that is over, or of a later part.
  if (judged.first && judged.first->time > episode.last) judged.first.reset();
  episode.peak = std::max(episode.peak, judged.peak);
  const bool moves = !settings.when_final && judged.first && episode.crossing &&
                     judged.first->time < episode.crossing->time;
  if (judged.first && (!episode.crossing || moves))
    episode.crossing = Crossing{judged.first->time, judged.first->sequence};
  change.held = std::move(judged.held);
  change.crossed = episode.crossing && !episode.incident;
  change.crossing_moved =
      episode.incident && crossing_before && episode.crossing->time < crossing_before->time;
  return change;
}

Advance Group::advance(const Settings& settings, Time watermark) {
  Advance out;
  while (const auto moment = points_.evaluate(settings, watermark)) {
    const std::size_t index = episode_at(moment->time);
    Episode& episode = episodes_[index];
    episode.peak = std::max(episode.peak, moment->count);
    episode.approximate = episode.approximate || points_.estimated();
    const bool continues =
        episode.continuation && index > 0 && episodes_[index - 1].crossing.has_value();
    if (moment->holds && settings.chained) points_.hold(moment->time, out.held);
    if (episode.crossing || !(moment->holds || continues)) continue;
    episode.crossing = Crossing{moment->time, moment->last.sequence};
    if (!episode.incident) out.reached.push_back({index, moment->last});
  }
  return out;
}

// The one that holds `time`.
std::size_t Group::episode_at(Time time) const {
  const std::size_t next = episodes_.first_after(time);
  check(next != 0, "every point is in an episode");
  return next - 1;
}

// The episode the event belongs to: an existing one, a new one, or the two that it bridges made
// one.
std::size_t Group::place_episode(const Settings& settings, Time time, Duration episode_max,
                                 Change& change) {
  const std::size_t next = episodes_.first_after(time);
  const bool joins_previous = next > 0 && time - episodes_[next - 1].last < settings.window;
  const bool joins_next = next < episodes_.size() && episodes_[next].first - time < settings.window;
  if (joins_previous && joins_next && !episodes_[next].continuation) {
    change.absorbed = episodes_[next];
    absorb(episodes_[next - 1], episodes_[next]);
    episodes_.erase(next);
    return next - 1;
  }
  if (joins_previous) {
    const Episode& previous = episodes_[next - 1];
    // With when_final, whether it has an incident is not known yet.
    const bool too_long =
        (previous.incident || settings.when_final) && time - previous.first >= episode_max;
    if (!too_long || joins_next) return next - 1;
    Episode part;
    part.continuation = true;
    episodes_.insert(next, part);
    return next;
  }
  if (!joins_next) episodes_.insert(next, Episode{});
  return next;
}

std::optional<Episode> Group::take_final(const Settings& settings, Time watermark) {
  if (episodes_.empty() || episodes_.front().last > watermark - settings.window)
    return std::nullopt;
  Episode episode = episodes_.front();
  episodes_.pop_front();
  return episode;
}

std::size_t Group::bytes() const {
  return sizeof(Group) + points_.bytes() + episodes_.size() * sizeof(Episode);
}

void Group::encode(ByteWriter& out) const {
  points_.encode(out);
  out.varint(episodes_.size());
  for (const Episode& e : episodes_) {
    out.svarint(to_ns(e.first));
    out.svarint(to_ns(e.last));
    out.varint(e.events);
    out.varint(e.peak);
    out.be64(e.digest.high);
    out.be64(e.digest.low);
    out.u8(static_cast<std::uint8_t>((e.crossing ? 1 : 0) | (e.incident ? 2 : 0) |
                                     (e.continuation ? 4 : 0) | (e.approximate ? 8 : 0)));
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
  auto points = Points::decode(settings, in, evaluated);
  if (!points) return std::nullopt;
  group.points_ = std::move(*points);
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
    e.approximate = (has & 8) != 0;
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
  return group;
}

}  // namespace vakt::correlate
