#include "access/guess_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <random>

#include "support.h"

namespace vakt::access {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const std::string kSeed = noise(GuessLimiter::kSeedBytes);
constexpr Duration kStep(1);
constexpr int kFree = GuessLimiter::kFreeForName;

TEST(GuessLimiter, Curve) {
  const int waits_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};
  for (const int free : {GuessLimiter::kFreeForName, GuessLimiter::kFreeForPeer}) {
    GuessLimiter limiter(kSeed, free);
    for (int i = 0; i < free; ++i) {
      limiter.failed("anna", kNow);
      ASSERT_EQ(limiter.wait("anna", kNow), Duration(0)) << i;
    }
    for (const int wait_s : waits_s) {
      limiter.failed("anna", kNow);
      EXPECT_EQ(limiter.wait("anna", kNow), seconds(wait_s));
      EXPECT_EQ(limiter.wait("anna", kNow + seconds(wait_s) - kStep), kStep);
      EXPECT_EQ(limiter.wait("anna", kNow + seconds(wait_s)), Duration(0));
      EXPECT_EQ(limiter.wait("bert", kNow), Duration(0));
    }
  }
}

// Whoever tries as soon as he may.
int guesses_within(GuessLimiter& limiter, std::string_view key, Time now, Duration span) {
  const Time end = now + span;
  int guesses = 0;
  while (guesses < 10'000 && (now += limiter.wait(key, now)) < end) {
    limiter.failed(key, now);
    ++guesses;
  }
  return guesses;
}

TEST(GuessLimiter, APatientGuesserStaysSlow) {
  GuessLimiter limiter(kSeed, kFree);
  const int first_day = guesses_within(limiter, "anna", kNow, minutes(24 * 60));
  EXPECT_LE(first_day, 310);
  const int second_day = guesses_within(limiter, "anna", kNow + minutes(24 * 60), minutes(24 * 60));
  EXPECT_LE(second_day, 289);
  EXPECT_GE(second_day, 250);
}

TEST(GuessLimiter, TimeForgets) {
  GuessLimiter limiter(kSeed, kFree);
  for (int i = 0; i < 100; ++i) limiter.failed("anna", kNow);
  EXPECT_EQ(limiter.wait("anna", kNow), GuessLimiter::kWaitMax);
  // 14 are held at most; 40 minutes forget 8 of them, the next is the 7th.
  GuessLimiter later = limiter;
  later.failed("anna", kNow + minutes(40));
  EXPECT_EQ(later.wait("anna", kNow + minutes(40)), seconds(4));
  // After 70 minutes of peace everything starts anew.
  const Time anew = kNow + minutes(70);
  for (int i = 0; i < kFree; ++i) limiter.failed("anna", anew);
  EXPECT_EQ(limiter.wait("anna", anew), Duration(0));
  limiter.failed("anna", anew);
  EXPECT_EQ(limiter.wait("anna", anew), seconds(1));
}

TEST(GuessLimiter, SuccessForgets) {
  GuessLimiter limiter(kSeed, kFree);
  for (int i = 0; i < 6; ++i) limiter.failed("anna", kNow);
  for (int i = 0; i < 6; ++i) limiter.failed("bert", kNow);
  limiter.succeeded("anna");
  EXPECT_EQ(limiter.wait("anna", kNow), Duration(0));
  EXPECT_EQ(limiter.wait("bert", kNow), seconds(2));
  for (int i = 0; i < kFree; ++i) limiter.failed("anna", kNow);
  EXPECT_EQ(limiter.wait("anna", kNow), Duration(0));
}

// A million names, each failing once, all at one moment: more than any machine verifies.
TEST(GuessLimiter, AFloodOfKeysLetsNobodyEscape) {
  GuessLimiter limiter(kSeed, kFree);
  for (int i = 0; i < 10; ++i) limiter.failed("anna", kNow);
  const Duration before = limiter.wait("anna", kNow);
  ASSERT_EQ(before, seconds(32));
  Duration longest{};
  for (int i = 0; i < 1'000'000; ++i) {
    const std::string key = "flood" + std::to_string(i);
    limiter.failed(key, kNow);
    if (i % 1000 == 0) longest = std::max(longest, limiter.wait(key, kNow));
  }
  EXPECT_GE(limiter.wait("anna", kNow), before);
  EXPECT_LE(longest, GuessLimiter::kWaitMax);
  // A person whom this hits waits no longer than the bound.
  for (int i = 0; i < 1000; ++i) {
    const std::string person = "person" + std::to_string(i);
    ASSERT_LE(limiter.wait(person, kNow), GuessLimiter::kWaitMax);
    ASSERT_EQ(limiter.wait(person, kNow + GuessLimiter::kWaitMax), Duration(0));
  }
}

