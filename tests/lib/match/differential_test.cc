// Random rules against random events through both engines. Small alphabets, so that things match,
// nearly match, and match in the wrong place. A failure names its seed.
//
// VAKT_DIFFERENTIAL_SEEDS: how many seeds (1,500); tests/differential.sh is the long run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include "lib/match/support.h"

namespace vakt::match {
namespace {

using namespace testing;

// An expression in a few words, for the report of a failure.
std::string show(const Expr& expr, const rule::Rule& rule) {
  if (expr.kind == Expr::Kind::detection) return show(rule.detections[expr.detection].expr, rule);
  if (expr.kind == Expr::Kind::test) {
    const rule::Test& t = expr.test;
    std::string out = t.field + (t.cased ? " cased" : "");
    if (t.kind == rule::Test::Kind::text) {
      for (const Token& token : t.tokens) {
        out += token.kind == Token::Kind::any   ? " *"
               : token.kind == Token::Kind::one ? " ?"
                                                : " " + json_string(token.text);
      }
      return out;
    }
    return out + " kind " + std::to_string(static_cast<int>(t.kind)) + " /" + t.pattern + "/" +
           (t.regex_i ? "i" : "") + (t.regex_s ? "s" : "") + (t.expected ? "" : " not expected");
  }
  std::string out = expr.kind == Expr::Kind::all   ? "all("
                    : expr.kind == Expr::Kind::any ? "any("
                                                   : "not(";
  for (const Expr& child : expr.children) out += show(child, rule) + "; ";
  return out + ")";
}

std::string show(const TestEvent& event) {
  std::string out = "raw " + json_string(event.raw) + " keywords " + json_string(event.keywords);
  for (const TestField& f : event.fields) {
    out += " " + f.name + "=" + (f.kind == event::ValueKind::null ? "null" : json_string(f.text));
  }
  return out;
}

// The first case in which the engines differ.
std::string difference(const Both& both, const std::vector<rule::Rule>& rules,
                       const std::vector<TestEvent>& events) {
  const auto has = [](const std::vector<Match>& all_of, Match m) {
    return std::find(all_of.begin(), all_of.end(), m) != all_of.end();
  };
  for (std::uint32_t e = 0; e < events.size(); ++e) {
    for (std::uint32_t r = 0; r < rules.size(); ++r) {
      const bool own = has(both.matcher, {e, r});
      if (own == has(both.reference, {e, r})) continue;
      return std::string(own ? "only the matcher" : "only the reference") + " says that " +
             show(events[e]) + " matches " + show(rules[r].condition, rules[r]);
    }
  }
  return both.matcher == both.reference ? "" : "the matcher's order is wrong";
}

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {
    routes_.intern({{"linux", "", "sshd"}, {"linux", "", "auth"}});
    routes_.intern({{"windows", "process_creation", ""}});
    routes_.intern({{"windows", "", ""}});
  }

  std::size_t below(std::size_t n) { return random_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }

  std::string letters(std::size_t length_max) {
    static const std::vector<std::string> common{"a", "b", "A", "B", "a", "b"};
    static const std::vector<std::string> rare{"\n", "\u00E9", "\u00C9", "\u212A", "k", "\\",
                                               ".",  " ",      "\u20AC", "\u017F", "s"};
    std::string out;
    for (std::size_t n = below(length_max + 1); n > 0; --n) {
      const auto& from = one_in(5) ? rare : common;
      out += from[below(from.size())];
    }
    return out;
  }

  Test text_test() {
    Test out;
    out.cased = one_in(4);
    const auto literal = [&](std::size_t bytes_max) {
      std::string text = letters(bytes_max);
      if (!text.empty()) out.tokens.push_back({Token::Kind::literal, std::move(text)});
    };
    const bool front = one_in(2);
    const bool back = one_in(2);
    if (front) out.tokens.push_back({Token::Kind::any, ""});
    literal(4);
    if (one_in(4)) {
      out.tokens.push_back({one_in(2) ? Token::Kind::any : Token::Kind::one, ""});
      literal(3);
    }
    if (back) out.tokens.push_back({Token::Kind::any, ""});
    return out;
  }

