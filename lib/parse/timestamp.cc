#include "parse/timestamp.h"

#include <cstdint>

#include "parse/civil.h"

namespace vakt::parse {
namespace {

constexpr std::size_t kDigitsMax = 19;

// Nanoseconds in one unit of an epoch number of this size. Seconds reach the year 5138 and
// milliseconds begin in 1973 here, so that the ranges do not meet in any time that occurs in logs.
std::int64_t unit_ns(std::int64_t whole) {
  if (whole < 100'000'000'000) return 1'000'000'000;
  if (whole < 100'000'000'000'000) return 1'000'000;
  if (whole < 100'000'000'000'000'000) return 1'000;
  return 1;
}

std::optional<Time> parse_epoch(std::string_view text) {
  Cursor c(text);
  std::int64_t whole = 0;
  const char* start = c.at;
  for (; is_digit(c.peek()); ++c.at) {
    if (__builtin_mul_overflow(whole, 10, &whole)) return std::nullopt;
    if (__builtin_add_overflow(whole, *c.at - '0', &whole)) return std::nullopt;
  }
  if (c.at == start || c.since(start).size() > kDigitsMax) return std::nullopt;
  const std::int64_t unit = unit_ns(whole);
  std::int64_t fraction = 0;
  if (c.skip('.')) {
    if (!is_digit(c.peek())) return std::nullopt;
    for (std::int64_t scale = unit / 10; is_digit(c.peek()); ++c.at, scale /= 10)
      fraction += (*c.at - '0') * scale;
  }
  std::int64_t ns = 0;
  if (!c.done() || __builtin_mul_overflow(whole, unit, &ns)) return std::nullopt;
  if (__builtin_add_overflow(ns, fraction, &ns)) return std::nullopt;
  return from_ns(ns);
}

}  // namespace

std::optional<Time> parse_timestamp(std::string_view text, const date::time_zone* zone) {
  Cursor c(text);
  Civil civil;
  if (!read_iso(c, true, civil)) return parse_epoch(text);
  if (!civil.offset_seconds && c.skip(' ')) {
    if (c.skip("UTC") || c.skip("GMT")) {
      civil.offset_seconds = 0;
    } else if (!read_offset(c, civil)) {
      return std::nullopt;
    }
  }
  if (!c.done()) return std::nullopt;
  return to_time(civil, zone);
}

}  // namespace vakt::parse
