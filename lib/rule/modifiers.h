// Modifiers of a detection's field, "CommandLine|contains|all". Internal to this folder.
#pragma once

#include <optional>
#include <string>

#include "rule/reporter.h"
#include "rule/rule.h"

namespace vakt::rule {

struct Modifiers {
  enum class Match { equals, contains, startswith, endswith, re, cidr, exists };
  Match match = Match::equals;
  bool all = false;  // values are linked by and
  bool cased = false;
  bool regex_i = false;
  bool regex_m = false;
  bool regex_s = false;
};

struct FieldKey {
  std::string field;  // empty: keywords
  Modifiers modifiers;
};

// Reports and gives nullopt for what is unknown, not supported, or contradicts itself.
std::optional<FieldKey> read_field_key(const yaml::Entry& entry, Reporter& reporter);

// One value (a scalar or null) of such a field.
std::optional<Expr> read_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter);

}  // namespace vakt::rule
