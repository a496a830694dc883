#include "access/base62.h"

#include <algorithm>

#include "access/digest.h"
#include "base/check.h"

namespace vakt::access {
namespace {

constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr unsigned kBase = 62;

// Divides the big-endian number in place; the remainder.
unsigned divide(std::string& number) {
  unsigned rest = 0;
  for (char& byte : number) {
    const unsigned value = rest * 256 + static_cast<unsigned char>(byte);
    byte = static_cast<char>(value / kBase);
    rest = value % kBase;
  }
  return rest;
}

// number = number * 62 + digit; false when it no longer fits.
bool append_digit(std::string& number, unsigned digit) {
  unsigned carry = digit;
  for (auto byte = number.rbegin(); byte != number.rend(); ++byte) {
    const unsigned value = static_cast<unsigned char>(*byte) * kBase + carry;
    *byte = static_cast<char>(value & 0xFF);
    carry = value >> 8;
  }
  return carry == 0;
}

}  // namespace

std::string to_base62(std::string_view bytes, std::size_t digits) {
  std::string number(bytes);
  const WipeAtEnd wipe(number);
  std::string out(digits, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit) *digit = kDigits[divide(number)];
  check(std::all_of(number.begin(), number.end(), [](char c) { return c == 0; }), "digits suffice");
  return out;
}

std::optional<std::string> from_base62(std::string_view text, std::size_t bytes) {
  std::string number(bytes, '\0');
  const WipeAtEnd wipe(number);
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos || !append_digit(number, static_cast<unsigned>(digit)))
      return std::nullopt;
  }
  return std::string(number);
}

}  // namespace vakt::access
