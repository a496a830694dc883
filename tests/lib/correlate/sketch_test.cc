// Estimated counts of different values, and when they take the place of exact ones.
#include "correlate/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "correlate/group.h"

namespace vakt::correlate {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kWindow = seconds(1'000);
// The standard error is 2.3 %: four of them.
constexpr double kError = 0.092;

Time at(std::int64_t ms) { return from_unix_seconds(1'800'000'000) + milliseconds(ms); }

std::string bytes_of(const Sketch& sketch) {
  std::string bytes;
  ByteWriter out(bytes);
  sketch.encode(out);
  return bytes;
}

TEST(Sketch, IsCloseWhateverTheNumber) {
  for (const std::uint64_t n : {1u, 10u, 100u, 1'000u, 5'000u, 20'000u, 100'000u, 1'000'000u}) {
    Sketch sketch;
    for (std::uint64_t i = 0; i < n; ++i) {
      sketch.add(at(0), i, kWindow);
      if (i % 3 == 0) sketch.add(at(1), i, kWindow);  // the same once more
    }
    const auto count = static_cast<double>(sketch.count());
    EXPECT_NEAR(count, static_cast<double>(n), std::max(1.0, kError * static_cast<double>(n))) << n;
  }
}

// Values come at any rate, and again after they have left the window.
TEST(Sketch, SlidesWithTheWindow) {
  std::mt19937_64 random(1);
  Sketch sketch;
  std::vector<std::pair<Time, std::uint64_t>> events;
  std::int64_t ms = 0;
  double worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    ms += static_cast<std::int64_t>(i % 40'000 < 20'000 ? random() % 200 : random() % 20);
    events.emplace_back(at(ms), random() % 50'000);
    sketch.add(events.back().first, events.back().second, kWindow);
    if (i % 5'000 != 0) continue;
    std::set<std::uint64_t> values;
    for (auto e = events.rbegin(); e != events.rend() && e->first > at(ms) - kWindow; ++e)
      values.insert(e->second);
    const auto exact = static_cast<double>(values.size());
    const double error = std::abs(static_cast<double>(sketch.count()) - exact);
    worst = std::max(worst, error / std::max(exact, 100.0));
  }
  EXPECT_LT(worst, kError);
  EXPECT_LT(sketch.bytes(), 600'000u);
  sketch.add(at(ms) + kWindow, 1, kWindow);
  EXPECT_EQ(sketch.count(), 1u);
}

// The order in which the events of a window come is nothing; two halves make the whole.
TEST(Sketch, IsOfTheSet) {
  std::mt19937_64 random(2);
  std::vector<std::pair<Time, std::uint64_t>> events;
  for (int i = 0; i < 30'000; ++i)
    events.emplace_back(at(static_cast<std::int64_t>(random() % 900'000)), random() % 20'000);
  const auto sketch_of = [&](auto begin, auto end) {
    Sketch sketch;
    for (; begin != end; ++begin) sketch.add(begin->first, begin->second, kWindow);
    return sketch;
  };
  const Sketch whole = sketch_of(events.begin(), events.end());
  auto sorted = events;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(bytes_of(sketch_of(sorted.begin(), sorted.end())), bytes_of(whole));
  Sketch first = sketch_of(events.begin(), events.begin() + 11'000);
  first.merge(sketch_of(events.begin() + 11'000, events.end()), kWindow);
  EXPECT_EQ(bytes_of(first), bytes_of(whole));
  EXPECT_EQ(first.count(), whole.count());
}

TEST(Sketch, ComesBackFromItsBytes) {
  Sketch sketch;
  for (std::uint64_t i = 0; i < 10'000; ++i)
    sketch.add(at(static_cast<std::int64_t>(i * 37 % 5'000)), i, kWindow);
  const std::string bytes = bytes_of(sketch);
  ByteReader in(bytes);
  const auto back = Sketch::decode(in);
  ASSERT_TRUE(back);
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(bytes_of(*back), bytes);
  EXPECT_EQ(back->count(), sketch.count());
  EXPECT_EQ(back->bytes(), sketch.bytes());
  for (std::size_t cut = 0; cut < bytes.size(); cut += 97) {
    ByteReader short_in(std::string_view(bytes).substr(0, cut));
    EXPECT_FALSE(Sketch::decode(short_in)) << cut;
  }
}

Settings distinct(std::uint64_t threshold) {
  Settings s;
  s.measure = Measure::distinct_values;
  s.window = kWindow;
  s.threshold = threshold;
  s.forms.exact_max = 1'000;
  return s;
}

Group again(const Settings& settings, const Group& group) {
  std::string bytes;
  ByteWriter out(bytes);
  group.encode(out);
  ByteReader in(bytes);
  auto back = Group::decode(settings, in);
  EXPECT_TRUE(back && in.at_end());
  EXPECT_EQ(back->bytes(), group.bytes());
  return std::move(*back);
}

TEST(Estimated, FromTheConfiguredNumberOn) {
  const Settings settings = distinct(20'000);
  Group group;
  std::uint64_t crossed_at = 0;
  for (std::uint64_t i = 0; i < 40'000; ++i) {
    const Change change = group.insert(settings, {at(static_cast<std::int64_t>(i)), i, i}, {});
    ASSERT_EQ(group.episodes()[0].approximate, i >= 1'000) << i;
    if (i < 1'000) {
      ASSERT_EQ(group.episodes()[0].peak, i + 1);
    }
    if (change.crossed && crossed_at == 0) crossed_at = i;
    if (i % 7'777 == 0) group = again(settings, group);
  }
  EXPECT_NEAR(static_cast<double>(crossed_at), 20'000, 20'000 * kError);
  EXPECT_NEAR(static_cast<double>(group.episodes()[0].peak), 40'000, 40'000 * kError);
  EXPECT_EQ(group.episodes()[0].events, 40'000u);
  EXPECT_LT(group.bytes(), 400'000u) << "40,000 points and values would take millions";
  EXPECT_LE(group.points().size(), 1'024u);
}

TEST(Estimated, UntilTheWindowHasPassed) {
  const Settings settings = distinct(5'000);
  Group group;
  for (std::uint64_t i = 0; i < 3'000; ++i)
    group.insert(settings, {at(static_cast<std::int64_t>(i)), i, i}, {});
  ASSERT_TRUE(group.points().estimated());
  const Time later = at(3'000) + kWindow;
  group.insert(settings, {later, 3'000, 7}, {});
  EXPECT_FALSE(group.points().estimated());
  ASSERT_EQ(group.episodes().size(), 2u);
  EXPECT_TRUE(group.episodes()[0].approximate);
  EXPECT_FALSE(group.episodes()[1].approximate);
  EXPECT_EQ(group.episodes()[1].peak, 1u);
}

TEST(Estimated, WhenTheWatermarkHasPassed) {
  Settings settings = distinct(1);
  settings.when_final = true;
  settings.comparisons = {{rule::Comparison::Op::gt, 8'000'000'000}};
  Group group;
  std::size_t reached = 0;
  for (std::uint64_t i = 0; i < 12'000; ++i) {
    const Time now = at(static_cast<std::int64_t>(i));
    group.insert(settings, {now, i, i}, {});
    if (i % 10 != 0) continue;
    reached += group.advance(settings, now - milliseconds(50)).reached.size();
    group.forget(settings, now - milliseconds(50));
    if (i % 3'000 == 0) group = again(settings, group);
  }
  EXPECT_EQ(reached, 1u);
  ASSERT_TRUE(group.episodes()[0].crossing);
  const double crossing = to_seconds(group.episodes()[0].crossing->time - at(0)) * 1'000;
  EXPECT_NEAR(crossing, 8'000, 8'000 * kError);
  EXPECT_TRUE(group.episodes()[0].approximate);
}

// Late events count in the window of the latest; older than it, for nothing. In a tree before.
TEST(Estimated, OutOfOrder) {
  const Settings settings = distinct(10'000);
  std::mt19937_64 random(3);
  Group group;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const auto late = static_cast<std::int64_t>(random() % 500);
    group.insert(settings, {at(static_cast<std::int64_t>(i) + 1'000 - late), i, i}, {});
  }
  EXPECT_TRUE(group.points().estimated());
  EXPECT_NEAR(static_cast<double>(group.episodes()[0].peak), 20'000, 20'000 * kError);
  EXPECT_TRUE(group.episodes()[0].crossing);
}

}  // namespace
}  // namespace vakt::correlate
