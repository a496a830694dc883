// Conditions: "selection and not 1 of filter_*". Internal to this folder.
//
//   or    = and { "or" and }
//   and   = not { "and" not }
//   not   = { "not" } ( "(" or ")" | of | name )
//   of    = ( "1" | "any" | "all" ) "of" ( "them" | pattern )
//
// Operators in any case; names are case-sensitive. `them`, and patterns that do not start with '_',
// skip names that do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rule/reporter.h"
#include "rule/rule.h"

namespace vakt::rule {

struct ConditionScope {
  const std::vector<Detection>& detections;
  std::vector<bool> used;               // per detection
  std::size_t nodes = 0;                // of all conditions of the rule so far
  std::string_view kind = "detection";  // what the names are of, for messages
};

// `node` is a text or a list of texts, joined by or.
std::optional<Expr> read_condition(const yaml::Node& node, ConditionScope& scope,
                                   Reporter& reporter);

}  // namespace vakt::rule
