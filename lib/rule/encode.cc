#include "rule/encode.h"

#include <array>
#include <cstdint>

#include "base/text.h"
#include "rule/value.h"

namespace vakt::rule {
namespace {

constexpr std::array<std::string_view, 5> kDashes = {"-", "/", "\u2013", "\u2014", "\u2015"};

void append_unit(std::string& out, std::uint32_t unit, bool big_endian) {
  const char low = static_cast<char>(unit & 0xFF);
  const char high = static_cast<char>(unit >> 8);
  out += big_endian ? high : low;
  out += big_endian ? low : high;
}

// A letter, digit or underscore; beyond ASCII anything but general punctuation.
bool is_word(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80)
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_';
  // U+2000 to U+206F are E2 80 80 to E2 81 AF.
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return !(text.substr(at).starts_with("\xE2\x80") || text.substr(at).starts_with("\xE2\x81"));
}

bool begins_option(std::string_view text, std::size_t at) {
  if (text[at] != '-' && text[at] != '/') return false;
  const bool bare_before = at == 0 || !is_word(text, at - 1);
  return bare_before && at + 1 < text.size() && is_word(text, at + 1);
}

}  // namespace

std::string utf16_bytes(std::string_view text, bool big_endian) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    // Rules are valid UTF-8 (yaml/node.h).
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t letter = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
    for (std::size_t k = 1; k < bytes && i + k < text.size(); ++k)
      letter = letter << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    i += bytes;
    if (letter >= 0x10000) {
      append_unit(out, 0xD800 + ((letter - 0x10000) >> 10), big_endian);
      append_unit(out, 0xDC00 + ((letter - 0x10000) & 0x3FF), big_endian);
    } else {
      append_unit(out, letter, big_endian);
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > bytes.size();
      out += padding ? '=' : kAlphabet[group >> (18 - 6 * k) & 0x3F];
    }
  }
  return out;
}

std::vector<std::string> base64_offsets(std::string_view bytes) {
  constexpr std::array<std::size_t, 3> kCutFront = {0, 2, 3};
  constexpr std::array<std::size_t, 3> kCutBack = {0, 3, 2};  // by the length modulo 3
  std::vector<std::string> out;
  for (std::size_t offset = 0; offset < 3; ++offset) {
    const std::string encoded = base64(std::string(offset, ' ').append(bytes));
    const std::size_t back = kCutBack[(bytes.size() + offset) % 3];
    if (encoded.size() <= kCutFront[offset] + back) continue;
    out.push_back(encoded.substr(kCutFront[offset], encoded.size() - kCutFront[offset] - back));
  }
  return out;
}

std::optional<std::vector<Tokens>> windash(const Tokens& tokens) {
  std::vector<Tokens> out(1);
  const auto append = [&](Token::Kind kind, std::string_view text) {
    for (Tokens& spelling : out) append_token(spelling, {kind, std::string(text)});
  };
  for (const Token& token : tokens) {
    if (token.kind != Token::Kind::literal) {
      append(token.kind, {});
      continue;
    }
    std::size_t from = 0;
    for (std::size_t i = 0; i < token.text.size(); ++i) {
      if (!begins_option(token.text, i)) continue;
      append(Token::Kind::literal, std::string_view(token.text).substr(from, i - from));
      from = i + 1;
      if (out.size() * kDashes.size() > kSpellingsMax) return std::nullopt;
      std::vector<Tokens> more;
      for (const Tokens& spelling : out) {
        for (const std::string_view dash : kDashes) {
          append_token(more.emplace_back(spelling), {Token::Kind::literal, std::string(dash)});
        }
      }
      out = std::move(more);
    }
    append(Token::Kind::literal, std::string_view(token.text).substr(from));
  }
  return out;
}

}  // namespace vakt::rule
