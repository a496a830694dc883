// Detections: what stands under a name in a rule's `detection`. Internal to this folder.
//
// A map: all of its fields. A list of maps: any of them. A text or list of texts: keywords, which
// are searched in the whole event. A field's list of values: any, or with the modifier `all` all.
#pragma once

#include <cstddef>
#include <optional>

#include "rule/reporter.h"
#include "rule/rule.h"

namespace vakt::rule {

// What the detections of one rule share.
struct DetectionScope {
  const Placeholders& placeholders;
  std::size_t tests = 0;  // of the rule so far
};

std::optional<Expr> read_detection(const yaml::Node& node, DetectionScope& scope,
                                   Reporter& reporter);

}  // namespace vakt::rule
