// Filters: exceptions to rules, in documents of their own (Sigma specification 2.1, "Filters").
#include <fmt/format.h>

#include <algorithm>

#include "rule/condition.h"
#include "rule/document.h"
#include "rule/metadata.h"

namespace vakt::rule {
namespace {

// The condition with the detections put in.
Expr inlined(const Expr& expr, const std::vector<Detection>& detections) {
  if (expr.kind == Expr::Kind::detection) return detections.at(expr.detection).expr;
  Expr out = expr;
  for (Expr& child : out.children) child = inlined(child, detections);
  return out;
}

bool has_negation(const Expr& expr) {
  return expr.kind == Expr::Kind::negate ||
         std::any_of(expr.children.begin(), expr.children.end(), has_negation);
}

// A date ends with its day.
std::optional<Time> expiry(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) return time;
  if (const auto day = parse_rfc3339(std::string(text) + "T00:00:00Z"))
    return *day + std::chrono::hours(24);
  return std::nullopt;
}

void read_custom(const yaml::Node& document, Filter& filter, Reporter& reporter) {
  const yaml::Node* node = document.find("vakt");
  if (node == nullptr) return;
  if (!node->is_map()) {
    reporter.error(place(*node), "'vakt' must be a map",
                   "for example: vakt: {owner: soc, reason: scanner, expires: 2026-12-31}");
    return;
  }
  reporter.refuse_unknown_keys(*node, {"owner", "reason", "expires"});
  filter.owner = read_text(*node, "owner", reporter);
  filter.reason = read_text(*node, "reason", reporter);
  const yaml::Node* expires = node->find("expires");
  if (expires == nullptr) return;
  filter.expires = expiry(expires->text);
  if (!filter.expires)
    reporter.error(place(*expires), "'expires' must be a date or time in RFC 3339",
                   "for example 2026-12-31 or 2026-12-31T17:00:00+01:00");
}

void read_references(const yaml::Node& section, UnresolvedFilter& out, Reporter& reporter) {
  const yaml::Node* rules = section.find("rules");
  if (rules == nullptr) {
    reporter.error(place(section), "the filter does not say which rules it is for",
                   "list their ids or names under 'rules', or write 'rules: any'");
    return;
  }
  if (rules->is_scalar() && rules->text == "any") {
    out.any_rule = true;
    return;
  }
  const auto add = [&](const yaml::Node& node) {
    if (node.is_scalar() && !node.text.empty())
      out.references.push_back({node.text, place(node)});
    else
      reporter.error(place(node), "a rule's id or name must be a text");
  };
  if (!rules->is_sequence()) return add(*rules);
  for (const yaml::Node& item : rules->items) add(item);
  if (rules->items.empty()) reporter.error(place(*rules), "the list of rules is empty");
}

}  // namespace

UnresolvedFilter read_filter(const yaml::Node& document, Metadata meta, const LoadOptions& options,
                             Reporter& reporter) {
  UnresolvedFilter out;
  out.at = place(document);
  out.filter.meta = std::move(meta);
  out.logsource = read_logsource(document, reporter);
  read_custom(document, out.filter, reporter);
  const yaml::Node* section = document.find("filter");
  if (section == nullptr || !section->is_map()) {
    reporter.error(section == nullptr ? place(document) : place(*section),
                   "the filter's section 'filter' must be a map",
                   "it names the rules, what to look for, and a condition");
    return out;
  }
  read_references(*section, out, reporter);
  std::vector<Detection> detections;
  Expr condition;
  read_detection_section(*section, {detections, condition}, options, reporter);
  if (reporter.failed()) return out;
  out.filter.keep = inlined(condition, detections);
  if (!has_negation(out.filter.keep))
    reporter.warn(place(*section->find("condition")),
                  "the filter keeps only events that match its selections",
                  "an exception reads: condition: not selection");
  return out;
}

}  // namespace vakt::rule
