// Hashes of content: 128-bit XXH3 (not a defence against somebody who crafts collisions).
#pragma once

// Short keys are hashed often: inline.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace vakt {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;
};

inline Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0) {
  const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {h.high64, h.low64};
}

inline std::uint64_t hash64(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// 32 lower-case hexadecimal digits.
std::string to_hex(Hash128 hash);

}  // namespace vakt
