#include "correlate/openings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace vakt::correlate {
namespace {

using std::chrono::seconds;

Opening opening(std::int64_t s, std::uint64_t id) {
  return {from_unix_seconds(1'800'000'000 + s), {0, id}, id, 0, false};
}

std::vector<std::uint64_t> ids(const std::vector<Opening>& openings) {
  std::vector<std::uint64_t> out;
  for (const Opening& o : openings) out.push_back(o.incident.low);
  return out;
}

TEST(Openings, EnoughWithinTheWindowAreAStorm) {
  const StormSettings settings{3, seconds(10)};
  Openings openings;
  EXPECT_TRUE(openings.insert(settings, opening(0, 1)).empty());
  EXPECT_TRUE(openings.insert(settings, opening(4, 2)).empty());
  EXPECT_TRUE(
      openings.insert(settings, opening(10, 3)).empty());  // (0, 10] does not hold the first
  EXPECT_EQ(ids(openings.insert(settings, opening(13, 4))), (std::vector<std::uint64_t>{2, 3, 4}));
  EXPECT_EQ(ids(openings.insert(settings, opening(14, 5))), std::vector<std::uint64_t>{5});
  EXPECT_EQ(openings.within(from_unix_seconds(1'800'000'014), seconds(10)), 3u);
  // What came late makes the first one a member too.
  EXPECT_EQ(ids(openings.insert(settings, opening(3, 6))), (std::vector<std::uint64_t>{1, 6}));
}

TEST(Openings, NoneAreAStormWhenStormsAreOff) {
  for (const std::uint64_t groups : {0, 1}) {
    Openings openings;
    for (std::uint64_t i = 0; i < 100; ++i)
      EXPECT_TRUE(openings.insert({groups, seconds(10)}, opening(0, i)).empty());
  }
}

TEST(Openings, WhatNoWindowCanHoldIsForgotten) {
  const StormSettings settings{3, seconds(10)};
  Openings openings;
  for (std::int64_t s = 0; s < 5; ++s) openings.insert(settings, opening(s * 4, 1 + s));
  EXPECT_EQ(ids(openings.forget(settings, from_unix_seconds(1'800'000'018))),
            (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(openings.all().size(), 2u);
}

// In whatever order they become known, the members are those that the definition names.
TEST(Openings, MembersDependOnTheSetOnly) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    const StormSettings settings{2 + random() % 5, seconds(1 + random() % 12)};
    const std::size_t count = 1 + random() % 40;
    std::vector<Opening> all;
    for (std::size_t i = 0; i < count; ++i)
      all.push_back(opening(static_cast<std::int64_t>(random() % 60), i));
    Openings openings;
    std::set<std::uint64_t> members;
    for (const Opening& o : all)
      for (const std::uint64_t id : ids(openings.insert(settings, o)))
        EXPECT_TRUE(members.insert(id).second) << "a member joins once";
    std::set<std::uint64_t> expected;
    for (const Opening& end : all) {
      std::vector<std::uint64_t> window;
      for (const Opening& o : all)
        if (o.time <= end.time && o.time > end.time - settings.window)
          window.push_back(o.incident.low);
      if (window.size() >= settings.groups) expected.insert(window.begin(), window.end());
    }
    ASSERT_EQ(members, expected) << "round " << round;
  }
}

TEST(Openings, BytesAndBack) {
  const StormSettings settings{3, seconds(10)};
  Openings openings;
  for (std::int64_t s = 0; s < 5; ++s) openings.insert(settings, opening(s * 3, 1 + s));
  std::string bytes;
  ByteWriter out(bytes);
  openings.encode(out);
  ByteReader in(bytes);
  const auto back = Openings::decode(in);
  ASSERT_TRUE(back);
  std::string again;
  ByteWriter out_again(again);
  back->encode(out_again);
  EXPECT_EQ(again, bytes);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    ByteReader part(std::string_view(bytes).substr(0, cut));
    EXPECT_FALSE(Openings::decode(part)) << cut;
  }
}

}  // namespace
}  // namespace vakt::correlate
