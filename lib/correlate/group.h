// Group: the state of one detection for one group key (one source address, say): the matching
// events still needed, and the episodes they form.
//
// Windows are trailing, (t - W, t], evaluated at each matching event in event-time order; events of
// equal time are ordered by commit. A gap of at least W starts a new episode. Insertion in any
// order gives the same episodes, counts, peaks and crossing times: they depend on the set of events
// only (as long as the events a window needs are still remembered: see forget()).
//
// An insertion costs O(log n) at most, whatever the windows hold (Points). With
// Settings::when_final an event is evaluated by advance(); one that comes behind the last evaluated
// is judged by itself at once and counted in the windows to come. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"
#include "correlate/line.h"
#include "correlate/points.h"
#include "correlate/settings.h"

namespace vakt::correlate {

struct Crossing {
  Time time;
  std::uint64_t sequence = 0;
};

struct Episode {
  Time first;
  Time last;
  std::uint64_t events = 0;
  std::uint64_t peak = 0;
  Hash128 digest;                    // sum of the digests of its events
  std::optional<Crossing> crossing;  // the event at which the threshold was first reached
  std::optional<Hash128> incident;   // set by the caller when it opens one
  bool approximate = false;          // some count was estimated (Points::estimated)
  bool continuation = false;         // goes on from the episode before it, which grew too long
};
inline Time place_of(const Episode& episode) { return episode.first; }

// What an insertion did. Indices into episodes().
struct Change {
  std::size_t episode = 0;          // where the event went
  bool crossed = false;             // the episode reached its threshold now: open an incident
  bool crossing_moved = false;      // it had one, and its crossing is now earlier
  std::optional<Episode> absorbed;  // the later episode that the event bridged with this one
  std::vector<Point> held;  // with Settings::chained: at which the condition holds now, not before
};

// What advance() found.
struct Advance {
  struct Reached {
    std::size_t episode = 0;  // index into episodes()
    Point point;              // of the crossing
  };
  std::vector<Reached> reached;  // episodes that have reached their condition now: open incidents
  std::vector<Point> held;       // as Change::held
};

inline constexpr Duration kEpisodeMax = std::chrono::hours(24);

class Group {
 public:
  // `digest` identifies the event's content (see Episode::digest). An episode that reached
  // `episode_max` goes on in a further part.
  Change insert(const Settings& settings, const Point& point, Hash128 digest,
                Duration episode_max = kEpisodeMax);

  // With Settings::when_final: evaluates the times before `watermark` that were not yet.
  Advance advance(const Settings& settings, Time watermark);
  // The first time that advance() has not evaluated.
  std::optional<Time> not_evaluated() const { return points_.not_evaluated(); }

  // Forgets points that no window of an event at or after `watermark` can hold.
  void forget(const Settings& settings, Time watermark) { points_.forget(settings, watermark); }
  // Removes and returns the first episode if the watermark has passed it (last + W <= watermark).
  std::optional<Episode> take_final(const Settings& settings, Time watermark);

  // Those not final: as many as fit, a window apart, into the disorder that is waited for.
  Line<Episode>& episodes() { return episodes_; }
  const Line<Episode>& episodes() const { return episodes_; }
  const Points& points() const { return points_; }
  bool empty() const { return episodes_.empty(); }
  // Approximate memory held.
  std::size_t bytes() const;

  void encode(ByteWriter& out) const;
  // `evaluated`: whether the bytes say what was evaluated and held; older ones do not.
  static std::optional<Group> decode(const Settings& settings, ByteReader& in,
                                     bool evaluated = true);

 private:
  std::size_t place_episode(const Settings& settings, Time time, Duration episode_max,
                            Change& change);
  std::size_t episode_at(Time time) const;

  Points points_;
  Line<Episode> episodes_;
};

}  // namespace vakt::correlate
