#include "match/regex_view.h"

#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace vakt::match {
namespace {

constexpr std::string_view kKelvin = "\xE2\x84\xAA";
constexpr std::string_view kLongS = "\xC5\xBF";
constexpr std::string_view kKelvinStandIn = "\xEF\xB7\x90";
constexpr std::string_view kLongSStandIn = "\xEF\xB7\x91";

bool has_stand_ins(std::string_view text) {
  return text.find(kKelvin) != std::string_view::npos ||
         text.find(kLongS) != std::string_view::npos;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// Every character beyond ASCII becomes one byte.
void narrow(std::string& text) {
  std::size_t kept = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continuation = (byte & 0xC0u) == 0x80u;
    if (!continuation) text[kept++] = byte < 0x80 ? c : '\x80';
  }
  text.resize(kept);
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  std::uint64_t seen = 0;
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    seen |= word;
    text.remove_prefix(8);
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & kHighBits) == 0;
}

std::string_view regex_view(View view, std::string_view value, std::string& scratch) {
  if (is_ascii(value)) return value;
  const bool valid = is_valid_utf8(value);
  if (view == View::wide && valid && !has_stand_ins(value)) return value;
  scratch.clear();
  if (valid) {
    scratch.append(value);
  } else {
    append_sanitised(scratch, value);
  }
  if (view == View::wide) {
    replace_all(scratch, kKelvin, kKelvinStandIn);
    replace_all(scratch, kLongS, kLongSStandIn);
  } else {
    narrow(scratch);
  }
  return scratch;
}

View view_for(std::string_view expression) {
  // Escapes that match within ASCII, or everything beyond it alike.
  constexpr std::string_view kKnownEscapes = "dDsSwWbBAzZtnrf";
  if (!is_ascii(expression)) return View::wide;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] != '\\') continue;
    ++i;
    if (i == expression.size()) return View::wide;
    const char c = expression[i];
    const bool below_128 = c == 'x' && i + 2 < expression.size() && expression[i + 1] >= '0' &&
                           expression[i + 1] <= '7' && is_alphanumeric(expression[i + 2]);
    const bool known = !is_alphanumeric(c) || kKnownEscapes.find(c) != std::string_view::npos;
    if (!known && !below_128) return View::wide;
  }
  return View::narrow;
}

std::string with_stand_ins(std::string_view text) {
  std::string out(text);
  replace_all(out, kKelvin, kKelvinStandIn);
  replace_all(out, kLongS, kLongSStandIn);
  return out;
}

}  // namespace vakt::match
