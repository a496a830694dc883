// `vakt:` of a correlation, `rules: any`, and the fields that are of the rule.
#include <gtest/gtest.h>

#include "rule_testing.h"

namespace vakt::rule {
namespace {

using Problems = std::vector<std::string>;

const char* const kRules =
    "title: a\nname: a\nlevel: high\nlogsource: {product: p}\n"
    "detection: {s: {A: 1}, condition: s}\nvakt: {risk: 25}\n---\n"
    "title: b\nname: b\nlevel: low\nlogsource: {product: p}\n"
    "detection: {s: {B: 1}, condition: s}\n";

// The body of `correlation` on line 2; from line 3 on what is given.
Loaded load_with(const std::string& body, const std::string& more = "") {
  return load_all({{"a.yml", kRules}, {"c.yml", "title: c\ncorrelation: {" + body + "}\n" + more}});
}

const std::string kCount =
    "type: event_count, rules: a, group-by: [source.ip, user.name], timespan: 5m, "
    "condition: {gte: 10}";

TEST(CorrelationAttributes, WhoIsOneAndHowLongIsWaited) {
  const Loaded got = load_with(
      kCount,
      "vakt: {group_by: {source.ip: {ipv4: /24, ipv6: 64}, user.name: ignore_case}, disorder: 10m, "
      "risk: 70}\n");
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.correlations.size(), 1u);
  const Correlation& c = got.set.correlations[0];
  EXPECT_EQ(c.groupings,
            (std::vector<Grouping>{{.networks = true, .ipv4_bits = 24, .ipv6_bits = 64},
                                   {.ignore_case = true}}));
  EXPECT_EQ(c.disorder, std::chrono::minutes(10));
  EXPECT_EQ(c.meta.risk, 70u);
}

TEST(CorrelationAttributes, RiskIsGivenOrOfTheLevel) {
  const Loaded got = load_with(kCount);
  ASSERT_EQ(got.set.rules.size(), 2u);
  EXPECT_EQ(got.set.rules[0].meta.risk, 25u);
  EXPECT_EQ(got.set.rules[1].meta.risk, 10u);
}

TEST(CorrelationAttributes, AnyRule) {
  const Loaded got = load_with(
      "type: value_sum, rules: any, group-by: host.name, timespan: 1d, "
      "condition: {field: vakt.risk, gte: 100}");
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.correlations.size(), 1u);
  EXPECT_TRUE(got.set.correlations[0].any_rule);
  EXPECT_EQ(got.set.correlations[0].members, (std::vector<Member>{{false, 0}, {false, 1}}));
  EXPECT_EQ(fields_of(got.set.correlations[0]), std::vector<std::string>{"host.name"});
}

// State belongs to what is counted and how it is grouped; not to a threshold, a time to wait, or,
// where any rule counts, to which there are.
TEST(CorrelationAttributes, WhatStateBelongsTo) {
  const auto hash = [](const std::string& body, const std::string& more = "") {
    const Loaded got = load_with(body, more);
    EXPECT_EQ(got.problems, Problems{});
    return got.set.correlations.at(0).detection_hash;
  };
  EXPECT_EQ(hash(kCount), hash(kCount, "vakt: {disorder: 10m, risk: 1}\n"));
  EXPECT_NE(hash(kCount), hash(kCount, "vakt: {group_by: {source.ip: {ipv4: 24}}}\n"));
  EXPECT_NE(hash(kCount, "vakt: {group_by: {user.name: ignore_case}}\n"),
            hash(kCount, "vakt: {group_by: {source.ip: ignore_case}}\n"));
  const std::string any =
      "type: value_count, rules: any, group-by: host.name, timespan: 1d, "
      "condition: {field: vakt.rule, gte: 3}";
  EXPECT_EQ(hash(any), hash(any,
                            "---\ntitle: d\nname: d\nlogsource: {product: p}\n"
                            "detection: {s: {D: 1}, condition: s}\n"));
  const std::string by_alias =
      "type: event_count, rules: any, group-by: who, timespan: 1d, condition: {gte: 3}, aliases: ";
  EXPECT_NE(hash(by_alias + "{who: {a: user.name}}"), hash(by_alias + "{who: {a: user.target}}"));
}

