// Openings: when one rule opened incidents, and which of them came so close together that they are
// a storm: those among at least `groups` openings that lie within `window`. That depends on the set
// of openings, not on the order in which they became known. Pure; one thread.
//
// In order, an insertion is O(log n); out of order it moves what is later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"

namespace vakt::correlate {

struct StormSettings {
  std::uint64_t groups = 20;  // below 2: no storms
  Duration window = std::chrono::minutes(10);
};

struct Opening {
  Time time;  // event time of the incident's crossing when it opened
  Hash128 incident;
  std::uint64_t sequence = 0;  // of the hit that opened it
  std::uint32_t ordinal = 0;
  bool member = false;  // of a storm
};

class Openings {
 public:
  // Returns the openings that this one makes members of a storm, in order of time; itself included.
  std::vector<Opening> insert(const StormSettings& settings, const Opening& opening);
  // How many lie in (t - window, t].
  std::uint64_t within(Time t, Duration window) const;
  // Removes and returns those that nothing at or after `watermark` can make members.
  std::vector<Opening> forget(const StormSettings& settings, Time watermark);

  const std::deque<Opening>& all() const { return all_; }

  void encode(ByteWriter& out) const;
  static std::optional<Openings> decode(ByteReader& in);

 private:
  std::deque<Opening> all_;  // by time
};

}  // namespace vakt::correlate
