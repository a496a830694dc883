#include <gtest/gtest.h>

#include "rule_testing.h"

namespace vakt::rule {
namespace {

using Problems = std::vector<std::string>;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const char* const kBase =
    "title: base\nid: id-a\nname: a\nlogsource: {product: p}\n"
    "detection: {s: {A: 1}, condition: s}\n";
const char* const kOther =
    "title: other\nid: id-b\nname: b\nlogsource: {product: p}\n"
    "detection: {s: {B: 1}, condition: s}\n";

// A correlation document around the body of `correlation`, a flow map on line 2, column 14.
std::string correlation(const std::string& body, const std::string& more = "") {
  return "title: c\ncorrelation: {" + body + "}\n" + more;
}

Loaded load_with(const std::string& document) {
  return load_all({{"a.yml", kBase}, {"b.yml", kOther}, {"c.yml", document}});
}

TEST(Correlation, EventCount) {
  const Loaded got = load_with(correlation(
      "type: event_count, rules: [a, id-b], group-by: [source.ip, user.name], timespan: 5m, "
      "condition: {gte: 10}",
      "id: id-c\nlevel: high\ngenerate: true\n"));
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.correlations.size(), 1u);
  const Correlation& c = got.set.correlations[0];
  EXPECT_EQ(c.type, CorrelationType::event_count);
  EXPECT_EQ(c.members, (std::vector<Member>{{false, 0}, {false, 1}}));
  EXPECT_EQ(c.group_by, (std::vector<std::string>{"source.ip", "user.name"}));
  EXPECT_EQ(c.timespan, minutes(5));
  EXPECT_EQ(c.threshold, 10u);
  EXPECT_TRUE(c.value_fields.empty());
  EXPECT_TRUE(c.generate);
  EXPECT_EQ(c.meta.id, "id-c");
  EXPECT_EQ(c.meta.level, Level::high);
  EXPECT_EQ(c.meta.file, "c.yml");
}

TEST(Correlation, ValueCount) {
  const Loaded got = load_with(correlation(
      "type: value_count, rules: a, group-by: source.ip, timespan: 1h, condition: {gt: 4, field: "
      "user.name}"));
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.correlations.size(), 1u);
  const Correlation& c = got.set.correlations[0];
  EXPECT_EQ(c.type, CorrelationType::value_count);
  EXPECT_EQ(c.group_by, std::vector<std::string>{"source.ip"});
  EXPECT_EQ(c.threshold, 5u);
  EXPECT_EQ(c.value_fields, std::vector<std::string>{"user.name"});
  EXPECT_FALSE(c.generate);
  EXPECT_EQ(c.meta.id, "c.yml");
  EXPECT_EQ(c.meta.level, Level::medium);
}

TEST(Correlation, GroupByIsOptional) {
  const Loaded got =
      load_with(correlation("type: event_count, rules: [a], timespan: 1d, condition: {gt: 0}"));
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.correlations.size(), 1u);
  EXPECT_EQ(got.set.correlations[0].threshold, 1u);
  EXPECT_TRUE(got.set.correlations[0].group_by.empty());
}

TEST(Correlation, Timespans) {
  const struct {
    const char* text;
    Duration want;  // zero: refused
  } rows[] = {
      {"1s", seconds(1)},
      {"90s", seconds(90)},
      {"5m", minutes(5)},
      {"36h", hours(36)},
      {"7d", hours(168)},
      {"2w", hours(336)},
      {"366d", hours(8784)},
      {"367d", {}},
      {"0s", {}},
      {"5", {}},
      {"5M", {}},
      {"1y", {}},
      {"1h30m", {}},
      {"5ms", {}},
      {"-5m", {}},
      {"1.5h", {}},
      {"5 m", {}},
      {"m", {}},
      {"''", {}},
      {"[5m]", {}},
      {"99999999999999999999d", {}},
  };
  for (const auto& row : rows) {
    const Loaded got = load_with(correlation(
        "type: event_count, rules: [a], condition: {gte: 1}, timespan: " + std::string(row.text)));
    ASSERT_EQ(got.set.correlations.size(), row.want == Duration{} ? 0u : 1u) << row.text;
    if (row.want == Duration{}) continue;
    EXPECT_EQ(got.set.correlations[0].timespan, row.want) << row.text;
  }
}

