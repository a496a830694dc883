// Group: the state of one detection for one group key (one source address, say): the matching
// events still needed, and the episodes they form.
//
// Windows are trailing, (t - W, t], evaluated at each matching event in event-time order; events of
// equal time are ordered by commit. A gap of at least W starts a new episode. Insertion in any
// order gives the same episodes, counts, peaks and crossing times: they depend on the set of events
// only (as long as the events a window needs are still remembered: see forget()).
//
// In order, an insertion is amortised O(1) (a hash look-up for distinct counts); out of order it
// re-evaluates the windows that hold the new event. Pure; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"

namespace vakt::correlate {

// What is counted in a window.
enum class Measure : std::uint8_t { events, distinct_values };

struct Settings {
  Measure measure = Measure::events;
  Duration window{};
  std::uint64_t threshold = 1;
  Duration episode_max = std::chrono::hours(24);
};

// A matching event. `sequence` and `ordinal` name its hit (store/commit.h).
struct Point {
  Time time;
  std::uint64_t sequence = 0;
  std::uint32_t ordinal = 0;
  std::uint64_t value = 0;  // hash of the counted value; 0 when events are counted
};

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
  bool continuation = false;         // goes on from the episode before it, which grew too long
};

// What an insertion did. Indices into episodes().
struct Change {
  std::size_t episode = 0;          // where the event went
  bool crossed = false;             // the episode reached its threshold now: open an incident
  bool crossing_moved = false;      // it had one, and its crossing is now earlier
  bool continued = false;           // a new part of a long episode: open a linked incident
  std::optional<Episode> absorbed;  // the later episode that the event bridged with this one
};

class Group {
 public:
  // `digest` identifies the event's content (see Episode::digest).
  Change insert(const Settings& settings, const Point& point, Hash128 digest);

  // Forgets points that no window of an event at or after `watermark` can hold.
  void forget(const Settings& settings, Time watermark);
  // Removes and returns the first episode if the watermark has passed it (last + W <= watermark).
  std::optional<Episode> take_final(const Settings& settings, Time watermark);

  std::vector<Episode>& episodes() { return episodes_; }
  const std::vector<Episode>& episodes() const { return episodes_; }
  const std::deque<Point>& points() const { return points_; }
  bool empty() const { return episodes_.empty(); }
  // Approximate memory held.
  std::size_t bytes() const;

  void encode(ByteWriter& out) const;
  static std::optional<Group> decode(const Settings& settings, ByteReader& in);

 private:
  std::uint64_t count_now() const;
  void append(const Settings& settings, const Point& point);
  void enter(const Point& point);
  void leave(const Point& point);
  void slide(const Settings& settings);
  std::size_t place_episode(const Settings& settings, Time time, Change& change);
  void evaluate_from(const Settings& settings, std::size_t index, Episode& episode);
  void rebuild_window(const Settings& settings);

  std::deque<Point> points_;      // by time, then by commit
  std::size_t window_begin_ = 0;  // the window of the last point: [window_begin_, end)
  std::unordered_map<std::uint64_t, std::uint32_t> values_;  // value -> count in that window
  std::vector<Episode> episodes_;                            // by time
};

}  // namespace vakt::correlate
