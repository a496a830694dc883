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
  // The rule that a document makes together with what stands before it; null: it is no rule of its
  // own, or was reported. Valid until the next call. Documents must outlive the merger.
  const yaml::Node* merge(const yaml::Node& document, Reporter& reporter);

 private:
  void make_id_unique(yaml::Node& document);

  std::optional<yaml::Node> global_;
  yaml::Node merged_;
  const yaml::Node* previous_ = nullptr;  // a document, or merged_
  std::set<std::string> shared_ids_;      // already taken by a document
};

}  // namespace vakt::rule
