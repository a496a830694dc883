#include <gtest/gtest.h>

#include "rule_testing.h"

namespace vakt::rule {
namespace {

using Problems = std::vector<std::string>;

// Detections #0 a, #1 b, #2 sel_x, #3 sel_y, #4 _z. The condition stands on line 9, column 14.
std::string rule_if(const std::string& condition) {
  return rule_with(
      "  a: {A: 1}\n  b: {A: 1}\n  sel_x: {A: 1}\n  sel_y: {A: 1}\n  _z: {A: 1}\n"
      "  condition: " +
      condition + "\n");
}

TEST(Condition, Expressions) {
  const struct {
    const char* condition;
    const char* want;
  } rows[] = {
      {"a", "#0"},
      {"a and b", "(and #0 #1)"},
      {"a or b", "(or #0 #1)"},
      {"not a", "(not #0)"},
      {"not not a", "(not (not #0))"},
      // not > and > or
      {"a or b and not sel_x", "(or #0 (and #1 (not #2)))"},
      {"a and b or sel_x and sel_y", "(or (and #0 #1) (and #2 #3))"},
      {"not a and b", "(and (not #0) #1)"},
      {"not (a and b)", "(not (and #0 #1))"},
      {"(a or b) and sel_x", "(and (or #0 #1) #2)"},
      {"((a))", "#0"},
      {"(a)and(b)", "(and #0 #1)"},
      {"a AND NOT b Or sel_x", "(or (and #0 (not #1)) #2)"},
      {"1 of sel_*", "(or #2 #3)"},
      {"any of sel_*", "(or #2 #3)"},
      {"all of sel_*", "(and #2 #3)"},
      {"ALL OF sel_*", "(and #2 #3)"},
      {"1 of s*x", "#2"},
      {"1 of *_y", "#3"},
      {"1 of sel_x", "#2"},
      {"1 of them", "(or #0 #1 #2 #3)"},
      {"all of them", "(and #0 #1 #2 #3)"},
      {"all of Them", "(and #0 #1 #2 #3)"},
      {"1 of *", "(or #0 #1 #2 #3)"},
      {"1 of _*", "#4"},
      {"_z", "#4"},
      {"not 1 of sel_* and a", "(and (not (or #2 #3)) #0)"},
      {"a and 1 of sel_* or b", "(or (and #0 (or #2 #3)) #1)"},
      {"[a, b and sel_x]", "(or #0 (and #1 #2))"},
      {"[a]", "#0"},
      {"|\n    a\n    and\tb", "(and #0 #1)"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_if(row.condition));
    ASSERT_EQ(got.set.rules.size(), 1u) << row.condition;
    EXPECT_EQ(to_string(got.set.rules[0].condition), row.want) << row.condition;
  }
}

TEST(Condition, Refusals) {
  const struct {
    const char* condition;
    const char* want;  // after "f.yml:9:"
  } rows[] = {
      {"c", "14: error: 'c' names no detection"},
      {"a and sel_z", "20: error: 'sel_z' names no detection (did you mean 'sel_x'?)"},
      {"A", "14: error: 'A' names no detection (did you mean 'a'?)"},
      {"a and not 1 of filter*", "29: error: 'filter*' names no detection"},
      {"sel_*",
       "14: error: the pattern 'sel_*' stands alone (write '1 of sel_*' or 'all of "
       "sel_*')"},
      {"2 of sel_*", "14: error: '2 of' is not supported (use 1, any or all)"},
      {"1 of",
       "18: error: 'of' needs 'them' or a pattern of detection names (for example: 1 of "
       "filter_*)"},
      {"1 of (a)",
       "19: error: 'of' needs 'them' or a pattern of detection names (for example: 1 "
       "of filter_*)"},
      {"a and", "19: error: the condition ends too early (a detection's name is missing)"},
      {"and a",
       "14: error: 'and' is not expected here (between names there must be 'and' or "
       "'or')"},
      {"a b", "16: error: 'b' is not expected here (between names there must be 'and' or 'or')"},
      {"a not b",
       "16: error: 'not' is not expected here (between names there must be 'and' or 'or')"},
      {"(a", "16: error: a ')' is missing"},
      {"a)", "15: error: ')' is not expected here (between names there must be 'and' or 'or')"},
      {"()", "15: error: ')' is not expected here (between names there must be 'and' or 'or')"},
      {"a | count() by B > 5",
       "16: error: aggregations after '|' are not supported (write a correlation rule (type: "
       "event_count or value_count) instead)"},
      {"''", "14: error: the condition is empty (name a detection)"},
      {"' '", "14: error: the condition is empty (name a detection)"},
      {"{a: b}", "14: error: the condition must be a text or a list of texts"},
      {"[]", "14: error: the condition must be a text or a list of texts"},
      {"[[a]]", "15: error: a condition must be a text"},
      {"[a, c]", "18: error: 'c' names no detection"},
      // A quoted text may have escapes: the place is that of the text.
      {"'a and c'", "14: error: 'c' names no detection"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_if(row.condition));
    EXPECT_EQ(got.problems, Problems{"f.yml:9:" + std::string(row.want)}) << row.condition;
    EXPECT_TRUE(got.set.rules.empty()) << row.condition;
  }
}

TEST(Condition, UnusedDetectionsAreWarnedOf) {
  const Loaded got = load_one(rule_if("a and 1 of sel_*"));
  EXPECT_EQ(got.set.rules.size(), 1u);
  EXPECT_EQ(got.problems,
            (Problems{"f.yml:5:3: warning: the condition does not use 'b' (use it or remove it)",
                      "f.yml:8:3: warning: the condition does not use '_z' (use it or remove "
                      "it)"}));
}

TEST(Condition, TimeframeIsRefused) {
  const Loaded got = load_one(rule_with("  a: {A: 1}\n  timeframe: 5m\n  condition: a\n"));
  EXPECT_EQ(got.problems,
            Problems{"f.yml:5:3: error: 'timeframe' is not supported (write a correlation rule "
                     "with a timespan instead)"});
}

TEST(Condition, Bounds) {
  const auto repeat = [](std::string_view piece, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += piece;
    return out;
  };
  const struct {
    std::string condition;
    const char* want;
  } rows[] = {
      {repeat("not ", 65) + "a", "nested more than 64 deep"},
      {repeat("(", 65) + "a" + repeat(")", 65), "nested more than 64 deep"},
      {repeat("(", 16'000), "nested more than 64 deep"},
      {"a" + repeat(" or a", 4'000), "longer than 16384 bytes"},
      {"[a" + repeat(", a and a", 6'000) + "]", "more than 10000 parts"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_if(row.condition));
    ASSERT_EQ(got.problems.size(), 1u) << row.want;
    EXPECT_NE(got.problems[0].find(row.want), std::string::npos) << got.problems[0];
  }
  EXPECT_EQ(load_one(rule_if(repeat("(", 64) + "a" + repeat(")", 64))).set.rules.size(), 1u);
}

}  // namespace
}  // namespace vakt::rule
