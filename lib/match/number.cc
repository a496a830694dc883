#include "match/number.h"

#include <charconv>
#include <chrono>

namespace vakt::match {
namespace {

using rule::Op;
using rule::TimePart;

template <class T>
bool holds(T value, Op op, T wanted) {
  switch (op) {
    case Op::gt:
      return value > wanted;
    case Op::gte:
      return value >= wanted;
    case Op::lt:
      return value < wanted;
    case Op::lte:
      return value <= wanted;
    case Op::equals:
    case Op::startswith:
    case Op::endswith:
    case Op::contains:
      return value == wanted;
  }
  return false;
}

Number number_of(std::int64_t value) {
  return {.text = {}, .integer = value, .real = static_cast<double>(value), .is_integer = true};
}

// The week that holds the year's first Thursday is its first.
std::int64_t iso_week(std::chrono::sys_days day) {
  using namespace std::chrono;
  const weekday w(day);
  const sys_days thursday = day + days(4 - static_cast<int>(w.iso_encoding()));
  const year_month_day date(thursday);
  return (thursday - sys_days(date.year() / January / 1)).count() / 7 + 1;
}

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
  Number out;
  const bool plus = text.starts_with('+');
  const char* begin = text.data() + (plus ? 1 : 0);
  const char* end = text.data() + text.size();
  if (begin == end || (plus && *begin == '-')) return std::nullopt;
  const auto whole = std::from_chars(begin, end, out.integer);
  out.is_integer = whole.ec == std::errc() && whole.ptr == end;
  if (out.is_integer) {
    out.real = static_cast<double>(out.integer);
  } else {
    const auto real = std::from_chars(begin, end, out.real, std::chars_format::general);
    const bool number = (*begin >= '0' && *begin <= '9') || *begin == '-' || *begin == '.';
    if (!number || real.ec != std::errc() || real.ptr != end) return std::nullopt;
    if (!(out.real - out.real == 0)) return std::nullopt;  // -inf, -nan
  }
  return out;
}

bool compare(const Number& value, rule::Op op, const Number& wanted) {
  if (value.is_integer && wanted.is_integer) return holds(value.integer, op, wanted.integer);
  return holds(value.real, op, wanted.real);
}

Number part_of(Time time, rule::TimePart part) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  switch (part) {
    case TimePart::minute:
      return number_of(clock.minutes().count());
    case TimePart::hour:
      return number_of(clock.hours().count());
    case TimePart::day:
      return number_of(static_cast<unsigned>(date.day()));
    case TimePart::week:
      return number_of(iso_week(day));
    case TimePart::month:
      return number_of(static_cast<unsigned>(date.month()));
    case TimePart::year:
      return number_of(static_cast<int>(date.year()));
  }
  return {};
}

}  // namespace vakt::match
