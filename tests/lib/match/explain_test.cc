// Explanations: what a person reads of every kind of test and node.

#include "match/explain.h"

#include <gtest/gtest.h>

#include "lib/match/support.h"

namespace vakt::match {
namespace {

using namespace testing;

Expr with_op(rule::Test::Kind kind, rule::Op op, std::string pattern) {
  Expr out = special(kind, "Port", std::move(pattern));
  out.test.op = op;
  return out;
}
Expr compare(rule::Op op, std::string number) {
  return with_op(rule::Test::Kind::number, op, std::move(number));
}
Expr reference(rule::Op op, std::string field) {
  return with_op(rule::Test::Kind::field, op, std::move(field));
}

std::string explained(const rule::RuleSet& set, const TestEvent& event,
                      const event::Routes& routes = {}) {
  event::FieldNames names;
  for (const TestField& f : event.fields) names.intern(f.name);
  event::Batch batch(1'000, 2);
  add(batch, names, event);
  const event::Event& e = batch.events()[0];
  const Explanation out = explain(set, 0, batch, e, names, routes);
  EXPECT_EQ(out.truth, reference_hits(set, 0, batch, e, names, routes));
  return to_text(out, 0);
}

std::string explained(const rule::Rule& rule, const TestEvent& event,
                      const event::Routes& routes = {}) {
  rule::RuleSet set;
  set.rules = {rule};
  return explained(set, event, routes);
}

TEST(Explain, EveryTestIsSaidInWords) {
  struct Row {
    Expr test;
    std::string line;
  };
  const TestEvent event{{{"Image", "C:\\Windows\\cmd.exe"},
                         {"Ip", "10.1.2.3"},
                         {"Empty", ""},
                         {"Gone", "", event::ValueKind::null},
                         {"Many", "a"},
                         {"Many", "b"},
                         {"Port", "22"}},
                        "the raw\x1b line"};
  const std::string image = "  (C:\\Windows\\cmd.exe)\n";
  const std::vector<Row> rows{
      {text("Image", "*\\\\cmd.exe"), "Image endswith '\\cmd.exe': true" + image},
      {text("Image", "c:*"), "Image startswith 'c:': true" + image},
      {text("Image", "c:*", true), "Image startswith|cased 'c:': false" + image},
      {text("Image", "*windows*"), "Image contains 'windows': true" + image},
      {text("Image", "cmd.exe"), "Image equals 'cmd.exe': false" + image},
      {text("Image", "c:*.exe"), "Image matches 'c:*.exe': true" + image},
      {text("Image", "*\\*?md*"), "Image matches '*\\*?md*': false" + image},
      {text("Image", "*"), "Image is present: true" + image},
      {text("Other", "x"), "Other equals 'x': false  (no such field)\n"},
      {text("Empty", ""), "Empty equals '': true  ()\n"},
      {text("Many", "b"), "Many equals 'b': true  (a | b)\n"},
      {keyword("raw"), "the record contains 'raw': true\n"},
      {regex("Image", "CMD", "i"), "Image re|i 'CMD': true" + image},
      {special(rule::Test::Kind::cidr, "Ip", "10.0.0.0/8"),
       "Ip cidr '10.0.0.0/8': true  (10.1.2.3)\n"},
      {special(rule::Test::Kind::null, "Gone"), "Gone is null or missing: true  (null)\n"},
      {special(rule::Test::Kind::exists, "Ip", "", false), "Ip is missing: false  (10.1.2.3)\n"},
      {compare(rule::Op::gte, "7"), "Port gte 7: true  (22)\n"},
      {reference(rule::Op::startswith, "Ip"),
       "Port startswith the field Ip: false  (22 | 10.1.2.3)\n"},
  };
  for (const Row& row : rows) {
    const std::string out = explained(make_rule(row.test), event);
    EXPECT_NE(out.find("\n  " + row.line), std::string::npos) << row.line << out;
  }
}

TEST(Explain, TheTreeFollowsTheCondition) {
  Expr selection = all({text("Image", "*cmd.exe"), text("User", "root")});
  Expr filter = any({text("Parent", "*a"), text("Parent", "*b")});
  Expr first;
  first.kind = Expr::Kind::detection;
  Expr second = first;
  second.detection = 1;
  event::Routes routes;
  const event::LogSource source{"windows", "process_creation", ""};
  rule::Rule rule = make_rule(all({first, negate(second)}), source);
  rule.detections = {{"selection", selection}, {"filter", filter}};
  TestEvent event{{{"Image", "x\\cmd.exe"}, {"User", "root"}, {"Parent", "b"}}};
  event.route = routes.intern({source});
  EXPECT_EQ(explained(rule, event, routes),
            "rule rule: false\n"
            "  logsource product=windows, category=process_creation: true"
            "  (product=windows, category=process_creation)\n"
            "  all of: false\n"
            "    selection: true\n"
            "      Image endswith 'cmd.exe': true  (x\\cmd.exe)\n"
            "      User equals 'root': true  (root)\n"
            "    not: false\n"
            "      filter: true\n"
            "        any of: true\n"
            "          Parent endswith 'a': false  (b)\n"
            "          Parent endswith 'b': true  (b)\n");
  event.route = 0;
  EXPECT_NE(explained(rule, event, routes).find(": false  (the event has none)\n"),
            std::string::npos);
}

TEST(Explain, FiltersLetThroughOrHide) {
  rule::RuleSet set;
  set.rules = {make_rule(text("F", "x"))};
  set.rules[0].filters = {0};
  set.filters.resize(1);
  set.filters[0].meta.id = "ours";
  set.filters[0].keep = negate(text("User", "me"));
  const TestEvent event{{{"F", "x"}, {"User", "me"}}};
  EXPECT_EQ(explained(set, event),
            "rule rule: false\n"
            "  logsource any: true  (the event has none)\n"
            "  F equals 'x': true  (x)\n"
            "  let through by the filter ours: false\n"
            "    not: false\n"
            "      User equals 'me': true  (me)\n");
  set.filters[0].expires = Time{};
  EXPECT_NE(explained(set, event).find("filter ours: true  (it has expired)\n"), std::string::npos);
}

// What nearest_miss() names, one a line.
std::string missed(const rule::Rule& rule, const TestEvent& event) {
  rule::RuleSet set;
  set.rules = {rule};
  event::FieldNames names;
  for (const TestField& f : event.fields) names.intern(f.name);
  event::Batch batch(1'000, 2);
  add(batch, names, event);
  const Explanation tree = explain(set, 0, batch, batch.events()[0], names, {});
  std::string out;
  for (const Explanation* node : nearest_miss(tree)) out += to_text(*node, 0);
  return out;
}

TEST(Explain, TheNearestMissIsTheFewestChanges) {
  const TestEvent event{{{"F", "x"}, {"G", "y"}, {"H", "z"}}};
  const Expr f = text("F", "x");
  const Expr no_f = text("F", "a");
  const Expr no_g = text("G", "b");
  const Expr no_h = text("H", "c");
  const std::string f_line = "F equals 'x': true  (x)\n";
  const std::string no_f_line = "F equals 'a': false  (x)\n";
  const std::string no_g_line = "G equals 'b': false  (y)\n";
  EXPECT_EQ(missed(make_rule(f), event), "");
  EXPECT_EQ(missed(make_rule(all({f, no_f, no_g})), event), no_f_line + no_g_line);
  EXPECT_EQ(missed(make_rule(any({all({no_g, no_h}), no_f})), event), no_f_line);
  EXPECT_EQ(missed(make_rule(negate(f)), event), f_line);
  EXPECT_EQ(missed(make_rule(negate(any({f, no_f}))), event), f_line);
  EXPECT_EQ(missed(make_rule(all({no_g, negate(any({f, no_f}))})), event), no_g_line + f_line);
  // Any of these would do.
  EXPECT_EQ(missed(make_rule(any({no_f, no_g})), event),
            "any of: false\n  " + no_f_line + "  " + no_g_line);
  EXPECT_EQ(missed(make_rule(f, {"windows", "", ""}), event),
            "logsource product=windows: false  (the event has none)\n");
}

TEST(Explain, OfLongListsWhatDecides) {
  std::vector<Expr> children;
  for (int i = 0; i < 100; ++i) children.push_back(text("F", std::to_string(i)));
  const std::string out = explained(make_rule(any(children)), {{{"F", "77"}}});
  EXPECT_NE(out.find("    F equals '77': true  (77)\n    … 99 more\n"), std::string::npos) << out;
  const std::string none = explained(make_rule(any(children)), {{{"F", "x"}}});
  EXPECT_NE(none.find("    F equals '7': false  (x)\n    … 92 more\n"), std::string::npos) << none;
}

TEST(Explain, NothingOfAnEventReachesTheTerminalRaw) {
  const std::string out =
      explained(make_rule(text("F", "x\x1b[2J")), {{{"F", std::string(500, 'a') + "\x1b[2J"}}});
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_NE(out.find("'x\\x1b[2J'"), std::string::npos) << out;
  EXPECT_NE(out.find(std::string(200, 'a') + "…)"), std::string::npos) << out;
}

}  // namespace
}  // namespace vakt::match
