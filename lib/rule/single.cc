// A rule with a detection of its own.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/text.h"
#include "rule/condition.h"
#include "rule/detection.h"
#include "rule/document.h"
#include "rule/identity.h"
#include "rule/inline_test.h"
#include "rule/metadata.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

void collect_fields(const Expr& expr, std::unordered_set<std::string>& seen,
                    std::vector<std::string>& out) {
  const auto add = [&](const std::string& name) {
    if (!name.empty() && seen.insert(name).second) out.push_back(name);
  };
  if (expr.kind == Expr::Kind::test) {
    add(expr.test.field);
    if (expr.test.kind == Test::Kind::field) add(expr.test.pattern);
  }
  for (const Expr& child : expr.children) collect_fields(child, seen, out);
}

// All detections, in file order; a broken one keeps its name: the condition is still checked.
void read_detections(const yaml::Node& node, std::vector<Detection>& out,
                     const LoadOptions& options, Reporter& reporter) {
  DetectionScope scope{options.placeholders};
  for (const yaml::Entry& entry : node.entries) {
    if (entry.key == "condition" || entry.key == "rules") continue;
    if (entry.key == "timeframe") {
      reporter.error(place(entry), "'timeframe' is not supported",
                     "write a correlation rule with a timespan instead");
      continue;
    }
    if (entry.key.size() > kNameBytesMax) {
      reporter.error(place(entry),
                     fmt::format("a detection's name of more than {} bytes", kNameBytesMax));
      continue;
    }
    auto expr = read_detection(entry.value, scope, reporter);
    out.push_back({entry.key, expr ? std::move(*expr) : Expr{}});
    if (out.size() > kDetectionsMax) {
      reporter.error(place(entry), fmt::format("more than {} detections", kDetectionsMax),
                     "split the rule");
      return;
    }
  }
}

void read_quiet(const yaml::Node& quiet, Rule& rule, Reporter& reporter) {
  const auto duration = parse_duration(quiet.text);
  if (!quiet.is_scalar() || !duration || *duration <= Duration(0) || *duration > kTimespanMax) {
    reporter.error(place(quiet), "'quiet' must be a time of at most 366 days",
                   "a number and a unit: 90s, 15m, 1h, 7d");
    return;
  }
  rule.quiet = *duration;
}

void read_custom(const yaml::Node& document, Rule& rule, const LoadOptions& options,
                 Reporter& reporter) {
  const yaml::Node* node = document.find("vakt");
  if (node == nullptr) return;
  if (!node->is_map()) {
    reporter.error(place(*node), "'vakt' must be a map", "for example: vakt: {quiet: 1h}");
    return;
  }
  reporter.refuse_unknown_keys(*node, {"quiet", "risk", "tests"});
  read_risk(*node, rule.meta, reporter);
  if (const yaml::Node* quiet = node->find("quiet"); quiet != nullptr)
    read_quiet(*quiet, rule, reporter);
  if (const yaml::Node* tests = node->find("tests"); tests != nullptr && options.tests)
    rule.tests = read_inline_tests(*tests, rule.logsource, reporter);
}

}  // namespace

// A misspelt part would silently widen the rule to more log sources, so it is refused, while other
// keys are notes for people.
event::LogSource read_logsource(const yaml::Node& document, Reporter& reporter) {
  event::LogSource out;
  const yaml::Node* node = document.find("logsource");
  if (node == nullptr || !node->is_map()) {
    reporter.error(node == nullptr ? place(document) : place(*node),
                   node == nullptr ? "the logsource is missing" : "the logsource must be a map",
                   "name at least one of category, product and service");
    return out;
  }
  constexpr std::array<std::string_view, 3> kParts = {"category", "product", "service"};
  for (const yaml::Entry& entry : node->entries) {
    if (std::find(kParts.begin(), kParts.end(), entry.key) != kParts.end()) continue;
    for (const std::string_view part : kParts)
      if (yaml::edit_distance(to_lower(entry.key), part, 1) <= 1)
        reporter.error(place(entry), "unknown key '" + entry.key + "' in the logsource",
                       fmt::format("did you mean '{}'?", part));
  }
  out.category = to_lower(read_text(*node, "category", reporter));
  out.product = to_lower(read_text(*node, "product", reporter));
  out.service = to_lower(read_text(*node, "service", reporter));
  if (out == event::LogSource{})
    reporter.error(place(*node), "the logsource is empty",
                   "name at least one of category, product and service");
  return out;
}

void read_detection_section(const yaml::Node& section, DetectionSection out,
                            const LoadOptions& options, Reporter& reporter) {
  read_detections(section, out.detections, options, reporter);
  const yaml::Node* condition = section.find("condition");
  if (condition == nullptr) {
    reporter.error(place(section), "the condition is missing",
                   "for example: condition: selection and not filter");
    return;
  }
  ConditionScope scope{out.detections, std::vector<bool>(out.detections.size(), false), 0};
  auto expr = read_condition(*condition, scope, reporter);
  if (!expr) return;
  out.condition = std::move(*expr);
  for (std::size_t i = 0; i < scope.used.size(); ++i) {
    if (scope.used[i]) continue;
    for (const yaml::Entry& entry : section.entries)
      if (entry.key == out.detections[i].name)
        reporter.warn(place(entry), "the condition does not use '" + entry.key + "'",
                      "use it or remove it");
  }
}

std::vector<std::string> fields_of(const std::vector<Detection>& detections) {
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;
  for (const Detection& detection : detections) collect_fields(detection.expr, seen, out);
  return out;
}

Rule read_rule(const yaml::Node& document, Metadata meta, const LoadOptions& options,
               Reporter& reporter) {
  Rule rule;
  rule.meta = std::move(meta);
  rule.logsource = read_logsource(document, reporter);
  const yaml::Node* section = document.find("detection");
  if (section == nullptr || !section->is_map()) {
    reporter.error(section == nullptr ? place(document) : place(*section),
                   section == nullptr ? "the detection is missing" : "the detection must be a map",
                   "it names what to look for, and a condition");
  } else {
    read_detection_section(*section, {rule.detections, rule.condition}, options, reporter);
  }
  read_custom(document, rule, options, reporter);
  if (reporter.failed()) return rule;
  rule.fields = fields_of(rule.detections);
  return rule;
}

}  // namespace vakt::rule
