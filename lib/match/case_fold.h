// Unicode's simple case folding (CaseFolding.txt status C and S, Unicode 14) for letters outside
// ASCII, with one rule of our own: ASCII letters fold only among themselves. So K does not equal
// the Kelvin sign U+212A, nor s the long s U+017F. A table of facts; both engines may use it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vakt::match {

// The letter that stands for all of its cases; itself where it has none.
char32_t fold(char32_t letter);

// All letters with the same fold, itself included, ascending.
std::vector<char32_t> case_variants(char32_t letter);

// The code points of valid UTF-8.
std::u32string decode_utf8(std::string_view text);

}  // namespace vakt::match
