#include "access/phc.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace vakt::access {
namespace {

constexpr std::string_view kStart = "$argon2id$v=19$m=";
constexpr std::size_t kTextBytesMax = 256;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 section 4, without padding.
std::string to_base64(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kDigits[(bits >> (held - 6)) & 63];
  }
  if (held > 0) out += kDigits[(bits << (6 - held)) & 63];
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>((bits >> held) & 0xFF);
  }
  return out;
}

bool skip(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

bool take_number(std::string_view& text, std::uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<PasswordHash> read(std::string_view text) {
  PasswordHash hash;
  if (text.size() > kTextBytesMax || !skip(text, kStart) || !take_number(text, hash.memory_kib) ||
      !skip(text, ",t=") || !take_number(text, hash.passes) || !skip(text, ",p=") ||
      !take_number(text, hash.lanes) || !skip(text, "$"))
    return std::nullopt;
  const std::size_t salt_size = text.find('$');
  if (salt_size == std::string_view::npos) return std::nullopt;
  const auto salt = from_base64(text.substr(0, salt_size));
  const auto tag = from_base64(text.substr(salt_size + 1));
  if (!salt || !tag) return std::nullopt;
  hash.salt = *salt;
  hash.tag = *tag;
  return hash;
}

bool is_between(std::size_t value, std::size_t min, std::size_t max) {
  return value >= min && value <= max;
}

}  // namespace

Result<PasswordHash> parse_phc(std::string_view text) {
  const auto hash = read(text);
  if (!hash || to_phc(*hash) != text)
    return fail(Errc::corrupt,
                "the stored password is not an argon2id hash of version 19: set a new password");
  if (!is_between(hash->lanes, 1, kLanesMax) || !is_between(hash->passes, 1, kPassesMax) ||
      !is_between(hash->memory_kib, 8 * hash->lanes, kMemoryKibMax) ||
      !is_between(hash->salt.size(), 8, 64) || !is_between(hash->tag.size(), 16, 64))
    return fail(Errc::corrupt,
                fmt::format("the stored password asks for m={} KiB, t={}, p={}, a salt of {} and a "
                            "tag of {} bytes, outside of what is verified (m to {}, t to {}, p to "
                            "{}): set a new password",
                            hash->memory_kib, hash->passes, hash->lanes, hash->salt.size(),
                            hash->tag.size(), kMemoryKibMax, kPassesMax, kLanesMax));
  return *hash;
}

std::string to_phc(const PasswordHash& hash) {
  return fmt::format("{}{},t={},p={}${}${}", kStart, hash.memory_kib, hash.passes, hash.lanes,
                     to_base64(hash.salt), to_base64(hash.tag));
}

}  // namespace vakt::access
