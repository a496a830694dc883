#include "parse/civil.h"

#include <date/tz.h>

#include <exception>

namespace vakt::parse {
namespace {

constexpr int kYearMin = 1678;  // what nanoseconds in 64 bits can hold
constexpr int kYearMax = 2261;

// Days since 1970-01-01 in the proleptic Gregorian calendar, for years from 1. March is the first
// month here, so that the leap day comes last.
constexpr std::int64_t days_since_1970(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int m = month <= 2 ? month + 9 : month - 3;
  const int era = y / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year = (153 * m + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return std::int64_t{era} * 146'097 + day_of_era - 719'468;
}
static_assert(days_since_1970(1970, 1, 1) == 0);
static_assert(days_since_1970(2000, 3, 1) == 11'017);
static_assert(days_since_1970(1678, 1, 1) == -106'650);

constexpr bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int days_in_month(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool exists(const Civil& c) {
  return c.year >= kYearMin && c.year <= kYearMax && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
         c.day <= days_in_month(c.year, c.month) && c.hour <= 23 && c.minute <= 59 &&
         c.second <= 60;
}

std::optional<std::int64_t> offset_in(const date::time_zone& zone, std::int64_t local_seconds) {
  try {
    // Ambiguous: the offset before the change gives the earlier instant. Skipped: it gives what the
    // unchanged clock would have shown.
    const date::local_seconds local{std::chrono::seconds(local_seconds)};
    return zone.get_info(local).first.offset.count();
  } catch (const std::exception&) {
    return std::nullopt;  // the zone's file cannot be read
  }
}

}  // namespace

bool read_clock(Cursor& cursor, Civil& civil) {
  Cursor c = cursor;
  if (c.peek(1) == ':' ? !c.digits(1, civil.hour) : !c.digits(2, civil.hour)) return false;
  if (!c.skip(':') || !c.digits(2, civil.minute)) return false;
  if (!c.skip(':') || !c.digits(2, civil.second)) return false;
  civil.nanosecond = 0;
  if ((c.peek() == '.' || c.peek() == ',') && is_digit(c.peek(1))) {
    std::int32_t scale = 100'000'000;
    for (++c.at; !c.done() && is_digit(*c.at); ++c.at) {
      civil.nanosecond += (*c.at - '0') * scale;
      scale /= 10;
    }
  }
  cursor = c;
  return true;
}

bool read_offset(Cursor& cursor, Civil& civil) {
  if (cursor.skip('Z') || cursor.skip('z')) {
    civil.offset_seconds = 0;
    return true;
  }
  Cursor c = cursor;
  const bool minus = c.peek() == '-';
  if (!c.skip('+') && !c.skip('-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!c.digits(2, hours)) return false;
  Cursor after_hours = c;
  c.skip(':');
  if (!c.digits(2, minutes)) c = after_hours;
  if (hours > 23 || minutes > 59) return false;
  const int seconds = hours * 3600 + minutes * 60;
  civil.offset_seconds = minus ? -seconds : seconds;
  cursor = c;
  return true;
}

bool read_iso(Cursor& cursor, bool space_allowed, Civil& civil) {
  Cursor c = cursor;
  if (c.peek(4) != '-') return false;
  if (!c.digits(4, civil.year) || !c.skip('-')) return false;
  if (!c.digits(2, civil.month) || !c.skip('-')) return false;
  if (!c.digits(2, civil.day)) return false;
  if (!c.skip('T') && !c.skip('t') && !(space_allowed && c.skip(' '))) return false;
  if (!read_clock(c, civil)) return false;
  civil.offset_seconds.reset();
  read_offset(c, civil);
  cursor = c;
  return true;
}

std::optional<Time> to_time(const Civil& civil, const date::time_zone* zone) {
  if (!exists(civil)) return std::nullopt;
  std::int64_t seconds = days_since_1970(civil.year, civil.month, civil.day) * 86'400 +
                         civil.hour * 3600 + civil.minute * 60 + civil.second;
  if (civil.offset_seconds) {
    seconds -= *civil.offset_seconds;
  } else if (zone != nullptr) {
    const auto offset = offset_in(*zone, seconds);
    if (!offset) return std::nullopt;
    seconds -= *offset;
  }
  return from_unix_seconds(seconds) + Duration(civil.nanosecond);
}

int year_of(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return static_cast<int>(std::chrono::year_month_day(day).year());
}

}  // namespace vakt::parse
