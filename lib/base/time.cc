#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>

namespace vakt {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array<Unit, 8> kUnits{{{"w", 604'800'000'000'000},
                                      {"d", 86'400'000'000'000},
                                      {"h", 3'600'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"s", 1'000'000'000},
                                      {"ms", 1'000'000},
                                      {"us", 1'000},
                                      {"ns", 1}}};

// Exactly `digits` decimal digits from the front of `text`, or nullopt.
std::optional<int> take(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Duration> take_fraction(std::string_view& text) {
  if (!skip(text, ".,")) return Duration(0);
  std::int64_t ns = 0;
  std::int64_t scale = 100'000'000;
  bool any = false;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    ns += (text[0] - '0') * scale;
    scale /= 10;
    any = true;
    text.remove_prefix(1);
  }
  if (!any) return std::nullopt;
  return Duration(ns);
}

std::optional<Duration> take_offset(std::string_view& text) {
  if (skip(text, "Zz")) return Duration(0);
  const bool minus = !text.empty() && text[0] == '-';
  if (!skip(text, "+-")) return std::nullopt;
  const auto hours = take(text, 2);
  skip(text, ":");
  const auto minutes = take(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return minus ? -offset : offset;
}

}  // namespace

std::string format_rfc3339(Time time) {
  // floor() of the very first day would lie outside the range of nanoseconds.
  if (time < kTimeMin + days(1)) time = kTimeMin + days(1);
  const auto day = floor<days>(time);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss hms(time - day);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(ymd.year()),
                  static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                  hms.hours().count(), hms.minutes().count(), hms.seconds().count());
  if (const auto ns = hms.subseconds().count(); ns != 0) {
    out += fmt::format(".{:09}", ns);
    while (out.back() == '0') out.pop_back();
  }
  return out + "Z";
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  const auto year = take(text, 4);
  if (!year || !skip(text, "-")) return std::nullopt;
  const auto month = take(text, 2);
  if (!month || !skip(text, "-")) return std::nullopt;
  const auto day = take(text, 2);
  if (!day || !skip(text, "Tt ")) return std::nullopt;
  const auto hour = take(text, 2);
  if (!hour || !skip(text, ":")) return std::nullopt;
  const auto minute = take(text, 2);
  if (!minute || !skip(text, ":")) return std::nullopt;
  const auto second = take(text, 2);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day ymd(std::chrono::year(*year),
                                        std::chrono::month(static_cast<unsigned>(*month)),
                                        std::chrono::day(static_cast<unsigned>(*day)));
  // A leap second (60) counts as the first second of the next minute.
  if (!ymd.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  if (*year < 1678 || *year > 2261) return std::nullopt;
  return Time(sys_days(ymd)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + *fraction - *offset;
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : kUnits) {
    if (name != unit.name) continue;
    if (value > INT64_MAX / unit.ns) return std::nullopt;
    return Duration(value * unit.ns);
  }
  return std::nullopt;
}

std::string format_duration(Duration duration) {
  const std::int64_t ns = duration.count();
  if (ns == 0) return "0s";
  for (const Unit& unit : kUnits)
    if (ns % unit.ns == 0) return fmt::format("{}{}", ns / unit.ns, unit.name);
  return fmt::format("{}ns", ns);
}

}  // namespace vakt
