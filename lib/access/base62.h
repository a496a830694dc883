// Bytes as one number in base 62 (0-9 A-Z a-z), most significant digit first: secrets in tokens and
// cookies. There is exactly one text for every value: a changed text is never the same secret.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vakt::access {

// 32 bytes fit in 43 digits, 4 bytes in 6.
inline constexpr std::size_t kSecretBytes = 32;
inline constexpr std::size_t kSecretDigits = 43;

// Leading zeros fill up to `digits`, which must suffice.
std::string to_base62(std::string_view bytes, std::size_t digits);
// Nullopt: another character, or a number too large for so many bytes.
std::optional<std::string> from_base62(std::string_view text, std::size_t bytes);

}  // namespace vakt::access
