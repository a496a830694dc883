// Calendar times as records write them, and the reading of them. Used by the parsers of this
// folder. Pure functions, no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace date {
class time_zone;
}

namespace vakt::parse {

// A place in a text. What a method cannot read it leaves where it is.
struct Cursor {
  const char* at;
  const char* end;

  explicit Cursor(std::string_view text) : at(text.data()), end(text.data() + text.size()) {}

  bool done() const { return at == end; }
  char peek(std::size_t ahead = 0) const { return ahead < left() ? at[ahead] : '\0'; }
  std::size_t left() const { return static_cast<std::size_t>(end - at); }
  std::string_view rest() const { return {at, left()}; }
  std::string_view since(const char* start) const {
    return {start, static_cast<std::size_t>(at - start)};
  }
  bool skip(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  bool skip(std::string_view text) {
    if (!rest().starts_with(text)) return false;
    at += text.size();
    return true;
  }
  std::size_t skip_spaces() {
    const char* start = at;
    while (at != end && *at == ' ') ++at;
    return static_cast<std::size_t>(at - start);
  }
  // Everything up to the next space or the end.
  std::string_view word() const {
    const char* p = at;
    while (p != end && *p != ' ') ++p;
    return {at, static_cast<std::size_t>(p - at)};
  }
  bool at_word_end() const { return at == end || *at == ' '; }
  // Exactly `count` digits.
  bool digits(int count, int& value) {
    if (left() < static_cast<std::size_t>(count)) return false;
    int v = 0;
    for (int i = 0; i < count; ++i) {
      const unsigned d = static_cast<unsigned char>(at[i]) - unsigned{'0'};
      if (d > 9) return false;
      v = v * 10 + static_cast<int>(d);
    }
    at += count;
    value = v;
    return true;
  }
};

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Civil {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int32_t nanosecond = 0;
  std::optional<std::int32_t> offset_seconds;  // east of UTC; none: the zone is somebody else's
};

// HH:MM:SS (or H:MM:SS) and a fraction after '.' or ',' (digits after the ninth are dropped).
bool read_clock(Cursor& cursor, Civil& civil);
// Z, +HH:MM, +HHMM or +HH right here. False, and nothing read, where there is none.
bool read_offset(Cursor& cursor, Civil& civil);
// YYYY-MM-DD, 'T' or (where `space_allowed`) one space, a clock, perhaps an offset. Whether such a
// day exists is for to_time() to say.
bool read_iso(Cursor& cursor, bool space_allowed, Civil& civil);

// Nullopt: no such day or hour, or outside 1678..2261. Second 60 is the next minute's first.
// Without an offset `zone` says what is meant (null: UTC): of an hour that came twice the first
// one, and for an hour that a clock change skipped the time as the clock before the change would
// have shown it (02:30 is 03:30).
std::optional<Time> to_time(const Civil& civil, const date::time_zone* zone);

// Year of a UTC time.
int year_of(Time time);

}  // namespace vakt::parse
