#include "base/decimal.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace vakt {
namespace {

constexpr int kDecimals = 6;
constexpr std::uint64_t kOne = 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// With an exponent: rare, and as exact as a double.
std::optional<std::int64_t> from_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const double micros = std::round(value * static_cast<double>(kOne));
  if (!(std::abs(micros) < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(micros);
}

}  // namespace

std::optional<std::int64_t> parse_micros(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !(is_digit(text[0]) || text[0] == '.')) return std::nullopt;
  std::int64_t out = 0;
  int decimals = -1;  // read so far; -1: no point yet
  bool any = false;
  const auto push = [&](int digit) {
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    if (out > (kMax - digit) / 10) return false;
    out = out * 10 + digit;
    return true;
  };
  bool round_up = false;
  for (const char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
    } else if (is_digit(c)) {
      any = true;
      if (decimals == kDecimals) {
        round_up = c >= '5';
        ++decimals;
      } else if (decimals < kDecimals) {
        if (!push(c - '0')) return std::nullopt;
        if (decimals >= 0) ++decimals;
      }
    } else if ((c == 'e' || c == 'E') && any) {
      const auto value = from_double(text);
      return value && negative ? -*value : value;
    } else {
      return std::nullopt;
    }
  }
  if (!any) return std::nullopt;
  for (int i = decimals < 0 ? 0 : decimals; i < kDecimals; ++i)
    if (!push(0)) return std::nullopt;
  if (round_up && !(out < std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  out += round_up ? 1 : 0;
  return negative ? -out : out;
}

std::string format_micros(std::int64_t micros) {
  const bool negative = micros < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
  std::string out = fmt::format("{}{}.{:06}", negative ? "-" : "", size / kOne, size % kOne);
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

}  // namespace vakt
