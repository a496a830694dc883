#include "correlate/group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "sim/oracle.h"

namespace vakt::correlate {
namespace {

using std::chrono::seconds;

Time at(std::int64_t s) { return from_unix_seconds(1'000'000 + s); }

Settings settings(std::int64_t window_s, std::uint64_t threshold,
                  Measure measure = Measure::events) {
  Settings s;
  s.measure = measure;
  s.window = seconds(window_s);
  s.threshold = threshold;
  s.episode_max = std::chrono::hours(1'000'000);
  return s;
}

Change insert(Group& group, const Settings& s, std::int64_t time, std::uint64_t sequence,
              std::uint64_t value = 0) {
  return group.insert(s, {at(time), sequence, 0, value}, {0, sequence + 1});
}

TEST(Group, WindowExcludesItsOldEdge) {
  const Settings s = settings(10, 2);
  Group group;
  insert(group, s, 0, 0);
  EXPECT_FALSE(insert(group, s, 10, 1).crossed);  // (0, 10] does not hold 0, and a gap of W parts
  EXPECT_EQ(group.episodes().size(), 2u);
  EXPECT_TRUE(insert(group, s, 19, 2).crossed);
  EXPECT_EQ(group.episodes()[1].crossing->sequence, 2u);
}

TEST(Group, AnEventBetweenBridgesTwoEpisodes) {
  const Settings s = settings(10, 2);
  Group group;
  insert(group, s, 0, 0);
  insert(group, s, 1, 1);
  group.episodes()[0].incident = Hash128{0, 1};
  insert(group, s, 12, 2);
  insert(group, s, 13, 3);
  group.episodes()[1].incident = Hash128{0, 2};
  const Change change = insert(group, s, 6, 4);
  ASSERT_TRUE(change.absorbed);
  EXPECT_EQ(change.absorbed->incident, (Hash128{0, 2}));
  ASSERT_EQ(group.episodes().size(), 1u);
  EXPECT_EQ(group.episodes()[0].incident, (Hash128{0, 1}));
  EXPECT_EQ(group.episodes()[0].events, 5u);
  EXPECT_EQ(group.episodes()[0].peak, 3u);
}

TEST(Group, ALateArrivalMovesTheCrossingEarlier) {
  const Settings s = settings(10, 3);
  Group group;
  insert(group, s, 0, 0);
  insert(group, s, 5, 1);
  EXPECT_TRUE(insert(group, s, 9, 2).crossed);
  group.episodes()[0].incident = Hash128{0, 1};
  const Change change = insert(group, s, 4, 3);
  EXPECT_TRUE(change.crossing_moved);
  EXPECT_FALSE(change.crossed);
  EXPECT_EQ(group.episodes()[0].crossing->time, at(5));
}

TEST(Group, ALongEpisodeContinuesInAFurtherPart) {
  Settings s = settings(10, 1);
  s.episode_max = seconds(25);
  Group group;
  int parts = 0;
  for (int t = 0; t < 100; t += 5) {
    const Change change = insert(group, s, t, static_cast<std::uint64_t>(t));
    if (!change.crossed) continue;
    EXPECT_EQ(change.continued, parts > 0);
    group.episodes()[change.episode].incident = Hash128{1, static_cast<std::uint64_t>(++parts)};
  }
  EXPECT_EQ(parts, 4);  // 0.., 25.., 50.., 75..
  EXPECT_EQ(group.episodes().size(), 4u);
}

struct Stream {
  std::vector<oracle::Event> events;  // in order of arrival
};

Stream random_stream(std::mt19937_64& random, std::int64_t disorder_s) {
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

void expect_equal(const std::vector<oracle::Episode>& expected, const std::vector<Episode>& actual,
                  bool in_order, const std::string& what) {
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

// Any order of arrival within the allowed disorder, with state forgotten behind the watermark and
// episodes taken out when they are final, gives what the oracle computes from the set.
void run_seed(std::uint64_t seed, std::int64_t disorder_s, bool distinct) {
  std::mt19937_64 random(seed);
  const Stream stream = random_stream(random, disorder_s);
  const Settings s = settings(1 + static_cast<std::int64_t>(random() % 20), 1 + random() % 6,
                              distinct ? Measure::distinct_values : Measure::events);
  const auto expected = oracle::episodes(stream.events, s.window, s.threshold, distinct);
  Group group;
  std::vector<Episode> final;
  Time seen = at(0);
  for (const oracle::Event& e : stream.events) {
    const Change change = group.insert(s, {e.time, e.order, 0, e.value}, {0, e.order});
    if (change.crossed) group.episodes()[change.episode].incident = Hash128{1, e.order};
    seen = std::max(seen, e.time);
    const Time watermark = seen - seconds(disorder_s);
    while (const auto episode = group.take_final(s, watermark)) final.push_back(*episode);
    group.forget(s, watermark);
    std::string bytes;
    ByteWriter out(bytes);
    group.encode(out);
    ByteReader in(bytes);
    auto copy = Group::decode(s, in);
    ASSERT_TRUE(copy && in.at_end());
    group = std::move(*copy);
  }
  while (const auto episode = group.take_final(s, kTimeMax)) final.push_back(*episode);
  const std::string what = "seed " + std::to_string(seed) + " disorder " +
                           std::to_string(disorder_s) + (distinct ? " distinct" : "");
  expect_equal(expected, final, disorder_s == 0, what);
}

TEST(Group, AgreesWithTheOracleInOrder) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) run_seed(seed, 0, seed % 2 == 1);
}

TEST(Group, AgreesWithTheOracleOutOfOrder) {
  for (std::uint64_t seed = 0; seed < 6000; ++seed)
    run_seed(seed, 1 + static_cast<std::int64_t>(seed % 40), seed % 2 == 1);
}

TEST(Group, ForgetsWhatNoWindowNeeds) {
  const Settings s = settings(10, 1'000'000);
  Group group;
  for (int i = 0; i < 10'000; ++i) {
    insert(group, s, i, static_cast<std::uint64_t>(i));
    group.forget(s, at(i - 20));
  }
  EXPECT_LE(group.points().size(), 31u);
  EXPECT_EQ(group.episodes()[0].peak, 10u);
}

TEST(Group, TornBytesAreRefused) {
  const Settings s = settings(10, 2, Measure::distinct_values);
  Group group;
  for (int i = 0; i < 20; ++i) insert(group, s, i, static_cast<std::uint64_t>(i), 7);
  std::string bytes;
  ByteWriter out(bytes);
  group.encode(out);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::string torn(bytes.data(), n);
    ByteReader in(torn);
    EXPECT_FALSE(Group::decode(s, in)) << n;
  }
}

}  // namespace
}  // namespace vakt::correlate
