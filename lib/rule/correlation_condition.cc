// What a correlation asks of its windows: comparisons of a measure, or a formula over its rules.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <utility>

#include "base/decimal.h"
#include "rule/condition.h"
#include "rule/document.h"
#include "rule/expr.h"
#include "rule/metadata.h"

namespace vakt::rule {
namespace {

using Sign = Comparison::Op;

constexpr std::int64_t kOne = 1'000'000;

struct Operator {
  std::string_view key;
  std::string_view sign;
  Sign op;
  // The smallest count that makes sense: a window without an event is never judged.
  std::int64_t least;
};
constexpr std::array<Operator, 6> kOperators = {{{"lt", "<", Sign::lt, 2},
                                                 {"lte", "<=", Sign::lte, 1},
                                                 {"gt", ">", Sign::gt, 0},
                                                 {"gte", ">=", Sign::gte, 1},
                                                 {"eq", "=", Sign::eq, 1},
                                                 {"neq", "!=", Sign::neq, 1}}};

bool is_temporal(CorrelationType type) {
  return type == CorrelationType::temporal || type == CorrelationType::temporal_ordered;
}

bool counts(CorrelationType type) {
  return type == CorrelationType::event_count || type == CorrelationType::value_count ||
         type == CorrelationType::temporal;
}

bool has_field(CorrelationType type) {
  return type != CorrelationType::event_count && !is_temporal(type);
}

void read_value_fields(const yaml::Node& condition, Correlation& out, Reporter& reporter) {
  const yaml::Node* field = condition.find("field");
  if (!has_field(out.type)) {
    if (field != nullptr)
      reporter.error(place(*field), fmt::format("{} has no 'field'", type_name(out.type)),
                     "use type: value_count to count different values");
    return;
  }
  if (field == nullptr || field->is_null()) {
    reporter.error(place(condition), fmt::format("{} needs 'field'", type_name(out.type)),
                   "the field whose values it is about");
    return;
  }
  out.value_fields = read_texts(*field, "'field'", reporter);
  if (out.value_fields.empty() && !reporter.failed())
    reporter.error(place(*field), "'field' names no field");
  if (out.value_fields.size() > kGroupByMax)
    reporter.error(place(*field), fmt::format("more than {} fields in 'field'", kGroupByMax));
  if (out.type != CorrelationType::value_count && out.value_fields.size() > 1)
    reporter.error(place(*field), fmt::format("{} takes one field", type_name(out.type)),
                   "several are counted together by value_count");
  for (const std::string& name : out.value_fields) {
    if (is_of_rule(name) && out.value_fields.size() > 1)
      reporter.error(place(*field), fmt::format("'{}' is no field of events", name),
                     "count it alone");
    if (name == kRuleField && out.type != CorrelationType::value_count)
      reporter.error(place(*field), fmt::format("'{}' is no number", name),
                     fmt::format("use type: value_count, or '{}'", kRiskField));
  }
}

void read_percentile(const yaml::Node& condition, Correlation& out, Reporter& reporter) {
  const yaml::Node* node = condition.find("percentile");
  const bool wanted = out.type == CorrelationType::value_percentile;
  if (!wanted && node != nullptr)
    reporter.error(place(*node), "'percentile' is for value_percentile only", "remove it");
  if (!wanted) return;
  if (node == nullptr) {
    reporter.error(place(condition), "value_percentile needs 'percentile'",
                   "for example: {field: bytes, percentile: 95, gt: 1000}");
    return;
  }
  const auto percent = node->is_scalar() && !node->quoted ? parse_micros(node->text) : std::nullopt;
  if (!percent || *percent <= 0 || *percent > 100 * kOne)
    reporter.error(place(*node), "'percentile' takes a number above 0, at most 100");
  else
    out.percent_micros = *percent;
}

void read_comparison(const Operator& op, const yaml::Node& value, Correlation& out,
                     Reporter& reporter) {
  if (!counts(out.type)) {
    constexpr std::int64_t kMax = 9'000'000'000'000 * kOne;
    const auto micros =
        value.is_scalar() && !value.quoted ? parse_micros(value.text) : std::nullopt;
    if (micros && *micros >= -kMax && *micros <= kMax)
      out.comparisons.push_back({op.op, *micros});
    else
      reporter.error(place(value), fmt::format("'{}' takes a number from -9e12 to 9e12", op.key));
    return;
  }
  const auto number = yaml::as_integer(value);
  if (!number || *number < op.least || *number > static_cast<std::int64_t>(kThresholdMax))
    reporter.error(place(value), fmt::format("'{}' takes a whole number from {} to {}", op.key,
                                             op.least, kThresholdMax));
  else
    out.comparisons.push_back({op.op, *number * kOne});
}

// No number fulfils all of them.
bool contradict(const std::vector<Comparison>& comparisons, std::int64_t step) {
  std::int64_t low = std::numeric_limits<std::int64_t>::min();
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
  for (const Comparison& c : comparisons) {
    if (c.op == Sign::gt) low = std::max(low, c.micros + step);
    if (c.op == Sign::gte || c.op == Sign::eq) low = std::max(low, c.micros);
    if (c.op == Sign::lt) high = std::min(high, c.micros - step);
    if (c.op == Sign::lte || c.op == Sign::eq) high = std::min(high, c.micros);
  }
  const auto excludes = [&](const Comparison& c) { return c.op == Sign::neq && c.micros == low; };
  return low > high ||
         (low == high && std::any_of(comparisons.begin(), comparisons.end(), excludes));
}

void read_comparisons(const yaml::Node& node, std::size_t rules, Correlation& out,
                      Reporter& reporter) {
  const yaml::Entry* lower = nullptr;
  const yaml::Entry* upper = nullptr;
  for (const yaml::Entry& entry : node.entries) {
    if (entry.key == "field" || entry.key == "percentile") continue;
    const auto op = std::find_if(kOperators.begin(), kOperators.end(),
                                 [&](const Operator& o) { return o.key == entry.key; });
    if (op == kOperators.end()) {
      reporter.error(place(entry), "unknown key '" + entry.key + "' in the condition",
                     "use gt, gte, lt, lte, eq or neq, and 'field' for values");
      continue;
    }
    const bool is_lower = op->op == Sign::gt || op->op == Sign::gte;
    const bool is_upper = op->op == Sign::lt || op->op == Sign::lte;
    const yaml::Entry*& other = is_lower ? lower : upper;
    if ((is_lower || is_upper) && other != nullptr) {
      reporter.error(place(entry), fmt::format("'{}' and '{}' together", other->key, entry.key),
                     "keep one of them");
      continue;
    }
    if (is_lower || is_upper) other = &entry;
    read_comparison(*op, entry.value, out, reporter);
  }
  if (reporter.failed()) return;
  if (out.comparisons.empty())
    return reporter.error(place(node), "the condition has no threshold", "for example: gte: 5");
  auto all = out.comparisons;
  if (is_temporal(out.type)) all.push_back({Sign::lte, static_cast<std::int64_t>(rules) * kOne});
  if (contradict(all, counts(out.type) ? kOne : 1))
    reporter.error(place(node), "no number fulfils this condition",
                   is_temporal(out.type) ? fmt::format("the correlation has {} rules", rules)
                                         : "change one of its bounds");
}

// More events never unmake a lower bound of a count: it is judged at once.
void choose_when(Correlation& out) {
  const bool lower_bound = out.comparisons.size() == 1 && (out.comparisons[0].op == Sign::gt ||
                                                           out.comparisons[0].op == Sign::gte);
  out.when_final = !counts(out.type) || !lower_bound;
  if (out.when_final) return;
  const auto number = static_cast<std::uint64_t>(out.comparisons[0].micros / kOne);
  out.threshold = number + (out.comparisons[0].op == Sign::gt ? 1 : 0);
  out.comparisons.clear();
}

bool negates(const Expr& expr) {
  return expr.kind == Expr::Kind::negate ||
         std::any_of(expr.children.begin(), expr.children.end(), negates);
}

// Is there a rule that is not negated?
bool wants(const Expr& expr, bool negated = false) {
  if (expr.kind == Expr::Kind::detection) return !negated;
  const bool below = negated != (expr.kind == Expr::Kind::negate);
  return std::any_of(expr.children.begin(), expr.children.end(),
                     [&](const Expr& child) { return wants(child, below); });
}

void flatten(const Expr& expr, std::vector<Expr>& parts) {
  if (expr.kind != Expr::Kind::all) return parts.push_back(expr);
  for (const Expr& child : expr.children) flatten(child, parts);
}

// The order is of the rules that must be there; those after `not` must not be.
void order_formula(const yaml::Node& node, Correlation& out, Reporter& reporter) {
  const Expr whole = std::move(*out.formula);
  std::vector<Expr> parts;
  flatten(whole, parts);
  std::vector<Expr> absent;
  out.sequence.clear();
  for (const Expr& part : parts) {
    const bool negated = part.kind == Expr::Kind::negate;
    const Expr& member = negated ? part.children.front() : part;
    if (member.kind != Expr::Kind::detection) {
      reporter.error(place(node), "rules in order can be joined by 'and' and 'and not' only",
                     "use type: temporal, or several correlations");
      return;
    }
    if (negated)
      absent.push_back(part);
    else
      out.sequence.push_back(member.detection);
  }
  if (std::adjacent_find(out.sequence.begin(), out.sequence.end(), std::greater_equal<>()) !=
      out.sequence.end())
    reporter.error(place(node), "the order is that of 'rules'",
                   "write each rule once, in that order, or change 'rules'");
  for (const Expr& part : absent)
    if (std::find(out.sequence.begin(), out.sequence.end(), part.children.front().detection) !=
        out.sequence.end())
      reporter.error(place(node), "a rule must be there and must not", "remove one");
  out.formula.reset();
  if (!absent.empty()) out.formula = link(Expr::Kind::all, std::move(absent));
}

// "a and not b"
void read_formula(const yaml::Node& node, const std::vector<Reference>& references,
                  Correlation& out, Reporter& reporter) {
  std::vector<Detection> members;
  for (const Reference& reference : references) members.push_back({reference.name, {}});
  ConditionScope scope{members, std::vector<bool>(members.size()), 0, "rule of the correlation"};
  out.formula = read_condition(node, scope, reporter);
  if (!out.formula) return;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (!scope.used[i])
      reporter.error(references[i].at,
                     "the rule '" + references[i].name + "' is not in the condition",
                     "use it there, or remove it here");
  out.formula_text = node.text;
  if (!wants(*out.formula))
    reporter.error(place(node), "the condition names no rule that must be there",
                   "it is judged when one of its rules matches; absence is a silent source");
  out.when_final = negates(*out.formula);
  if (out.type == CorrelationType::temporal_ordered) order_formula(node, out, reporter);
}

}  // namespace

void read_correlation_condition(const yaml::Node& correlation,
                                const std::vector<Reference>& references, Correlation& out,
                                Reporter& reporter) {
  const yaml::Node* node = correlation.find("condition");
  const bool missing = node == nullptr || node->is_null();
  if (is_temporal(out.type) && out.any_rule)
    reporter.error(place(correlation), fmt::format("{} needs rules by name", type_name(out.type)),
                   "list them; value_count of vakt.rule counts how many different ones hit");
  if (is_temporal(out.type)) {
    out.threshold = references.size();
    for (std::uint32_t i = 0; i < references.size(); ++i)
      if (out.type == CorrelationType::temporal_ordered) out.sequence.push_back(i);
    if (missing) return;
    if (node->is_scalar()) return read_formula(*node, references, out, reporter);
  } else if (missing) {
    reporter.error(place(correlation), "'condition' is missing in the correlation",
                   "for example: condition: {gte: 5}");
    return;
  }
  if (!node->is_map()) {
    reporter.error(place(*node), "the condition of a correlation must be a map",
                   "for example: condition: {gte: 5}");
    return;
  }
  read_comparisons(*node, references.size(), out, reporter);
  read_value_fields(*node, out, reporter);
  read_percentile(*node, out, reporter);
  if (reporter.failed()) return;
  if (out.type == CorrelationType::temporal_ordered) {
    const bool all =
        out.comparisons.size() == 1 && out.comparisons[0].op == Sign::gte &&
        out.comparisons[0].micros == static_cast<std::int64_t>(references.size()) * kOne;
    if (!all)
      reporter.error(place(*node), "temporal_ordered is about all its rules, in order",
                     "remove the condition, or use temporal");
    out.comparisons.clear();
    return;
  }
  choose_when(out);
}

std::string describe_condition(const Correlation& correlation) {
  const bool says_more =
      correlation.when_final || correlation.formula || !correlation.sequence.empty();
  if (!says_more) return {};
  std::string out(type_name(correlation.type));
  constexpr std::size_t kShown = 200;
  if (!correlation.formula_text.empty())
    return out + ": " + correlation.formula_text.substr(0, kShown);
  if (!correlation.value_fields.empty())
    out += fmt::format(" of {}", fmt::join(correlation.value_fields, ", "));
  if (correlation.percent_micros != 0)
    out = fmt::format("{} {}", out, format_micros(correlation.percent_micros));
  std::string_view between = " ";
  for (const Comparison& c : correlation.comparisons)
    for (const Operator& op : kOperators)
      if (op.op == c.op)
        out += fmt::format("{}{} {}", std::exchange(between, " and "), op.sign,
                           format_micros(c.micros));
  return out;
}

}  // namespace vakt::rule