TEST(Correlation, Refusals) {
  const std::string rest = ", rules: [a], timespan: 5m, condition: {gte: 1}";
  const std::string count = "type: event_count, rules: [a], timespan: 5m, condition: ";
  const std::string values = "type: value_count, rules: [a], timespan: 5m, condition: ";
  const struct {
    std::string document;
    const char* want;  // after "c.yml:"
  } rows[] = {
      {correlation("type: temporal_extended" + rest),
       "2:21: error: unknown correlation type 'temporal_extended' (use temporal or "
       "temporal_ordered, with a condition like 'a and not b')"},
      {correlation("type: event_cuont" + rest),
       "2:21: error: unknown correlation type 'event_cuont' (did you mean 'event_count'?)"},
      {correlation("rules: [a], timespan: 5m, condition: {gte: 1}"),
       "2:14: error: 'type' is missing in the correlation (use one of event_count, value_count, "
       "temporal, temporal_ordered, value_sum, value_avg, value_percentile, value_median)"},
      {correlation("type: event_count, timespan: 5m, condition: {gte: 1}"),
       "2:14: error: 'rules' is missing in the correlation (list the ids or names of rules)"},
      {correlation("type: event_count, rules: [], timespan: 5m, condition: {gte: 1}"),
       "2:41: error: the correlation names no rules (list their ids or names)"},
      {correlation("type: event_count, rules: [a], condition: {gte: 1}"),
       "2:14: error: 'timespan' is missing in the correlation (a whole number and one of s, m, h, "
       "d, w: 90s, 5m, 1h)"},
      {correlation("type: event_count, rules: [a], timespan: 5m"),
       "2:14: error: 'condition' is missing in the correlation (for example: condition: {gte: "
       "5})"},
      {correlation("type: event_count, group_by: [x]" + rest),
       "2:34: error: unknown key 'group_by' (did you mean 'group-by'?)"},
      {correlation("type: event_count, group-by: [x, x]" + rest),
       "2:44: error: 'x' is twice in 'group-by' (remove one)"},
      {correlation(count + "{lt: 1}"),
       "2:76: error: 'lt' takes a whole number from 2 to 1000000000"},
      {correlation(count + "{gt: 4, lt: 5}"),
       "2:71: error: no number fulfils this condition (change one of its bounds)"},
      {correlation(count + "{gt: 1, gte: 5}"),
       "2:79: error: 'gt' and 'gte' together (keep one of them)"},
      {correlation(count + "{ge: 1}"),
       "2:72: error: unknown key 'ge' in the condition (use gt, gte, lt, lte, eq "
       "or neq, and 'field' for values)"},
      {correlation(count + "{}"),
       "2:71: error: the condition has no threshold (for example: gte: 5)"},
      {correlation(count + "a and b"),
       "2:71: error: the condition of a correlation must be a map "
       "(for example: condition: {gte: 5})"},
      {correlation(count + "{gte: 0}"),
       "2:77: error: 'gte' takes a whole number from 1 to 1000000000"},
      {correlation(count + "{gte: 1.5}"),
       "2:77: error: 'gte' takes a whole number from 1 to 1000000000"},
      {correlation(count + "{gt: -1}"),
       "2:76: error: 'gt' takes a whole number from 0 to 1000000000"},
      {correlation(count + "{gte: '5'}"),
       "2:77: error: 'gte' takes a whole number from 1 to 1000000000"},
      {correlation(count + "{gte: 1, field: x}"),
       "2:87: error: event_count has no 'field' (use type: value_count to count different values)"},
      {correlation(values + "{gte: 1}"),
       "2:71: error: value_count needs 'field' (the field whose values it is about)"},
      {correlation("type: event_count, generate: maybe" + rest),
       "2:44: error: 'generate' takes true or false"},
      {correlation("type: event_count" + rest, "detection: {}\n"),
       "3:1: error: a correlation has no detection (put it in a document of its own, after a line "
       "with ---)"},
      {correlation("type: event_count" + rest, "vakt: {quiet: 1h}\n"),
       "3:15: error: 'quiet' is for rules with a detection of their own (the timespan of a "
       "correlation is its quiet period)"},
      {"title: c\ntype: correlation\n",
       "1:1: error: 'correlation' must be a map with type, rules, "
       "timespan and condition"},
      {"title: c\ncorrelation: x\n",
       "2:14: error: 'correlation' must be a map with type, rules, "
       "timespan and condition"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_with(row.document);
    EXPECT_EQ(got.problems, Problems{"c.yml:" + std::string(row.want)}) << row.document;
    EXPECT_TRUE(got.set.correlations.empty()) << row.document;
  }
}

TEST(Correlation, References) {
  const auto referring = [](const std::string& rules) {
    return "title: c\nname: c\ncorrelation:\n  type: event_count\n  rules: " + rules +
           "\n  timespan: 5m\n  condition: {gte: 1}\n";
  };
  const std::string retired =
      "---\ntitle: old\nname: old\nstatus: deprecated\n---\ntitle: bad\nname: bad\n";
  const struct {
    std::string document;
    Problems want;
    std::size_t correlations;
  } rows[] = {
      {referring("[a, zzz]"), {"c.yml:5:14: error: no rule has the id or name 'zzz'"}, 0},
      {referring("[id-a, c.yml]"), {"c.yml:5:17: error: no rule has the id or name 'c.yml'"}, 0},
      {referring("[a, id-a]"),
       {"c.yml:5:14: warning: the rule 'id-a' is named twice (remove one)"},
       1},
      {referring("[c]"),
       {"c.yml:5:11: error: 'c' counts itself, directly or through others (a chain of correlations "
        "must begin with rules)"},
       0},
      {referring("[old, bad]") + retired,
       {"c.yml:5:11: error: the rule 'old' was left out because of its status (see c.yml:9)",
        "c.yml:5:16: error: the rule 'bad' was left out because of its errors (see c.yml:13)",
        "c.yml:11:9: warning: left out: its status is deprecated",
        "c.yml:13:1: error: the logsource is missing (name at least one of category, product and "
        "service)",
        "c.yml:13:1: error: the detection is missing (it names what to look for, and a "
        "condition)"},
       0},
  };
  for (const auto& row : rows) {
    const Loaded got = load_with(row.document);
    EXPECT_EQ(got.problems, row.want) << row.document;
    EXPECT_EQ(got.set.correlations.size(), row.correlations) << row.document;
  }
}

// The correlation may come before its rules.
TEST(Correlation, OrderOfDocumentsDoesNotMatter) {
  const Loaded got =
      load_one(correlation("type: event_count, rules: [a], timespan: 5m, condition: {gte: 2}") +
               "---\n" + kOther + "---\n" + kBase);
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.correlations.size(), 1u);
  EXPECT_EQ(got.set.correlations[0].members, (std::vector<Member>{{false, 1}}));
}

