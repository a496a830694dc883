#include "base/decimal.h"

#include <gtest/gtest.h>

namespace vakt {
namespace {

TEST(Decimal, ReadsWhatSourcesWrite) {
  EXPECT_EQ(parse_micros("12"), 12'000'000);
  EXPECT_EQ(parse_micros("-0.5"), -500'000);
  EXPECT_EQ(parse_micros("+7.25"), 7'250'000);
  EXPECT_EQ(parse_micros(".5"), 500'000);
  EXPECT_EQ(parse_micros("5."), 5'000'000);
  EXPECT_EQ(parse_micros("1e3"), 1'000'000'000);
  EXPECT_EQ(parse_micros("-2.5E-1"), -250'000);
  EXPECT_EQ(parse_micros("0000000000000000000012"), 12'000'000);
}

TEST(Decimal, RoundsTheSeventhDecimal) {
  EXPECT_EQ(parse_micros("0.1234564"), 123'456);
  EXPECT_EQ(parse_micros("0.1234565"), 123'457);
  EXPECT_EQ(parse_micros("-0.1234565"), -123'457);
  EXPECT_EQ(parse_micros("0.12345649999"), 123'456);
}

TEST(Decimal, RefusesWhatItCannotHold) {
  EXPECT_EQ(parse_micros("9223372036854.775807"), std::numeric_limits<std::int64_t>::max());
  for (const char* text :
       {"", "-", ".", "abc", "1 ", " 1", "0x10", "1.2.3", "1e", "e5", "--1", "9223372036854.775808",
        "9223372036854.7758075", "1e13", "99999999999999", "inf", "nan"})
    EXPECT_EQ(parse_micros(text), std::nullopt) << text;
}

TEST(Decimal, WritesWithoutIdleZeros) {
  EXPECT_EQ(format_micros(12'500'000), "12.5");
  EXPECT_EQ(format_micros(-1), "-0.000001");
  EXPECT_EQ(format_micros(7'000'000), "7");
  EXPECT_EQ(format_micros(0), "0");
  EXPECT_EQ(format_micros(std::numeric_limits<std::int64_t>::min()), "-9223372036854.775808");
}

}  // namespace
}  // namespace vakt