  Test test() {
    static const std::vector<std::string> fields{"f", "f", "g", "h", "message", ""};
    static const std::vector<std::string> expressions{"^a+b$",
                                                      "a[^b]a",
                                                      "b\\s",
                                                      "^.{2,3}$",
                                                      "(a|bb)a",
                                                      ".*",
                                                      "k",
                                                      "[^k]$",
                                                      "\\w\\W",
                                                      "^b",
                                                      "a$",
                                                      "(?i)ab",
                                                      "a.*b",
                                                      "^[^a]*[^b]*$",
                                                      "a\\S+b",
                                                      ".+.+",
                                                      "(.+)(b|.+)",
                                                      "([^a]+|x){2}",
                                                      "\\W*a\\b",
                                                      "^.*\\B.*$",
                                                      "^[\\S ]*b",
                                                      "k.+$",
                                                      "^[^a]+$",
                                                      "(?:.*a){2}",
                                                      "(?i:k.*b)",
                                                      "\\x41",
                                                      "[^\\x00-\\x7f]",
                                                      "[\\x80-\\x{ffff}]b",
                                                      "^(?:[^b]|b.){2}$",
                                                      "[[:^alpha:]]\\b",
                                                      "\u00E9.?\\W",
                                                      "a.b",
                                                      "\u00E9",
                                                      "a\\\\|\\.",
                                                      "^$",
                                                      "a(?=b)",
                                                      "^(?!a).*b",
                                                      "(.)\\1",
                                                      "(?<=b)k",
                                                      "(?>a*)b",
                                                      "b++a"};
    Test out = text_test();
    out.field = fields[below(fields.size())];
    if (one_in(6)) {
      out.kind = Test::Kind::regex;
      out.tokens.clear();
      out.pattern = expressions[below(expressions.size())];
      out.regex_i = one_in(2);
      out.regex_s = one_in(3);
    } else if (one_in(8) && !out.field.empty()) {
      out.tokens.clear();
      out.kind = one_in(2) ? Test::Kind::null : Test::Kind::exists;
      out.expected = one_in(2);
    } else if (one_in(20) && !out.field.empty()) {
      out.tokens.clear();
      out.kind = Test::Kind::cidr;
      out.pattern = one_in(2) ? "10.0.0.0/15" : "2001:db8::/33";
    } else if (one_in(12) && !out.field.empty()) {
      compare_instead(out);
    }
    return out;
  }

  void compare_instead(Test& out) {
    static const std::vector<std::string> others{"f", "g", "h", "message"};
    static const std::vector<std::string> numbers{"1", "7", "-3", "2.5", "10"};
    out.tokens.clear();
    if (one_in(2)) {
      out.kind = Test::Kind::field;
      out.pattern = others[below(others.size())];
      out.op = static_cast<rule::Op>(below(4));
      return;
    }
    out.cased = false;
    out.kind = one_in(4) ? Test::Kind::part : Test::Kind::number;
    out.pattern = numbers[below(numbers.size())];
    out.op = one_in(3) ? rule::Op::equals : static_cast<rule::Op>(4 + below(4));
    out.part = static_cast<rule::TimePart>(below(6));
  }

  Expr expr(int depth, std::size_t detections) {
    if (detections > 0 && one_in(3)) {
      Expr out;
      out.kind = Expr::Kind::detection;
      out.detection = static_cast<std::uint32_t>(below(detections));
      return out;
    }
    if (depth == 0 || one_in(3)) return leaf(test());
    if (one_in(4)) return negate(expr(depth - 1, detections));
    std::vector<Expr> children;
    for (std::size_t n = one_in(10) ? 0 : 1 + below(4); n > 0; --n) {
      children.push_back(expr(depth - 1, detections));
    }
    return one_in(2) ? all(std::move(children)) : any(std::move(children));
  }

