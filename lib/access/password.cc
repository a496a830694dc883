#include "access/password.h"

#include <argon2.h>
#include <fmt/format.h>

#include <algorithm>

#include "access/digest.h"
#include "access/phc.h"
#include "base/check.h"
#include "base/text.h"

namespace vakt::access {
namespace {

Result<void> check_size(std::string_view password) {
  if (password.size() <= kPasswordBytesMax) return {};
  return fail(Errc::too_large,
              fmt::format("the password is longer than {} bytes", kPasswordBytesMax));
}

// Code points of valid UTF-8.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool is_repeated(std::string_view text, std::string_view part) {
  if (part.empty() || text.size() % part.size() != 0) return false;
  for (std::size_t at = 0; at < text.size(); at += part.size())
    if (text.substr(at, part.size()) != part) return false;
  return true;
}

std::uint8_t* unsigned_bytes(std::string& bytes) {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}

// Fills hash.tag, whose size is given, by the other members. argon2's interface wants everything
// as changeable memory; without a flag to clear it, it changes nothing but the tag.
Result<void> compute_tag(PasswordHash& hash, std::string_view password) {
  argon2_context context{};
  context.out = unsigned_bytes(hash.tag);
  context.outlen = static_cast<std::uint32_t>(hash.tag.size());
  context.pwd = reinterpret_cast<std::uint8_t*>(const_cast<char*>(password.data()));
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = unsigned_bytes(hash.salt);
  context.saltlen = static_cast<std::uint32_t>(hash.salt.size());
  context.t_cost = hash.passes;
  context.m_cost = hash.memory_kib;
  context.lanes = hash.lanes;
  context.threads = 1;  // lanes one after the other: lib starts no thread
  context.version = ARGON2_VERSION_13;
  const int status = argon2_ctx(&context, Argon2_id);
  if (status == ARGON2_OK) return {};
  if (status == ARGON2_MEMORY_ALLOCATION_ERROR)
    return fail(
        Errc::unavailable,
        fmt::format("no memory for a password's hash ({} KiB): try again", hash.memory_kib));
  return fail(Errc::invalid,
              fmt::format("argon2 cannot hash the password: {}", argon2_error_message(status)));
}

PasswordHash todays(std::string_view salt) {
  return {kMemoryKib, kPasses, kLanes, std::string(salt), std::string(kTagBytes, '\0')};
}

}  // namespace

Result<void> check_policy(std::string_view password, std::string_view user_name) {
  if (const auto ok = check_size(password); !ok) return ok;
  if (!is_valid_utf8(password)) return fail(Errc::invalid, "the password is not valid UTF-8");
  if (characters(password) < kPasswordCharactersMin)
    return fail(Errc::invalid,
                fmt::format("the password is shorter than {} characters: take a few words",
                            kPasswordCharactersMin));
  std::string lower = to_lower(password);
  const WipeAtEnd wipe(lower);
  if (is_repeated(lower, to_lower(user_name)))
    return fail(Errc::invalid, "the password is the user's name");
  return {};
}

Result<std::string> hash_password(std::string_view password, std::string_view salt) {
  check(salt.size() == kSaltBytes, "a salt of 16 bytes");
  if (const auto ok = check_size(password); !ok) return tl::make_unexpected(ok.error());
  PasswordHash hash = todays(salt);
  if (const auto done = compute_tag(hash, password); !done)
    return tl::make_unexpected(done.error());
  return to_phc(hash);
}

Result<bool> verify_password(std::string_view phc, std::string_view password) {
  const auto stored = parse_phc(phc);
  if (!stored) return tl::make_unexpected(stored.error());
  if (password.size() > kPasswordBytesMax) return false;
  PasswordHash given = *stored;
  const WipeAtEnd wipe(given.tag);
  if (const auto done = compute_tag(given, password); !done)
    return tl::make_unexpected(done.error());
  return equal(given.tag, stored->tag);
}

Result<bool> verify_nobody(std::string_view password) {
  if (password.size() > kPasswordBytesMax) return false;
  PasswordHash hash = todays(std::string(kSaltBytes, '\0'));
  const WipeAtEnd wipe(hash.tag);
  if (const auto done = compute_tag(hash, password); !done)
    return tl::make_unexpected(done.error());
  return false;
}

bool needs_rehash(std::string_view phc) {
  const auto hash = parse_phc(phc);
  return !hash || hash->memory_kib < kMemoryKib || hash->passes < kPasses || hash->lanes < kLanes ||
         hash->salt.size() < kSaltBytes || hash->tag.size() < kTagBytes;
}

}  // namespace vakt::access