TEST(CorrelationAttributes, NetworksAreAsWideAsTheInnerOnes) {
  const auto load = [](const std::string& inner, const std::string& outer) {
    return load_with(kCount, "name: c\nvakt: {group_by: {source.ip: {" + inner +
                                 "}}}\n---\ntitle: d\ncorrelation: {type: event_count, rules: c, "
                                 "group-by: source.ip, timespan: 1h, condition: {gte: 2}}\n" +
                                 outer);
  };
  const auto by = [](const std::string& bits) {
    return "vakt: {group_by: {source.ip: {" + bits + "}}}\n";
  };
  EXPECT_EQ(load("ipv4: 24, ipv6: 64", by("ipv4: 16")).problems, Problems{});
  EXPECT_EQ(load("ipv4: 24, ipv6: 64", by("ipv4: 24, ipv6: 64")).problems, Problems{});
  EXPECT_EQ(load("ipv4: 24", "").problems, Problems{}) << "then by what the inner one gives";
  for (const char* bits : {"ipv4: 28", "ipv6: 96"}) {
    const Loaded got = load("ipv4: 24, ipv6: 64", by(bits));
    ASSERT_EQ(got.problems.size(), 1u) << bits;
    EXPECT_NE(got.problems[0].find("groups by wider networks of 'source.ip'"), std::string::npos)
        << got.problems[0];
    EXPECT_EQ(got.set.correlations.size(), 1u);
  }
}

TEST(CorrelationAttributes, ProblemsAreNamed) {
  const std::string sum = "rules: any, group-by: a, timespan: 1d, condition: ";
  const struct {
    std::string body, more, problem;
  } cases[] = {
      {kCount, "vakt: [1]\n",
       "3:7: error: 'vakt' must be a map (for example: vakt: {disorder: 10m})"},
      {kCount, "vakt: {group_by: {source.ip: {ipv4: 33}}}\n",
       "3:37: error: 'ipv4' takes 1 to 32 bits (/24)"},
      {kCount, "vakt: {group_by: {source.ip: {ipv6: 0}}}\n",
       "3:37: error: 'ipv6' takes 1 to 128 bits (/24)"},
      {kCount, "vakt: {group_by: {user.nam: ignore_case}}\n",
       "3:19: error: 'user.nam' is not in 'group-by' (did you mean 'user.name'?)"},
      {kCount, "vakt: {group_by: {user.name: lower}}\n",
       "3:19: error: 'user.name' takes ignore_case or the bits of networks (for example: group_by: "
       "{source.ip: {ipv4: 24, ipv6: 64}, user.name: ignore_case})"},
      {kCount, "vakt: {disorder: 2d}\n",
       "3:18: error: 'disorder' must be a time of at most 24 hours (a number and a unit: 90s, 15m, "
       "1h)"},
      {kCount, "vakt: {risk: high}\n",
       "3:14: error: 'risk' must be a whole number up to 1000000 (for example: vakt: {risk: 40})"},
      {"type: temporal, rules: any, timespan: 1d", "",
       "2:14: error: temporal needs rules by name (list them; value_count of vakt.rule counts how "
       "many different ones hit)"},
      {"type: value_sum, " + sum + "{field: vakt.rule, gte: 1}", "",
       "2:90: error: 'vakt.rule' is no number (use type: value_count, or 'vakt.risk')"},
      {"type: value_count, " + sum + "{field: [vakt.rule, b], gte: 1}", "",
       "2:92: error: 'vakt.rule' is no field of events (count it alone)"},
  };
  for (const auto& [body, more, problem] : cases) {
    const Loaded got = load_with(body, more);
    ASSERT_FALSE(got.problems.empty()) << problem;
    EXPECT_EQ(got.problems[0], "c.yml:" + problem);
    EXPECT_TRUE(got.set.correlations.empty());
  }
}

}  // namespace
}  // namespace vakt::rule