  rule::Rule rule() {
    static const std::vector<event::LogSource> sources{{},
                                                       {},
                                                       {"linux", "", ""},
                                                       {"windows", "", ""},
                                                       {"windows", "process_creation", ""},
                                                       {"", "", "sshd"}};
    rule::Rule out = make_rule({}, sources[below(sources.size())]);
    const std::size_t detections = below(3);
    for (std::size_t i = 0; i < detections; ++i) out.detections.push_back({"d", expr(2, 0)});
    out.condition = expr(3, detections);
    return out;
  }

  TestEvent event() {
    static const std::vector<std::string> fields{"f", "g", "h", "message", "unasked"};
    static const std::vector<std::string> addresses{
        "10.1.2.3", "10.2.0.0", "2001:db8:7fff::", "2001:db8:8000::1", "10.0.0.1x"};
    static const std::vector<std::string> numbers{
        "1", "7", "-3", "2.50", "1e1", "-", "8.", "0007", "2026-01-07T07:01:10Z", "1700000000"};
    TestEvent out;
    out.route = static_cast<event::RouteId>(below(routes_.size()));
    for (std::size_t n = below(5); n > 0; --n) {
      TestField f{fields[below(fields.size())], letters(6)};
      if (one_in(15)) f.text = addresses[below(addresses.size())];
      if (one_in(10)) f.text = numbers[below(numbers.size())];
      if (one_in(15)) f.text += "\xC3";
      if (one_in(10)) f = {f.name, "", event::ValueKind::null};
      out.fields.push_back(std::move(f));
    }
    // Mostly the fields lie in the raw text, as a syslog record's do.
    out.raw = letters(2);
    for (const TestField& f : out.fields) {
      if (!one_in(5)) out.raw += f.text + (one_in(3) ? "" : " ");
    }
    if (one_in(10)) out.raw += "\xFF" + letters(2);
    if (one_in(4)) out.keywords = letters(5);
    return out;
  }

  const event::Routes& routes() const { return routes_; }

 private:
  std::mt19937 random_;
  event::Routes routes_;
};

struct Counts {
  std::size_t cases = 0;
  std::size_t matches = 0;
};

void compare(std::uint32_t seed, Counts& counts) {
  Generator generator(seed);
  std::vector<rule::Rule> rules;
  std::vector<TestEvent> events;
  for (std::size_t n = 1 + generator.below(12); n > 0; --n) rules.push_back(generator.rule());
  for (std::size_t n = 1 + generator.below(40); n > 0; --n) events.push_back(generator.event());
  counts.cases += rules.size() * events.size();
  const auto both = run(rules, generator.routes(), events, 1 + generator.below(2));
  ASSERT_TRUE(both.diagnostics.empty())
      << "seed " << seed << ": " << to_string(both.diagnostics[0]);
  ASSERT_EQ(difference(both, rules, events), "") << "seed " << seed;
  counts.matches += both.matcher.size();
}

std::uint32_t seeds() {
  const char* wanted = std::getenv("VAKT_DIFFERENTIAL_SEEDS");
  return wanted == nullptr ? 1500 : static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10));
}

TEST(Differential, BothEnginesAgreeOnRandomRules) {
  Counts counts;
  for (std::uint32_t seed = 1; seed <= seeds(); ++seed) {
    compare(seed, counts);
    if (HasFatalFailure()) return;
  }
  std::cout << counts.cases << " pairs of rule and event, " << counts.matches << " matches\n";
  // The cases are worth something only if both outcomes are common.
  EXPECT_GT(counts.cases, seeds() * 60u);
  EXPECT_GT(counts.matches, counts.cases / 10);
  EXPECT_LT(counts.matches, counts.cases / 2);
}

// One rule a case: an atom then stands in its database alone, or with few others.
TEST(Differential, BothEnginesAgreeOnSingleTests) {
  for (std::uint32_t seed = 1; seed <= 1500; ++seed) {
    Generator generator(seed + 1'000'000);
    std::vector<TestEvent> events;
    for (int i = 0; i < 30; ++i) events.push_back(generator.event());
    const std::vector<rule::Rule> rules{make_rule(leaf(generator.test()))};
    const auto both = run(rules, generator.routes(), events);
    ASSERT_EQ(difference(both, rules, events), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace vakt::match
