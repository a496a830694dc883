// Sets of Sigma log sources, and reading them from YAML: shared by decoder and field map files.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "event/log_source.h"
#include "yaml/node.h"

namespace vakt::normalise {

using LabelSet = std::vector<event::LogSource>;

// Beyond these, rule loading would have no numbers left for its own names and routes.
inline constexpr std::size_t kFieldNamesMax = 60'000;
inline constexpr std::size_t kRoutesMax = 60'000;

inline LabelSet joined(LabelSet a, const LabelSet& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

// Number of a set in `sets`, added when new.
inline std::uint32_t number_of(std::vector<LabelSet>& sets, LabelSet labels) {
  const auto it = std::find(sets.begin(), sets.end(), labels);
  if (it != sets.end()) return static_cast<std::uint32_t>(it - sets.begin());
  sets.push_back(std::move(labels));
  return static_cast<std::uint32_t>(sets.size() - 1);
}

// `node`: a map of product, category and service, or a list of such. False: reported as wrong.
bool read_labels(const std::string& file, const yaml::Node& node, LabelSet& labels,
                 Diagnostics& diagnostics);

}  // namespace vakt::normalise
