#include "parse/civil.h"

#include <gtest/gtest.h>

#include <string>

namespace vakt::parse {
namespace {

// Each byte is told from its 255 neighbours.
TEST(Civil, AClockIsDigitsAndColonsInTheirPlaces) {
  const std::string good = "12:34:56";
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = good;
      text[i] = static_cast<char>(byte);
      SCOPED_TRACE(testing::Message() << "byte " << i << " is " << byte);
      Civil civil;
      Cursor cursor(text);
      const bool fits = good[i] == ':' ? text[i] == ':' : is_digit(text[i]);
      const bool short_hour = i == 0 && text[i] == ':';
      EXPECT_EQ(read_clock(cursor, civil), fits && !short_hour);
      if (!fits) continue;
      EXPECT_TRUE(cursor.done());
      const auto two = [&](std::size_t at) { return std::stoi(text.substr(at, 2)); };
      EXPECT_EQ(civil.hour, two(0));
      EXPECT_EQ(civil.minute, two(3));
      EXPECT_EQ(civil.second, two(6));
    }
}

TEST(Civil, AnHourMayHaveOneDigitAndAClockAFraction) {
  Civil civil;
  Cursor cursor("7:08:09,1234567891 rest");
  ASSERT_TRUE(read_clock(cursor, civil));
  EXPECT_EQ(civil.hour, 7);
  EXPECT_EQ(civil.second, 9);
  EXPECT_EQ(civil.nanosecond, 123'456'789);
  EXPECT_EQ(cursor.rest(), " rest");
}

}  // namespace
}  // namespace vakt::parse
