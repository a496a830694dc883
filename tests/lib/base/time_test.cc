#include "base/time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace vakt {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, ParsesWhatPeopleAndMachinesWrite) {
  const std::vector<std::pair<const char*, std::int64_t>> rows{
      {"1970-01-01T00:00:00Z", 0},
      {"2017-03-27T13:06:56Z", 1'490'620'016'000'000'000},
      {"2017-03-27t13:06:56z", 1'490'620'016'000'000'000},
      {"2017-03-27 13:06:56Z", 1'490'620'016'000'000'000},
      {"2017-03-27T15:06:56+02:00", 1'490'620'016'000'000'000},
      {"2017-03-27T07:36:56-05:30", 1'490'620'016'000'000'000},
      {"2017-03-27T13:06:56-00:00", 1'490'620'016'000'000'000},
      {"2017-03-27T13:06:56.5Z", 1'490'620'016'500'000'000},
      {"2017-03-27T13:06:56,5Z", 1'490'620'016'500'000'000},
      {"2017-03-27T13:06:56.123456789Z", 1'490'620'016'123'456'789},
      {"2017-03-27T13:06:56.1234567899Z", 1'490'620'016'123'456'789},  // finer than we keep
      {"2016-12-31T23:59:60Z", 1'483'228'800'000'000'000},             // leap second
      {"2024-02-29T00:00:00Z", 1'709'164'800'000'000'000},
      {"1969-12-31T23:59:59.999999999Z", -1},
      {"1678-01-01T00:00:00Z", -9'214'560'000'000'000'000},
      {"2261-12-31T23:59:59Z", 9'214'646'399'000'000'000},
  };
  for (const auto& [text, ns] : rows) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(to_ns(*time), ns) << text;
  }
}

TEST(Rfc3339, RefusesTheRest) {
  for (const char* text : {"",
                           "2017",
                           "2017-03-27",
                           "2017-03-27T13:06:56",
                           "2017-03-27T13:06Z",
                           "2017-3-27T13:06:56Z",
                           "2017-03-27X13:06:56Z",
                           "2017-13-01T00:00:00Z",
                           "2017-02-29T00:00:00Z",
                           "2017-00-10T00:00:00Z",
                           "2017-01-00T00:00:00Z",
                           "2017-03-27T24:00:00Z",
                           "2017-03-27T13:60:00Z",
                           "2017-03-27T13:06:61Z",
                           "2017-03-27T13:06:56.Z",
                           "2017-03-27T13:06:56+24:00",
                           "2017-03-27T13:06:56+02:60",
                           "2017-03-27T13:06:56+02",
                           "2017-03-27T13:06:56Zx",
                           " 2017-03-27T13:06:56Z",
                           "2017-03-27T13:06:56 Z",
                           "-017-03-27T13:06:56Z",
                           "1677-12-31T23:59:59Z",
                           "2262-01-01T00:00:00Z",
                           "2017-03-27T13:06:5\xC3\xA9Z"})
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
}

TEST(Rfc3339, WritesTheShortestExactForm) {
  EXPECT_EQ(format_rfc3339(from_ns(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(from_ns(-1)), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(format_rfc3339(from_unix_seconds(1'490'620'016)), "2017-03-27T13:06:56Z");
  EXPECT_EQ(format_rfc3339(from_ns(1'490'620'016'500'000'000)), "2017-03-27T13:06:56.5Z");
  EXPECT_EQ(format_rfc3339(from_ns(1'490'620'016'000'001'000)), "2017-03-27T13:06:56.000001Z");
}

TEST(Rfc3339, RoundTripsEveryTimeInItsYears) {
  std::mt19937_64 random(20261124);
  const std::int64_t first = to_ns(*parse_rfc3339("1678-01-01T00:00:00Z"));
  const std::int64_t last = to_ns(*parse_rfc3339("2261-12-31T23:59:59Z"));
  std::uniform_int_distribution<std::int64_t> any(first, last);
  for (int i = 0; i < 20'000; ++i) {
    // Every other one in whole seconds, the common case.
    const Time time =
        i % 2 == 0 ? from_ns(any(random)) : from_unix_seconds(any(random) / 1'000'000'000);
    const std::string text = format_rfc3339(time);
    const auto back = parse_rfc3339(text);
    ASSERT_TRUE(back.has_value()) << text;
    ASSERT_EQ(*back, time) << text;
  }
}

TEST(DurationText, Parses) {
  const std::vector<std::pair<const char*, Duration>> rows{
      {"0s", 0s},
      {"1ns", 1ns},
      {"7us", 7us},
      {"90s", 90s},
      {"250ms", 250ms},
      {"5m", 5min},
      {"1h", 1h},
      {"7d", 24h * 7},
      {"2w", 24h * 14},
      {"007s", 7s},
      {"9223372036854775807ns", Duration::max()}};
  for (const auto& [text, duration] : rows) EXPECT_EQ(parse_duration(text), duration) << text;
  for (const char* text : {"", "s", "5", "5 m", "5M", "m5", "-5m", "+5m", "5.5m", "5m3s", "5min",
                           "9223372036854775808ns", "20000w", "99999999999999999999s"})
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
}

TEST(DurationText, WritesTheLargestExactUnit) {
  const std::vector<std::pair<Duration, const char*>> rows{
      {0s, "0s"},       {300s, "5m"},       {90s, "90s"}, {24h, "1d"},
      {24h * 14, "2w"}, {1500ms, "1500ms"}, {1ns, "1ns"}, {3'600'001ms, "3600001ms"}};
  for (const auto& [duration, text] : rows) {
    EXPECT_EQ(format_duration(duration), text);
    EXPECT_EQ(parse_duration(text), duration) << text;
  }
}

}  // namespace
}  // namespace vakt
