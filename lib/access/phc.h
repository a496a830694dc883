// The text in which a password's hash is stored: the PHC string format of argon2id,
// "$argon2id$v=19$m=19456,t=2,p=1$SALT$TAG" with salt and tag in base64 without padding.
// Parsing allocates next to nothing and refuses what would cost too much to verify, so that
// whoever can write one stored string cannot take the memory or the time of the machine. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vakt::access {

struct PasswordHash {
  std::uint32_t memory_kib = 0;  // m: 8 x lanes to kMemoryKibMax
  std::uint32_t passes = 0;      // t: 1 to kPassesMax
  std::uint32_t lanes = 0;       // p: 1 to kLanesMax
  std::string salt;              // 8 to 64 bytes
  std::string tag;               // 16 to 64 bytes
};

// Room for three doublings of today's memory; about 16 times today's time at the very most.
inline constexpr std::uint32_t kMemoryKibMax = 64 * 1024;
inline constexpr std::uint32_t kPassesMax = 10;
inline constexpr std::uint32_t kLanesMax = 4;

// Exactly one text for every value: other spellings (padding, leading zeros, another order,
// another version) are refused with Errc::corrupt. Messages never quote the string.
Result<PasswordHash> parse_phc(std::string_view text);
std::string to_phc(const PasswordHash& hash);

}  // namespace vakt::access
