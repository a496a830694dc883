// SHA-256, the one hash of the audit log. Pure; OpenSSL failing is a bug or no memory, and aborts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace vakt::audit {

using Digest = std::array<std::uint8_t, 32>;

// Of the parts one after the other. Nothing marks where a part ends: give all but the last a
// fixed length.
Digest sha256(std::initializer_list<std::string_view> parts);

// 64 lower-case hexadecimal digits, and nothing else.
std::string to_hex(const Digest& digest);
std::optional<Digest> parse_hex(std::string_view text);

// Exactly 32 bytes.
std::optional<Digest> to_digest(std::string_view bytes);

// The bytes of a digest, a key or a signature; valid as long as the array.
template <std::size_t N>
std::string_view view(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), N};
}

}  // namespace vakt::audit
