#include "yaml/suggest.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace vakt::yaml {
namespace {

constexpr std::size_t kWordBytesMax = 64;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t distance_max) {
  if (a.size() > kWordBytesMax || b.size() > kWordBytesMax) return distance_max + 1;
  const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > distance_max) return distance_max + 1;
  using Row = std::array<std::size_t, kWordBytesMax + 1>;
  Row before{};  // two rows up, for swaps
  Row above{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return std::min(above[b.size()], distance_max + 1);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string lower = to_lower(word);
  std::size_t nearest = std::min<std::size_t>(2, word.size() / 3) + 1;
  std::string_view best;
  for (const std::string_view candidate : known) {
    if (candidate.empty() || candidate == word) continue;
    const std::size_t distance = edit_distance(lower, to_lower(candidate), 2);
    if (distance < nearest) {
      nearest = distance;
      best = candidate;
    }
  }
  if (best.empty()) return {};
  return "did you mean '" + std::string(best) + "'?";
}

}  // namespace vakt::yaml
