// The brute-force truth about windows and episodes: quadratic, shares no code with lib/correlate.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"

namespace vakt::oracle {

struct Event {
  Time time;
  std::uint64_t order = 0;  // commit order; names the crossing among equal times
  std::uint64_t value = 0;
};

struct Episode {
  Time first;
  Time last;
  std::uint64_t events = 0;
  std::uint64_t peak = 0;
  std::optional<Time> crossing_time;
  std::uint64_t crossing_order = 0;
};

// Episodes of one group: windows (t - W, t] evaluated at each event in (time, order); a gap of at
// least W starts a new episode. `whole_moments`: a window holds all events of its last moment.
// count(window) is what the peak is of, holds(window) the condition; a window is in order.
template <class Count, class Holds>
std::vector<Episode> episodes(std::vector<Event> events, Duration window, bool whole_moments,
                              const Count& count, const Holds& holds) {
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.time != b.time ? a.time < b.time : a.order < b.order;
  });
  std::vector<Episode> out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& e = events[i];
    if (out.empty() || e.time - out.back().last >= window)
      out.push_back({e.time, e.time, 0, 0, std::nullopt, 0});
    Episode& episode = out.back();
    episode.last = e.time;
    ++episode.events;
    if (whole_moments && i + 1 < events.size() && events[i + 1].time == e.time) continue;
    std::vector<Event> held;
    for (std::size_t j = 0; j <= i; ++j)
      if (e.time - events[j].time < window) held.push_back(events[j]);
    episode.peak = std::max(episode.peak, count(held));
    if (!episode.crossing_time && holds(held)) {
      episode.crossing_time = e.time;
      episode.crossing_order = e.order;
    }
  }
  return out;
}

inline std::uint64_t different(const std::vector<Event>& events) {
  std::set<std::uint64_t> values;
  for (const Event& e : events) values.insert(e.value);
  return values.size();
}

// Of a threshold on their number, or on that of different values.
inline std::vector<Episode> episodes(std::vector<Event> events, Duration window,
                                     std::uint64_t threshold, bool distinct) {
  const auto count = [distinct](const std::vector<Event>& held) -> std::uint64_t {
    return distinct ? different(held) : held.size();
  };
  const auto holds = [&](const std::vector<Event>& held) { return count(held) >= threshold; };
  return episodes(std::move(events), window, false, count, holds);
}

}  // namespace vakt::oracle
