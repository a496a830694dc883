// Documents of older Sigma files that share parts: `action: global` gives its parts to all that
// follow, `repeat` takes over the document before, `reset` forgets the global parts. Internal to
// this folder.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "rule/reporter.h"

namespace vakt::rule {

// The documents of one file, in their order.
class ActionMerger {
 public:
  // The rule that a document makes together with what stands before it. nullopt: it is no rule of
  // its own, or was reported.
  std::optional<yaml::Node> merge(const yaml::Node& document, Reporter& reporter);

 private:
  void make_id_unique(yaml::Node& document);

  std::optional<yaml::Node> global_;
  std::optional<yaml::Node> previous_;
  std::set<std::string> shared_ids_;  // already taken by a document
};

}  // namespace vakt::rule
