#include "normalise/label_set.h"

#include <fmt/format.h>

#include "base/text.h"

namespace vakt::normalise {
namespace {

bool read_label(const std::string& file, const yaml::Node& node, LabelSet& labels,
                Diagnostics& diagnostics) {
  static const std::vector<std::string_view> kKnown{"product", "category", "service"};
  if (!node.is_map() || node.entries.empty()) {
    diagnostics.push_back(yaml::error_at(
        file, node, "a log source is a map with at least one of product, category, service"));
    return false;
  }
  yaml::refuse_unknown_keys(file, node, kKnown, diagnostics);
  event::LogSource label;
  for (const yaml::Entry& entry : node.entries) {
    if (!entry.value.is_scalar() || entry.value.text.empty()) {
      diagnostics.push_back(
          yaml::error_at(file, entry.value, fmt::format("'{}' is a text", entry.key)));
      return false;
    }
    const std::string text = to_lower(entry.value.text);
    if (entry.key == "product") label.product = text;
    if (entry.key == "category") label.category = text;
    if (entry.key == "service") label.service = text;
  }
  labels.push_back(std::move(label));
  return true;
}

}  // namespace

bool read_labels(const std::string& file, const yaml::Node& node, LabelSet& labels,
                 Diagnostics& diagnostics) {
  if (node.is_map()) return read_label(file, node, labels, diagnostics);
  if (!node.is_sequence()) {
    diagnostics.push_back(yaml::error_at(
        file, node, "'logsource' is a map of product, category and service, or a list of such"));
    return false;
  }
  return std::all_of(node.items.begin(), node.items.end(), [&](const yaml::Node& item) {
    return read_label(file, item, labels, diagnostics);
  });
}

}  // namespace vakt::normalise
