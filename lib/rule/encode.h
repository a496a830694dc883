// What modifiers make of a text: other spellings and encodings of it. Internal to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rule/rule.h"

namespace vakt::rule {

using Tokens = std::vector<Token>;

// UTF-16 of UTF-8 text, without a byte order mark.
std::string utf16_bytes(std::string_view text, bool big_endian);

std::string base64(std::string_view bytes);
// The part of base64 that is the same whatever follows, for the three positions at which the bytes
// can stand in what was encoded. Shorter texts than three bytes may leave nothing of one of them.
std::vector<std::string> base64_offsets(std::string_view bytes);

// Every spelling of the dashes and slashes that begin an option (`\B[-/]\b`): - / and the dashes
// U+2013, U+2014, U+2015, each on its own. nullopt: more than kSpellingsMax.
std::optional<std::vector<Tokens>> windash(const Tokens& tokens);
inline constexpr std::size_t kSpellingsMax = 3125;

}  // namespace vakt::rule
