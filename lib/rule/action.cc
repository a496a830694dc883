#include "rule/action.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vakt::rule {
namespace {

// `over` on top of `base`: maps are merged, anything else is replaced.
void merge_into(yaml::Node& base, const yaml::Node& over) {
  if (!base.is_map() || !over.is_map()) {
    base = over;
    return;
  }
  base.line = over.line;
  base.column = over.column;
  for (const yaml::Entry& entry : over.entries) {
    const auto it = std::find_if(base.entries.begin(), base.entries.end(),
                                 [&](const yaml::Entry& e) { return e.key == entry.key; });
    if (it == base.entries.end()) {
      base.entries.push_back(entry);
    } else {
      it->line = entry.line;
      it->column = entry.column;
      merge_into(it->value, entry.value);
    }
  }
}

void remove(yaml::Node& map, std::string_view key) {
  std::erase_if(map.entries, [&](const yaml::Entry& e) { return e.key == key; });
}

}  // namespace

// Rules that share a global id would be one rule to everybody who refers to it.
void ActionMerger::make_id_unique(yaml::Node& document) {
  for (yaml::Entry& entry : document.entries) {
    if (entry.key != "id" || !entry.value.is_scalar()) continue;
    const std::string id = entry.value.text;
    for (int n = 2; !shared_ids_.insert(entry.value.text).second; ++n)
      entry.value.text = fmt::format("{}#{}", id, n);
  }
}

const yaml::Node* ActionMerger::merge(const yaml::Node& document, Reporter& reporter) {
  const yaml::Node* action = document.find("action");
  if (action == nullptr && !global_) return previous_ = &document;
  yaml::Node own = document;
  remove(own, "action");
  const std::string what = action == nullptr ? "" : action->text;
  if (what == "global") {
    if (!global_) global_.emplace();
    merge_into(*global_, own);
    return nullptr;
  }
  if (what == "reset") {
    global_.reset();
    if (own.entries.empty()) return nullptr;
    merged_ = std::move(own);
    return previous_ = &merged_;
  }
  if (!what.empty() && what != "repeat") {
    reporter.error(place(*action), "unknown action '" + what + "'", "use global, reset or repeat");
    return nullptr;
  }
  if (what == "repeat" && previous_ == nullptr) {
    reporter.error(place(*action), "there is no document before this one to repeat");
    return nullptr;
  }
  yaml::Node merged = what == "repeat" ? *previous_ : global_.value_or(yaml::Node{});
  merge_into(merged, own);
  make_id_unique(merged);
  merged_ = std::move(merged);
  return previous_ = &merged_;
}

}  // namespace vakt::rule
