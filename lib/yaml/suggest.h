// "Did you mean ...?": the known word nearest to what a person wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vakt::yaml {

// Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
// (bytes). Words longer than 64 bytes, and results above `distance_max`, give distance_max + 1.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t distance_max);

// "did you mean 'listen'?" for the nearest of `known` (a third of the word may differ, two letters
// at most; letter case is free), or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace vakt::yaml