// The flood that a machine can bring about: 100 failed logins a second, for two hours, every one
// with a name never seen before. Who comes meanwhile and mistypes twice does not wait.
TEST(GuessLimiter, AFloodAtTheSpeedOfHashingDelaysNobody) {
  GuessLimiter limiter(kSeed, kFree);
  int delayed = 0;
  for (int i = 0; i < 720'000; ++i) {
    const Time now = kNow + i * std::chrono::milliseconds(10);
    const std::string key = "flood" + std::to_string(i);
    if (limiter.wait(key, now) == Duration(0)) limiter.failed(key, now);
    if (i % 1000 != 0) continue;
    const std::string person = "person" + std::to_string(i);
    for (int mistyped = 0; mistyped < 2; ++mistyped) {
      if (limiter.wait(person, now) > Duration(0)) ++delayed;
      limiter.failed(person, now);
    }
  }
  EXPECT_EQ(delayed, 0);
}

// Against a table that remembers every key exactly: never a shorter wait.
TEST(GuessLimiter, NeverShorterThanExact) {
  struct Exact {
    Time forgotten = kTimeMin;
    Time blocked = kTimeMin;
  };
  std::map<std::string, Exact> exact;
  GuessLimiter limiter(kSeed, kFree);
  std::mt19937_64 random(7);
  Time now = kNow;
  int longer = 0;
  for (int i = 0; i < 100'000; ++i) {
    now += Duration(static_cast<std::int64_t>(random() % 200'000'000));
    const std::string key = std::to_string(random() % (random() % 2 == 0 ? 20 : 50'000));
    Exact& e = exact[key];
    e.forgotten = std::min(std::max(e.forgotten, now) + GuessLimiter::kForget,
                           now + 14 * GuessLimiter::kForget);
    limiter.failed(key, now);
    const double failures = std::ceil(to_seconds(e.forgotten - now) / 300 - 1e-9);
    const double wait_s = failures <= 4 ? 0 : std::min(300.0, std::exp2(failures - 5));
    e.blocked = std::max(e.blocked, now + seconds(static_cast<int>(wait_s)));
    const Duration wanted = std::max(e.blocked - now, Duration(0));
    ASSERT_GE(limiter.wait(key, now), wanted) << key;
    if (limiter.wait(key, now) > wanted) ++longer;
  }
  EXPECT_LT(longer, 1000);  // and rarely a longer one
}

TEST(GuessLimiter, TheSeedChoosesTheCells) {
  // Sixty thousand others who failed five times: about one in eight shares all its cells with
  // some of them, and who does depends on the seed.
  const auto hit = [](const std::string& seed) {
    GuessLimiter limiter(seed, kFree);
    for (int i = 0; i < 300'000; ++i) limiter.failed(std::to_string(i / 5), kNow);
    std::string out;
    for (int i = 0; i < 200; ++i)
      out += limiter.wait("person" + std::to_string(i), kNow) > Duration(0) ? '1' : '0';
    return out;
  };
  const std::string one = hit(kSeed);
  EXPECT_EQ(one, hit(kSeed));
  EXPECT_NE(one.find('1'), std::string::npos);
  EXPECT_NE(one.find('0'), std::string::npos);
  EXPECT_NE(one, hit(noise(GuessLimiter::kSeedBytes, 2)));
}

TEST(GuessLimiter, AClockThatWentBackStaysBounded) {
  GuessLimiter limiter(kSeed, kFree);
  for (int i = 0; i < 20; ++i) limiter.failed("anna", kNow);
  EXPECT_EQ(limiter.wait("anna", kNow - minutes(600)), GuessLimiter::kWaitMax);
}

}  // namespace
}  // namespace vakt::access
