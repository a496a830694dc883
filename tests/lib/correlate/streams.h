// Random streams of events, and the comparison of what becomes of them with the oracle.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "correlate/group.h"
#include "sim/oracle.h"

namespace vakt::correlate {

inline Time at(std::int64_t s) { return from_unix_seconds(1'000'000 + s); }

inline constexpr Duration kWithoutEnd = std::chrono::hours(1'000'000);  // of an episode

struct Stream {
  std::vector<oracle::Event> events;  // in order of arrival
};

inline Stream random_stream(std::mt19937_64& random, std::int64_t disorder_s) {
  const auto pick = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  const std::int64_t count = 1 + pick(60);
  const std::int64_t spread = 1 + pick(8);  // dense and sparse streams
  std::int64_t clock = 200;
  Stream stream;
  for (std::int64_t i = 0; i < count; ++i) {
    clock += pick(4) == 0 ? pick(spread * 8) : pick(spread);
    const std::int64_t late = disorder_s > 0 ? pick(disorder_s + 1) : 0;
    stream.events.push_back(
        {at(clock - late), static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(pick(4))});
  }
  return stream;
}

inline void expect_equal(const std::vector<oracle::Episode>& expected,
                         const std::vector<Episode>& actual, bool in_order,
                         const std::string& what) {
  ASSERT_EQ(expected.size(), actual.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const oracle::Episode& e = expected[i];
    const Episode& a = actual[i];
    ASSERT_EQ(e.first, a.first) << what;
    ASSERT_EQ(e.last, a.last) << what;
    ASSERT_EQ(e.events, a.events) << what;
    ASSERT_EQ(e.peak, a.peak) << what;
    ASSERT_EQ(e.crossing_time.has_value(), a.crossing.has_value()) << what;
    if (!e.crossing_time) continue;
    ASSERT_EQ(*e.crossing_time, a.crossing->time) << what;
    if (in_order) {
      ASSERT_EQ(e.crossing_order, a.crossing->sequence) << what;
    }
  }
}

}  // namespace vakt::correlate
