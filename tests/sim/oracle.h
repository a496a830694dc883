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
// least W starts a new episode.
inline std::vector<Episode> episodes(std::vector<Event> events, Duration window,
                                     std::uint64_t threshold, bool distinct) {
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
    std::uint64_t count = 0;
    std::set<std::uint64_t> values;
    for (std::size_t j = 0; j <= i; ++j) {
      if (e.time - events[j].time >= window) continue;
      ++count;
      values.insert(events[j].value);
    }
    const std::uint64_t measured = distinct ? values.size() : count;
    episode.peak = std::max(episode.peak, measured);
    if (!episode.crossing_time && measured >= threshold) {
      episode.crossing_time = e.time;
      episode.crossing_order = e.order;
    }
  }
  return out;
}

}  // namespace vakt::oracle
