#include "rule/detection.h"

#include <fmt/format.h>

#include "rule/expr.h"
#include "rule/modifiers.h"

namespace vakt::rule {
namespace {

std::optional<Expr> read_counted(const FieldKey& key, const yaml::Node& value,
                                 DetectionScope& scope, Reporter& reporter) {
  if (++scope.tests > kTestsMax) {
    if (scope.tests == kTestsMax + 1)
      reporter.error(place(value), fmt::format("more than {} values in one rule", kTestsMax),
                     "split the rule");
    return std::nullopt;
  }
  auto out = read_value(key, value, scope.placeholders, reporter);
  // The spellings that a modifier adds are tests as well.
  if (out && out->kind == Expr::Kind::any) scope.tests += out->children.size();
  return out;
}

std::optional<Expr> read_list(const FieldKey& key, const yaml::Node& list, DetectionScope& scope,
                              Reporter& reporter) {
  if (key.has(Modifier::exists)) {
    reporter.error(place(list), "'exists' takes true or false, not a list");
    return std::nullopt;
  }
  if (list.items.empty()) {
    // As pySigma has it; as part of a text it has no meaning.
    reporter.warn(place(list), "an empty list means null", "write null if that is meant");
    yaml::Node null;
    null.line = list.line;
    null.column = list.column;
    return read_counted(key, null, scope, reporter);
  }
  std::vector<Expr> children;
  for (const yaml::Node& item : list.items) {
    if (!item.is_scalar() && !item.is_null()) {
      reporter.error(place(item), "a value must be a text, number, boolean or null",
                     "maps and lists of a field's list have no meaning in Sigma");
      continue;
    }
    if (item.is_null())
      reporter.warn(place(item), "null in a list is not Sigma's standard",
                    "use a detection of its own, and 'or' in the condition");
    if (auto child = read_counted(key, item, scope, reporter))
      children.push_back(std::move(*child));
  }
  return link(key.all ? Expr::Kind::all : Expr::Kind::any, std::move(children));
}

std::optional<Expr> read_field(const yaml::Entry& entry, DetectionScope& scope,
                               Reporter& reporter) {
  const auto key = read_field_key(entry, reporter);
  if (!key) return std::nullopt;
  if (entry.value.is_map()) {
    reporter.error(place(entry), "the value of '" + entry.key + "' is a map",
                   "write nested fields with dots: outer.inner");
    return std::nullopt;
  }
  auto out = entry.value.is_sequence() ? read_list(*key, entry.value, scope, reporter)
                                       : read_counted(*key, entry.value, scope, reporter);
  if (!out || !key->negated) return out;
  return negate(std::move(*out));
}

}  // namespace

std::optional<Expr> read_detection(const yaml::Node& node, DetectionScope& scope,
                                   Reporter& reporter) {
  using Kind = yaml::Node::Kind;
  std::vector<Expr> children;
  switch (node.kind) {
    case Kind::null:
      reporter.error(place(node), "the detection is empty", "give it fields or keywords");
      return std::nullopt;
    case Kind::scalar:
      return read_counted(FieldKey{}, node, scope, reporter);
    case Kind::map:
      for (const yaml::Entry& entry : node.entries)
        if (auto child = read_field(entry, scope, reporter)) children.push_back(std::move(*child));
      break;
    case Kind::sequence:
      for (const yaml::Node& item : node.items) {
        auto child = item.is_null() ? read_counted(FieldKey{}, item, scope, reporter)
                                    : read_detection(item, scope, reporter);
        if (child) children.push_back(std::move(*child));
      }
      break;
  }
  if (node.entries.empty() && node.items.empty()) {
    reporter.error(place(node), "the detection is empty", "give it fields or keywords");
    return std::nullopt;
  }
  return link(node.is_map() ? Expr::Kind::all : Expr::Kind::any, std::move(children));
}

}  // namespace vakt::rule
