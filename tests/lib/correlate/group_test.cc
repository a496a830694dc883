#include "correlate/group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "streams.h"

namespace vakt::correlate {
namespace {

using std::chrono::seconds;

Settings settings(std::int64_t window_s, std::uint64_t threshold,
                  Measure measure = Measure::events) {
  Settings s;
  s.measure = measure;
  s.window = seconds(window_s);
  s.threshold = threshold;
  return s;
}

Change insert(Group& group, const Settings& s, std::int64_t time, std::uint64_t sequence,
              std::uint64_t value = 0) {
  return group.insert(s, {at(time), sequence, value}, {0, sequence + 1});
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
  const Settings s = settings(10, 1);
  Group group;
  int parts = 0;
  for (int t = 0; t < 100; t += 5) {
    const auto sequence = static_cast<std::uint64_t>(t);
    const Change change = group.insert(s, {at(t), sequence, 0, 0}, {0, 1}, seconds(25));
    if (!change.crossed) continue;
    EXPECT_EQ(group.episodes()[change.episode].continuation, parts > 0);
    group.episodes()[change.episode].incident = Hash128{1, static_cast<std::uint64_t>(++parts)};
  }
  EXPECT_EQ(parts, 4);  // 0.., 25.., 50.., 75..
  EXPECT_EQ(group.episodes().size(), 4u);
}

// Any order of arrival within the allowed disorder, with state forgotten behind the watermark and
// episodes taken out when they are final, gives what the oracle computes from the set.
void run_seed(std::uint64_t seed, std::int64_t disorder_s, bool distinct) {
  std::mt19937_64 random(seed);
  const Stream stream = random_stream(random, disorder_s);
  Settings s = settings(1 + static_cast<std::int64_t>(random() % 20), 1 + random() % 6,
                        distinct ? Measure::distinct_values : Measure::events);
  s.forms.few = random() % 8;
  const bool coded = random() % 2 == 0;
  const auto expected = oracle::episodes(stream.events, s.window, s.threshold, distinct);
  Group group;
  std::vector<Episode> final;
  Time seen = at(0);
  for (const oracle::Event& e : stream.events) {
    const Change change = group.insert(s, {e.time, e.order, e.value}, {0, e.order}, kWithoutEnd);
    if (change.crossed) group.episodes()[change.episode].incident = Hash128{1, e.order};
    seen = std::max(seen, e.time);
    const Time watermark = seen - seconds(disorder_s);
    while (const auto episode = group.take_final(s, watermark)) final.push_back(*episode);
    group.forget(s, watermark);
    if (!coded) continue;
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
