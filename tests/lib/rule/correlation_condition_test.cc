#include <gtest/gtest.h>

#include "rule_testing.h"

namespace vakt::rule {
namespace {

using Problems = std::vector<std::string>;
using Op = Comparison::Op;

const char* const kBases =
    "title: a\nid: id-a\nname: a\nlogsource: {product: p}\n"
    "detection: {s: {A: 1}, condition: s}\n---\n"
    "title: b\nname: b\nlogsource: {product: p}\ndetection: {s: {B: 1}, condition: s}\n---\n"
    "title: c\nname: c\nlogsource: {product: p}\ndetection: {s: {C: 1}, condition: s}\n";

// The body of `correlation` is a flow map on line 2, column 14; its rules are a, b and c.
Loaded load_body(const std::string& body) {
  return load_all(
      {{"bases.yml", kBases}, {"c.yml", "title: c\ncorrelation: {" + body + ", timespan: 5m}\n"}});
}

Correlation loaded(const std::string& body) {
  const Loaded got = load_body(body);
  EXPECT_EQ(got.problems, Problems{}) << body;
  return got.set.correlations.size() == 1 ? got.set.correlations[0] : Correlation{};
}

TEST(CorrelationCondition, LowerBoundsOfCountsAreJudgedAtOnce) {
  const struct {
    const char* body;
    std::uint64_t threshold;
  } rows[] = {
      {"type: event_count, rules: [a], condition: {gt: 4}", 5},
      {"type: value_count, rules: [a], condition: {gte: 4, field: [x, y]}", 4},
      {"type: temporal, rules: [a, b, c]", 3},
      {"type: temporal, rules: [a, b, c], condition: {gte: 2}", 2},
  };
  for (const auto& row : rows) {
    const Correlation c = loaded(row.body);
    EXPECT_FALSE(c.when_final) << row.body;
    EXPECT_EQ(c.threshold, row.threshold) << row.body;
    EXPECT_TRUE(c.comparisons.empty()) << row.body;
    EXPECT_EQ(describe_condition(c), "") << row.body;
  }
}

TEST(CorrelationCondition, EverythingElseWaitsForTheWatermark) {
  const struct {
    const char* body;
    std::vector<Comparison> comparisons;
    const char* description;
  } rows[] = {
      {"type: event_count, rules: [a], condition: {lt: 4}",
       {{Op::lt, 4'000'000}},
       "event_count < 4"},
      {"type: event_count, rules: [a], condition: {gt: 4, lte: 10}",
       {{Op::gt, 4'000'000}, {Op::lte, 10'000'000}},
       "event_count > 4 and <= 10"},
      {"type: value_count, rules: [a], condition: {neq: 2, field: x}",
       {{Op::neq, 2'000'000}},
       "value_count of x != 2"},
      {"type: value_sum, rules: [a], condition: {gte: 1.5, field: bytes}",
       {{Op::gte, 1'500'000}},
       "value_sum of bytes >= 1.5"},
      {"type: value_avg, rules: [a], condition: {lt: -3, field: x}",
       {{Op::lt, -3'000'000}},
       "value_avg of x < -3"},
      {"type: value_median, rules: [a], condition: {eq: 0, field: x}",
       {{Op::eq, 0}},
       "value_median of x = 0"},
      {"type: value_percentile, rules: [a], condition: {gt: 9, field: x, percentile: 99.9}",
       {{Op::gt, 9'000'000}},
       "value_percentile of x 99.9 > 9"},
      {"type: temporal, rules: [a, b], condition: {eq: 1}", {{Op::eq, 1'000'000}}, "temporal = 1"},
  };
  for (const auto& row : rows) {
    const Correlation c = loaded(row.body);
    EXPECT_TRUE(c.when_final) << row.body;
    EXPECT_EQ(c.comparisons, row.comparisons) << row.body;
    EXPECT_EQ(describe_condition(c), row.description) << row.body;
  }
}

TEST(CorrelationCondition, Formulas) {
  const Correlation any = loaded("type: temporal, rules: [a, b, c], condition: a and 1 of them");
  EXPECT_TRUE(any.formula);
  EXPECT_FALSE(any.when_final);
  const Correlation without = loaded("type: temporal, rules: [a, b], condition: a and not b");
  EXPECT_TRUE(without.formula);
  EXPECT_TRUE(without.when_final);
  EXPECT_EQ(describe_condition(without), "temporal: a and not b");

  const Correlation ordered = loaded("type: temporal_ordered, rules: [c, a, b]");
  EXPECT_EQ(ordered.sequence, (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_FALSE(ordered.when_final || ordered.formula);
  const Correlation gap =
      loaded("type: temporal_ordered, rules: [c, a, b], condition: c and (not a and b)");
  EXPECT_EQ(gap.sequence, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_TRUE(gap.when_final && gap.formula);
}

TEST(CorrelationCondition, Aliases) {
  const Correlation c = loaded(
      "type: temporal, rules: [a, b], group-by: [address, user], "
      "aliases: {address: {a: src, b: dst}, user: {id-a: name}}");
  EXPECT_EQ(field_of(c, 0, "address"), "src");
  EXPECT_EQ(field_of(c, 1, "address"), "dst");
  EXPECT_EQ(field_of(c, 0, "user"), "name");
  EXPECT_EQ(field_of(c, 1, "user"), "user");
  EXPECT_EQ(fields_of(c), (std::vector<std::string>{"dst", "name", "src", "user"}));
}

// State belongs to what is counted, not to the numbers it is compared with.
TEST(CorrelationCondition, Identity) {
  const auto hash = [](const std::string& body) { return loaded(body).detection_hash; };
  const std::string sum = "type: value_sum, rules: [a, b], condition: ";
  EXPECT_EQ(hash(sum + "{gt: 5, field: x}"), hash(sum + "{gt: 6, field: x}"));
  EXPECT_NE(hash(sum + "{gt: 5, field: x}"), hash(sum + "{lt: 5, field: x}"));
  EXPECT_NE(hash(sum + "{gt: 5, field: x}"), hash(sum + "{gt: 5, field: y}"));
  const std::string count = "type: event_count, condition: ";
  EXPECT_EQ(hash(count + "{gt: 5}, rules: [a, b]"), hash(count + "{gte: 9}, rules: [b, a]"));
  EXPECT_NE(hash(count + "{gt: 5}, rules: [a]"), hash(count + "{lt: 5}, rules: [a]"));
  EXPECT_EQ(hash(count + "{gt: 5, lt: 9}, rules: [a]"), hash(count + "{lt: 8, gt: 6}, rules: [a]"));
  const std::string temporal = "type: temporal, rules: [a, b], condition: ";
  EXPECT_NE(hash(temporal + "a and not b"), hash(temporal + "b and not a"));
  const std::string group = "type: event_count, rules: [a, b], group-by: [x], condition: {gte: 2}";
  EXPECT_NE(hash(group), hash(group + ", aliases: {x: {a: y}}"));
}

TEST(CorrelationCondition, Refusals) {
  const std::string temporal = "type: temporal, rules: [a, b], condition: ";
  const std::string ordered = "type: temporal_ordered, rules: [a, b], condition: ";
  const std::string percentile = "type: value_percentile, rules: [a], condition: ";
  const struct {
    std::string body;
    const char* want;  // after "c.yml:2:"
  } rows[] = {
      {temporal + "a",
       "42: error: the rule 'b' is not in the condition (use it there, or remove it here)"},
      {temporal + "a and x", "63: error: 'x' names no rule of the correlation"},
      {temporal + "{gte: 3}",
       "57: error: no number fulfils this condition (the correlation has 2 rules)"},
      {temporal + "{eq: 5}",
       "57: error: no number fulfils this condition (the correlation has 2 rules)"},
      {temporal + "not a and not b",
       "57: error: the condition names no rule that must be there (it is judged when one of its "
       "rules matches; absence is a silent source)"},
      {"type: temporal, rules: [a, id-a]",
       "42: error: the rule 'id-a' is named twice (remove one)"},
      {ordered + "a or b",
       "65: error: rules in order can be joined by 'and' and 'and not' only (use type: temporal, "
       "or several correlations)"},
      {ordered + "b and a",
       "65: error: the order is that of 'rules' (write each rule once, in that order, or change "
       "'rules')"},
      {ordered + "a and b and not a", "65: error: a rule must be there and must not (remove one)"},
      {"type: value_sum, rules: [a], condition: {gt: 1, field: []}",
       "70: error: 'field' names no field"},
      {"type: value_sum, rules: [a], condition: {gt: 9223372036854.775807, field: x}",
       "60: error: 'gt' takes a number from -9e12 to 9e12"},
      {"type: event_count, rules: [a], condition: {eq: 5, neq: 5}",
       "57: error: no number fulfils this condition (change one of its bounds)"},
      {"type: event_count, rules: [a], group-by: [x], aliases: {x: {a: y, id-a: z}}, condition: "
       "{gte: 1}",
       "81: error: the alias 'x' names a field of 'id-a' twice (remove one)"},
      {ordered + "{gte: 1}",
       "65: error: temporal_ordered is about all its rules, in order (remove the condition, or use "
       "temporal)"},
      {percentile + "{gt: 1, field: x}",
       "62: error: value_percentile needs 'percentile' (for example: {field: bytes, percentile: "
       "95, gt: 1000})"},
      {percentile + "{gt: 1, field: x, percentile: 101}",
       "92: error: 'percentile' takes a number above 0, at most 100"},
      {"type: value_sum, rules: [a], condition: {gt: 1, field: [x, y]}",
       "70: error: value_sum takes one field (several are counted together by value_count)"},
      {"type: value_sum, rules: [a], condition: {gt: '1', field: x}",
       "60: error: 'gt' takes a number from -9e12 to 9e12"},
      {"type: value_sum, rules: [a], condition: {gte: 1, lt: 1, field: x}",
       "55: error: no number fulfils this condition (change one of its bounds)"},
      {"type: event_count, rules: [a], group-by: [x], aliases: {x: {b: y}}, condition: {gte: 1}",
       "75: error: the rule 'b' is not in 'rules' (add it there, or remove it here)"},
      {"type: event_count, rules: [a], aliases: {x: {zz: y}}, condition: {gte: 1}",
       "60: error: no rule has the id or name 'zz'"},
      {"type: event_count, rules: [a], aliases: {x: y}, condition: {gte: 1}",
       "56: error: the alias 'x' must be a map of rules (for example: aliases: {address: {rule_a: "
       "source.ip}})"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_body(row.body);
    EXPECT_EQ(got.problems, Problems{"c.yml:2:" + std::string(row.want)}) << row.body;
    EXPECT_TRUE(got.set.correlations.empty()) << row.body;
  }
}

}  // namespace
}  // namespace vakt::rule
