// Modifiers of a detection's field, "CommandLine|contains|all". Internal to this folder.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rule/reporter.h"
#include "rule/rule.h"

namespace vakt::rule {

// Those that say what to do with a value; the others (all, cased, neq, i, m, s) are flags.
enum class Modifier : std::uint8_t {
  contains,
  startswith,
  endswith,  // where in the field's value
  windash,
  wide,
  utf16,
  utf16be,
  base64,
  base64offset,  // change the text
  expand,        // placeholders
  re,
  cidr,
  exists,
  fieldref,  // another kind of value
  gt,
  gte,
  lt,
  lte,  // compare numbers
  minute,
  hour,
  day,
  week,
  month,
  year,  // of a time
};

struct FieldKey {
  std::string field;            // empty: keywords
  std::vector<Modifier> chain;  // in the order written
  bool all = false;             // values are linked by and
  bool negated = false;         // neq: none of the values (with all: not all of them)
  bool cased = false;
  bool regex_i = false;
  bool regex_m = false;
  bool regex_s = false;

  bool has(Modifier m) const;
};

// Reports and gives nullopt for what is unknown or contradicts itself.
std::optional<FieldKey> read_field_key(const yaml::Entry& entry, Reporter& reporter);

// One value (a scalar or null) of such a field.
std::optional<Expr> read_value(const FieldKey& key, const yaml::Node& value,
                               const Placeholders& placeholders, Reporter& reporter);

}  // namespace vakt::rule
