// Rules and events for the tests of lib/match, built by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "event/batch.h"
#include "event/log_source.h"
#include "match/matcher.h"
#include "match/reference.h"
#include "rule/rule.h"

namespace vakt::match::testing {

using rule::Expr;
using rule::Test;
using rule::Token;

// "a*b?" with `*` and `?` as wildcards; a backslash makes the next character literal.
inline std::vector<Token> tokens(std::string_view pattern) {
  std::vector<Token> out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*') {
      out.push_back({Token::Kind::any, ""});
    } else if (pattern[i] == '?') {
      out.push_back({Token::Kind::one, ""});
    } else {
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      if (out.empty() || out.back().kind != Token::Kind::literal) {
        out.push_back({Token::Kind::literal, ""});
      }
      out.back().text += pattern[i];
    }
  }
  return out;
}

inline Expr leaf(Test test) {
  Expr out;
  out.kind = Expr::Kind::test;
  out.test = std::move(test);
  return out;
}

inline Expr text(std::string field, std::string_view pattern, bool cased = false) {
  Test test;
  test.field = std::move(field);
  test.tokens = tokens(pattern);
  test.cased = cased;
  return leaf(test);
}

inline Expr keyword(std::string_view pattern) { return text("", pattern); }

inline Expr regex(std::string field, std::string pattern, std::string_view flags = "") {
  Test test;
  test.kind = Test::Kind::regex;
  test.field = std::move(field);
  test.pattern = std::move(pattern);
  test.regex_i = flags.find('i') != std::string_view::npos;
  test.regex_m = flags.find('m') != std::string_view::npos;
  test.regex_s = flags.find('s') != std::string_view::npos;
  return leaf(test);
}

inline Expr special(Test::Kind kind, std::string field, std::string pattern = "",
                    bool expected = true) {
  Test test;
  test.kind = kind;
  test.field = std::move(field);
  test.pattern = std::move(pattern);
  test.expected = expected;
  return leaf(test);
}

inline Expr compared(std::string field, rule::Op op, std::string number) {
  Expr out = special(Test::Kind::number, std::move(field), std::move(number));
  out.test.op = op;
  return out;
}

inline Expr time_part(std::string field, rule::TimePart part, std::string number,
                      rule::Op op = rule::Op::equals) {
  Expr out = special(Test::Kind::part, std::move(field), std::move(number));
  out.test.op = op;
  out.test.part = part;
  return out;
}

inline Expr fields_related(std::string field, rule::Op op, std::string other, bool cased = false) {
  Expr out = special(Test::Kind::field, std::move(field), std::move(other));
  out.test.op = op;
  out.test.cased = cased;
  return out;
}

inline Expr combine(Expr::Kind kind, std::vector<Expr> children) {
  Expr out;
  out.kind = kind;
  out.children = std::move(children);
  return out;
}
inline Expr all(std::vector<Expr> c) { return combine(Expr::Kind::all, std::move(c)); }
inline Expr any(std::vector<Expr> c) { return combine(Expr::Kind::any, std::move(c)); }
inline Expr negate(Expr c) { return combine(Expr::Kind::negate, {std::move(c)}); }

inline rule::Rule make_rule(Expr condition, event::LogSource logsource = {}) {
  rule::Rule out;
  out.meta.id = "rule";
  out.meta.file = "rule.yml";
  out.meta.line = 7;
  out.logsource = std::move(logsource);
  out.condition = std::move(condition);
  return out;
}

struct TestField {
  std::string name;
  std::string text;
  event::ValueKind kind = event::ValueKind::string;
};

struct TestEvent {
  std::vector<TestField> fields;
  std::string raw = {};
  std::string keywords = {};
  event::RouteId route = 0;
  Time time = {};
};

// A batch of these events. Fields whose text occurs in `raw` in ascending order point there, as
// those of a syslog record do; each other one lies in a block of exactly its size in the arena.
inline void add(event::Batch& batch, const event::FieldNames& names, const TestEvent& from) {
  event::Event& e = batch.add(from.raw);
  e.route = from.route;
  e.event_time = from.time;
  e.keywords = batch.text().copy(from.keywords);
  std::size_t at = 0;
  for (const TestField& f : from.fields) {
    const event::FieldId id = names.find(f.name);
    if (id == event::kNoField) continue;  // as parsers do
    const std::string_view raw = batch.events().back().raw;
    const std::size_t found = f.text.empty() ? std::string::npos : from.raw.find(f.text, at);
    if (found != std::string::npos) {
      batch.add_field(id, f.kind, raw.substr(found, f.text.size()));
      at = found + f.text.size();
    } else {
      batch.add_field(id, f.kind, batch.text().copy(f.text));
    }
  }
}

// Both engines over one batch.
struct Both {
  std::vector<Match> matcher;
  std::vector<Match> reference;
  std::vector<Hidden> hidden;   // of the last round
  std::vector<Hidden> expired;  // of all rounds
  Diagnostics diagnostics;
};

inline Both run(rule::RuleSet rules, const event::Routes& routes,
                const std::vector<TestEvent>& events, std::size_t rounds = 1) {
  Both out;
  const auto set = std::make_shared<const rule::RuleSet>(std::move(rules));
  event::FieldNames names;
  const auto program = Program::compile(set, names, routes, out.diagnostics);
  std::size_t bytes = 1;
  for (const TestEvent& e : events) bytes += e.raw.size() + 1;
  event::Batch batch(bytes, events.size() + 1);
  for (const TestEvent& e : events) add(batch, names, e);
  Matcher matcher(program);
  for (std::size_t i = 0; i < rounds; ++i) {
    out.matcher.clear();
    matcher.match(batch, out.matcher);
    out.expired.insert(out.expired.end(), matcher.expired().begin(), matcher.expired().end());
  }
  for (std::uint32_t e = 0; e < batch.size(); ++e) {
    for (std::uint32_t r = 0; r < set->rules.size(); ++r) {
      if (reference_hits(*set, r, batch, batch.events()[e], names, routes)) {
        out.reference.push_back({e, r});
      }
    }
  }
  out.hidden = matcher.hidden();
  return out;
}

inline Both run(std::vector<rule::Rule> rules, const event::Routes& routes,
                const std::vector<TestEvent>& events, std::size_t rounds = 1) {
  rule::RuleSet set;
  set.rules = std::move(rules);
  return run(std::move(set), routes, events, rounds);
}

}  // namespace vakt::match::testing
