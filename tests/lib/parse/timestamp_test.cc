#include "parse/timestamp.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "parse/civil.h"
#include "parse/utf8.h"

namespace vakt::parse {
namespace {

std::string read(std::string_view text, std::string_view zone = "") {
  const auto* tz = zone.empty() ? nullptr : date::locate_zone(zone);
  const auto time = parse_timestamp(text, tz);
  return time ? format_rfc3339(*time) : "none";
}

TEST(Timestamp, Text) {
  EXPECT_EQ(read("2017-03-27T13:06:56Z"), "2017-03-27T13:06:56Z");
  EXPECT_EQ(read("2017-03-27t13:06:56z"), "2017-03-27T13:06:56Z");
  EXPECT_EQ(read("2017-03-27T13:06:56.000+0200"), "2017-03-27T11:06:56Z");
  EXPECT_EQ(read("2017-03-27T13:06:56.123456789-02:30"), "2017-03-27T15:36:56.123456789Z");
  EXPECT_EQ(read("2017-03-27 13:06:56"), "2017-03-27T13:06:56Z");
  EXPECT_EQ(read("2017-03-27 13:06:56,25 UTC"), "2017-03-27T13:06:56.25Z");
  EXPECT_EQ(read("2017-03-27 13:06:56 +0200"), "2017-03-27T11:06:56Z");
  EXPECT_EQ(read("2017-03-27T13:06:56", "Europe/Berlin"), "2017-03-27T11:06:56Z");
  EXPECT_EQ(read("2017-03-27T13:06:56Z", "Europe/Berlin"), "2017-03-27T13:06:56Z");
  for (const std::string_view bad :
       {"", "2017-03-27", "2017-03-27T13:06", "2017-02-29T00:00:00Z", "2017-03-27T13:06:56Zx",
        "2017-03-27T13:06:56 ", "2017-03-27T13:06:56 CET", "yesterday", "2017-03-27T13:06:56+25:00",
        "2300-01-01T00:00:00Z", " 2017-03-27T13:06:56Z"})
    EXPECT_EQ(read(bad), "none") << bad;
}

TEST(Timestamp, Epoch) {
  EXPECT_EQ(read("0"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(read("1490620016"), "2017-03-27T13:06:56Z");
  EXPECT_EQ(read("1490620016.25"), "2017-03-27T13:06:56.25Z");
  EXPECT_EQ(read("1490620016.1234567891"), "2017-03-27T13:06:56.123456789Z");
  EXPECT_EQ(read("1490620016123"), "2017-03-27T13:06:56.123Z");
  EXPECT_EQ(read("1490620016123.5"), "2017-03-27T13:06:56.1235Z");
  EXPECT_EQ(read("1490620016123456"), "2017-03-27T13:06:56.123456Z");
  EXPECT_EQ(read("1490620016123456789"), "2017-03-27T13:06:56.123456789Z");
  EXPECT_EQ(read("9223372036854775807"), "2262-04-11T23:47:16.854775807Z");
  for (const std::string_view bad : {"9223372036854775808", "99999999999999999999", "99999999999",
                                     "-1", "1.", ".5", "1e9", "1490620016x", "1490620016 "})
    EXPECT_EQ(read(bad), "none") << bad;
}

// Our arithmetic against the date library's, day by day.
TEST(Civil, EveryDay) {
  int days = 0;
  for (date::sys_days day = date::year{1678} / 1 / 1; day < date::year{2262} / 1 / 1;
       day += date::days(1), ++days) {
    const date::year_month_day ymd(day);
    Civil civil;
    civil.year = static_cast<int>(ymd.year());
    civil.month = static_cast<int>(static_cast<unsigned>(ymd.month()));
    civil.day = static_cast<int>(static_cast<unsigned>(ymd.day()));
    const auto time = to_time(civil, nullptr);
    ASSERT_TRUE(time.has_value());
    ASSERT_EQ(time->time_since_epoch(), Duration(day.time_since_epoch()));
    ASSERT_EQ(year_of(*time), civil.year);
  }
  EXPECT_EQ(days, 213'301);
}

TEST(Utf8, NeedsSanitising) {
  using namespace std::string_view_literals;
  for (const std::string_view good :
       {""sv, "plain"sv, "\xC3\xA9"sv, "\xF0\x9F\x98\x80"sv, "\x01"sv})
    EXPECT_FALSE(needs_sanitising(good));
  for (const std::string_view bad : {"\0"sv, "a\0b"sv, "\xFF"sv, "\xC3"sv, "\xED\xA0\x80"sv,
                                     "a long text, longer than any vector register is: \xE2\x82"sv})
    EXPECT_TRUE(needs_sanitising(bad));
}

}  // namespace
}  // namespace vakt::parse
