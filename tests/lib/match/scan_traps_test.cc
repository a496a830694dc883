// Ways in which a scan over many values at once can give other answers than a scan of each value.
#include <algorithm>
#include <map>
#include <random>

#include "lib/match/support.h"

namespace vakt::match {
namespace {

using namespace testing;

TestEvent value(std::string text) { return {.fields = {{"f", std::move(text)}}, .raw = "r"}; }

std::vector<Match> batch_matches(const std::vector<rule::Rule>& rules,
                                 const std::vector<TestEvent>& events) {
  const auto both = run(rules, event::Routes(), events);
  EXPECT_TRUE(both.diagnostics.empty());
  EXPECT_EQ(both.matcher, both.reference);
  return both.matcher;
}

// Each event in a batch of its own, each of its fields by itself.
std::vector<Match> single_matches(const std::vector<rule::Rule>& rules,
                                  const std::vector<TestEvent>& events) {
  std::vector<Match> out;
  for (std::uint32_t i = 0; i < events.size(); ++i)
    for (const Match& m : run(rules, event::Routes(), {events[i]}).matcher)
      out.push_back({i, m.rule});
  return out;
}

// One report a pattern and block would be the wrong one: of another event, or where the value's
// ends do not fit.
TEST(ScanTraps, EveryOccurrenceIsLookedAt) {
  const std::vector<rule::Rule> rules{make_rule(text("f", "abc*")), make_rule(text("f", "*abc")),
                                      make_rule(text("f", "*abc*"))};
  const std::vector<TestEvent> events{value("xabcx"), value("abc"),     value("xabc"),
                                      value("none"),  value("abc abc"), value("abcabcx")};
  EXPECT_EQ(
      batch_matches(rules, events),
      (std::vector<Match>{
          {0, 2}, {1, 0}, {1, 1}, {1, 2}, {2, 1}, {2, 2}, {4, 0}, {4, 1}, {4, 2}, {5, 0}, {5, 2}}));
}

// The same literal means something else in another field.
TEST(ScanTraps, AFieldsHitsAreItsOwn) {
  const std::vector<rule::Rule> rules{make_rule(text("f", "*abc*")), make_rule(text("g", "*abc*"))};
  const std::vector<TestEvent> events{{.fields = {{"f", "abc"}, {"g", "x"}}, .raw = "r"},
                                      {.fields = {{"f", "x"}, {"g", "abc"}}, .raw = "r"}};
  EXPECT_EQ(batch_matches(rules, events), (std::vector<Match>{{0, 0}, {1, 1}}));
}

// Negated classes and \s take a '\n' too, so that they would run on into the next value.
TEST(ScanTraps, ExpressionsEndWithTheirValue) {
  const std::vector<rule::Rule> rules{
      make_rule(regex("f", "[^/]{100,}$")), make_rule(regex("f", "a\\sb")),
      make_rule(regex("f", "a[^x]+b$")), make_rule(regex("f", "^\\W*$"))};
  std::vector<TestEvent> events(200, value("no slash in here a"));
  events.push_back(value("b"));
  EXPECT_EQ(batch_matches(rules, events), std::vector<Match>{});
  events.push_back(value(std::string(100, 'a')));
  events.push_back(value("a\nb"));
  EXPECT_EQ(batch_matches(rules, events), (std::vector<Match>{{201, 0}, {202, 1}, {202, 2}}));
}

// Vectorscan 5.4.9 reports `.{60,}` to `.{300,}` falsely on blocks of lines (VectorCamp/vectorscan
// PR #378); lengths around the registers' are what it takes.
TEST(ScanTraps, CountedRepeatsCount) {
  constexpr std::size_t kLeast[] = {60, 64, 100, 128, 200, 300};
  std::vector<rule::Rule> rules;
  for (const std::size_t n : kLeast)
    rules.push_back(make_rule(regex("f", ".{" + std::to_string(n) + ",}")));
  std::vector<TestEvent> events;
  std::vector<Match> expected;
  std::mt19937 random(7);
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const std::size_t bytes = i < 400 ? i : random() % 320;
    std::string text(bytes, 'x');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    // A newline within, which `.` does not take.
    const std::size_t cut = i % 3 == 0 && bytes > 0 ? random() % bytes : bytes;
    if (cut < bytes) text[cut] = '\n';
    const std::size_t longest = cut < bytes ? std::max(cut, bytes - cut - 1) : bytes;
    for (std::uint32_t r = 0; r < rules.size(); ++r)
      if (longest >= kLeast[r]) expected.push_back({i, r});
    events.push_back(value(std::move(text)));
  }
  EXPECT_EQ(batch_matches(rules, events), expected);
}

// Values of many lengths, several a field, with newlines and in any order of the raw text.
TEST(ScanTraps, ABatchAnswersAsItsEventsDo) {
  const std::vector<rule::Rule> rules{
      make_rule(text("f", "*ab*")),   make_rule(text("f", "ba*")),
      make_rule(text("f", "*bb")),    make_rule(text("f", "aa")),
      make_rule(text("g", "a\nb*")),  make_rule(regex("f", "a[^a]*b$")),
      make_rule(regex("g", ".{9,}")), make_rule(keyword("*a b*")),
      make_rule(regex("", "b\\s+a"))};
  std::mt19937 random(11);
  std::vector<TestEvent> events;
  std::map<std::uint32_t, int> matched;
  for (int i = 0; i < 400; ++i) {
    TestEvent& e = events.emplace_back();
    for (std::size_t n = random() % 4; n > 0; --n) {
      std::string text(random() % 3 == 0 ? random() % 90 : random() % 5, 'a');
      for (char& c : text) c = "aabb \n"[random() % 6];
      e.raw += text + " ";
      e.fields.push_back({random() % 2 == 0 ? "f" : "g", std::move(text)});
    }
  }
  const std::vector<Match> together = batch_matches(rules, events);
  EXPECT_EQ(together, single_matches(rules, events));
  for (const Match& m : together) ++matched[m.rule];
  EXPECT_EQ(matched.size(), rules.size());
}

}  // namespace
}  // namespace vakt::match