std::string outer(const std::string& rules, const std::string& more = "") {
  return "title: o\nname: o\ncorrelation:\n  type: temporal\n  rules: " + rules +
         "\n  timespan: 5m\n" + more;
}

std::string inner(const std::string& name, const std::string& rules) {
  return "---\ntitle: i\nname: " + name + "\ncorrelation:\n  type: event_count\n  rules: " + rules +
         "\n  group-by: [x]\n  timespan: 1m\n  condition: {gte: 2}\n";
}

TEST(Correlation, Chains) {
  const Loaded got =
      load_with(outer("[j, b]", "  group-by: [x]\n") + inner("j", "[i]") + inner("i", "[a]"));
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.correlations.size(), 3u);  // members first
  EXPECT_EQ(got.set.correlations[0].meta.name, "i");
  EXPECT_EQ(got.set.correlations[1].members, (std::vector<Member>{{true, 0}}));
  EXPECT_EQ(got.set.correlations[2].members, (std::vector<Member>{{true, 1}, {false, 1}}));
  EXPECT_EQ(base_rules(got.set, got.set.correlations[2]), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Correlation, ChainRefusals) {
  const struct {
    std::string document;
    Problems want;
  } rows[] = {
      {outer("[i, b]", "  group-by: [y]\n") + inner("i", "[a]"),
       {"c.yml:5:11: error: the correlation 'i' does not group by 'y' (add it to its group-by, or "
        "name another field of it in 'aliases')"}},
      {outer("[i, b]", "  group-by: [y]\n  aliases: {y: {i: x}}\n") + inner("i", "[a]"), {}},
      {outer("[i, b]") + inner("i", "[j]") + inner("j", "[i]"),
       {"c.yml:5:11: error: the correlation 'i' was left out because of its errors (see c.yml:8)",
        "c.yml:12:11: error: the correlation 'j' was left out because of its errors (see c.yml:17)",
        "c.yml:21:11: error: 'i' counts itself, directly or through others (a chain of "
        "correlations "
        "must begin with rules)"}},
      {outer("[i, b]") + inner("i", "[zz]"),
       {"c.yml:5:11: error: the correlation 'i' was left out because of its errors (see c.yml:8)",
        "c.yml:12:11: error: no rule has the id or name 'zz'"}},
  };
  for (const auto& row : rows)
    EXPECT_EQ(load_with(row.document).problems, row.want) << row.document;
}

TEST(Correlation, DetectionHash) {
  const auto hash = [](const std::string& body, const std::string& more = "") {
    const Loaded got = load_with(correlation(body, more));
    EXPECT_EQ(got.set.correlations.size(), 1u) << body;
    return got.set.correlations.at(0).detection_hash;
  };
  const std::string tail = ", timespan: 5m, condition: {gte: 5}";
  const Hash128 base = hash("type: event_count, rules: [a, b], group-by: [x]" + tail);
  EXPECT_EQ(base, hash("type: event_count, rules: [b, a], group-by: [x]" + tail));
  EXPECT_EQ(base, hash("type: event_count, rules: [a, b], group-by: [x], timespan: 300s, "
                       "condition: {gt: 100}",
                       "level: high\nid: other\n"));
  EXPECT_NE(base, hash("type: event_count, rules: [a], group-by: [x]" + tail));
  EXPECT_NE(base, hash("type: event_count, rules: [a, b], group-by: [y]" + tail));
  EXPECT_NE(base, hash("type: event_count, rules: [a, b]" + tail));
  EXPECT_NE(base, hash("type: event_count, rules: [a, b], group-by: [x], timespan: 6m, "
                       "condition: {gte: 5}"));
  EXPECT_NE(base, hash("type: value_count, rules: [a, b], group-by: [x], timespan: 5m, condition: "
                       "{gte: 5, field: u}"));
}

}  // namespace
}  // namespace vakt::rule
