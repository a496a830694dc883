// Base 64 of RFC 4648 section 4, with padding: each string of bytes has exactly one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/sha256.h"

namespace vakt::audit {

inline constexpr std::size_t kBase64BytesMax = 1 << 20;  // of either side

std::string encode_base64(std::string_view bytes);
// nullopt for anything that encode_base64 would not have written: line breaks, missing padding,
// bits set behind the end.
std::optional<std::string> decode_base64(std::string_view text);
std::optional<Digest> decode_base64_digest(std::string_view text);

}  // namespace vakt::audit
