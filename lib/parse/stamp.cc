#include "parse/stamp.h"

#include <chrono>
#include <cstring>

namespace vakt::parse {
namespace {

constexpr int kLeapYearGapMax = 8;  // 1896 to 1904

// 1..12, or 0. Any case.
int month_number(const char* p) {
  const auto key = [](char a, char b, char c) {
    return (a | 0x20) << 16 | (b | 0x20) << 8 | (c | 0x20);
  };
  switch (key(p[0], p[1], p[2])) {
    case 'j' << 16 | 'a' << 8 | 'n':
      return 1;
    case 'f' << 16 | 'e' << 8 | 'b':
      return 2;
    case 'm' << 16 | 'a' << 8 | 'r':
      return 3;
    case 'a' << 16 | 'p' << 8 | 'r':
      return 4;
    case 'm' << 16 | 'a' << 8 | 'y':
      return 5;
    case 'j' << 16 | 'u' << 8 | 'n':
      return 6;
    case 'j' << 16 | 'u' << 8 | 'l':
      return 7;
    case 'a' << 16 | 'u' << 8 | 'g':
      return 8;
    case 's' << 16 | 'e' << 8 | 'p':
      return 9;
    case 'o' << 16 | 'c' << 8 | 't':
      return 10;
    case 'n' << 16 | 'o' << 8 | 'v':
      return 11;
    case 'd' << 16 | 'e' << 8 | 'c':
      return 12;
    default:
      return 0;
  }
}

bool ends_here(const Cursor& c) {
  return c.at_word_end() || (c.peek() == ':' && (c.left() == 1 || c.peek(1) == ' '));
}

bool read_year(Cursor& cursor, Civil& civil) {
  Cursor c = cursor;
  int year = 0;
  if (!c.digits(4, year) || year < 1970 || year > 2261 || !ends_here(c)) return false;
  civil.year = year;
  cursor = c;
  return true;
}

// A zone's letters. UTC and GMT are what they say; other abbreviations are ambiguous (CST, IST), so
// they are only recognised where nothing else can be meant, and the configured zone is used.
bool read_zone_letters(Cursor& cursor, bool cisco, Civil& civil) {
  Cursor c = cursor;
  while (!c.done() && *c.at >= 'A' && *c.at <= 'Z') ++c.at;
  const std::string_view letters = c.since(cursor.at);
  if (letters.size() < 3 || letters.size() > 5 || !ends_here(c)) return false;
  const bool utc = letters == "UTC" || letters == "GMT";
  Cursor after = c;
  const bool year_follows = after.skip(' ') && read_year(after, civil);
  const bool message_follows = c.rest().starts_with(": %");
  if (!utc && !cisco && !year_follows && !message_follows) return false;
  if (utc) civil.offset_seconds = 0;
  cursor = c;
  return true;
}

// What may stand between the clock and the end of the stamp: an offset, a zone, a year.
void read_after_clock(Cursor& cursor, bool cisco, bool has_year, Civil& civil, bool& year_found) {
  year_found = has_year;
  if (read_offset(cursor, civil)) return;
  Cursor c = cursor;
  if (c.skip_spaces() == 0) return;
  const char first = c.peek();
  if (first == '+' || first == '-') {
    if (read_offset(c, civil) && ends_here(c)) {
      cursor = c;
    } else {
      civil.offset_seconds.reset();
    }
    return;
  }
  if (first >= 'A' && first <= 'Z' && read_zone_letters(c, cisco, civil)) {
    cursor = c;
    if (c.skip_spaces() == 0) return;
  }
  if (!has_year && is_digit(c.peek()) && read_year(c, civil)) {
    year_found = true;
    cursor = c;
  }
}

bool read_month_and_day(Cursor& c, Civil& civil) {
  if (c.left() < 3) return false;
  civil.month = month_number(c.at);
  if (civil.month == 0) return false;
  c.at += 3;
  if (c.skip_spaces() == 0) return false;
  return is_digit(c.peek(1)) ? c.digits(2, civil.day) : c.digits(1, civil.day);
}

bool read_bsd(Cursor& cursor, Civil& civil, bool& has_year) {
  Cursor c = cursor;
  const bool cisco = c.skip('*') || c.skip('.');
  has_year = is_digit(c.peek()) && read_year(c, civil) && c.skip_spaces() > 0;  // Nexus
  if (!read_month_and_day(c, civil) || c.skip_spaces() == 0) return false;
  if (!has_year && c.peek(4) == ' ' && read_year(c, civil)) {
    has_year = true;
    c.skip_spaces();
  }
  if (!read_clock(c, civil)) return false;
  read_after_clock(c, cisco, has_year, civil, has_year);
  if (!ends_here(c)) return false;
  cursor = c;
  return true;
}

void guess_year(Civil civil, const SyslogContext& context, Stamp& stamp) {
  const Time latest = context.received > kTimeMax - std::chrono::hours(24)
                          ? kTimeMax
                          : context.received + std::chrono::hours(24);
  // East of Greenwich a new year begins earlier.
  const bool ahead = civil.month == 1 && civil.day == 1;
  civil.year = year_of(latest) + (ahead ? 1 : 0);
  for (int i = 0; i <= kLeapYearGapMax + 1; ++i, --civil.year) {
    const auto time = to_time(civil, context.zone);
    if (!time || *time > latest) continue;
    stamp.time = *time;
    stamp.has_time = true;
    stamp.year_guessed = true;
    return;
  }
}

void set_time(Civil civil, bool has_year, const SyslogContext& context, Stamp& stamp) {
  if (!has_year && !context.year) return guess_year(civil, context, stamp);
  if (!has_year) civil.year = *context.year;
  if (const auto time = to_time(civil, context.zone)) {
    stamp.time = *time;
    stamp.has_time = true;
  }
}

// Nothing that begins with a small letter can belong to a time, so that all of it is in the memo.
bool is_memorable(const char* at, std::size_t left) {
  return left > BsdMemo::kBytes && at[BsdMemo::kBytes - 1] == ' ' && at[BsdMemo::kBytes] >= 'a' &&
         at[BsdMemo::kBytes] <= 'z';
}

bool recall(Cursor& cursor, const SyslogContext& context, Stamp& stamp) {
  const BsdMemo& memo = *context.memo;
  if (!is_memorable(cursor.at, cursor.left()) ||
      std::memcmp(memo.text.data(), cursor.at, BsdMemo::kBytes) != 0 ||
      memo.received != context.received || memo.year != context.year || memo.zone != context.zone)
    return false;
  stamp = {{cursor.at, BsdMemo::kBytes - 1}, memo.has_time, memo.year_guessed, false, memo.time};
  cursor.at += BsdMemo::kBytes - 1;
  return true;
}

void memorise(const Cursor& start, const SyslogContext& context, const Stamp& stamp) {
  if (stamp.text.size() != BsdMemo::kBytes - 1 || !is_memorable(start.at, start.left())) return;
  BsdMemo& memo = *context.memo;
  std::memcpy(memo.text.data(), start.at, BsdMemo::kBytes);
  memo.received = context.received;
  memo.year = context.year;
  memo.zone = context.zone;
  memo.time = stamp.time;
  memo.has_time = stamp.has_time;
  memo.year_guessed = stamp.year_guessed;
}

}  // namespace

bool read_stamp(Cursor& cursor, const SyslogContext& context, Stamp& stamp) {
  if (context.memo != nullptr && recall(cursor, context, stamp)) return true;
  Cursor c = cursor;
  Civil civil;
  bool has_year = true;
  const bool iso = is_digit(c.peek()) && read_iso(c, true, civil) && ends_here(c);
  if (!iso) {
    c = cursor;
    civil = Civil();
    if (!read_bsd(c, civil, has_year)) return false;
  }
  stamp = Stamp();
  stamp.text = c.since(cursor.at);
  set_time(civil, has_year, context, stamp);
  // " : " is how Cisco's XR and FTD set it off.
  Cursor colon = c;
  colon.skip_spaces();
  stamp.colon = colon.skip(':') && colon.at_word_end();
  if (stamp.colon) c = colon;
  if (context.memo != nullptr) memorise(cursor, context, stamp);
  cursor = c;
  return true;
}

}  // namespace vakt::parse
