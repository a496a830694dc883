#include <gtest/gtest.h>

#include <fstream>

#include "folder.h"
#include "rule_testing.h"

namespace vakt::rule {
namespace {

using Problems = std::vector<std::string>;

const char* const kRule =
    "title: Failed password\n"
    "id: 7f6a1c7e\n"
    "name: ssh_failed\n"
    "status: Stable\n"
    "description: d\n"
    "author: [A, B]\n"
    "references: [r1, r2]\n"
    "tags: [attack.t1110]\n"
    "falsepositives: many\n"
    "level: High\n"
    "related: [{id: x, type: derived}]\n"
    "custom: {anything: [1]}\n"
    "logsource: {product: Linux, service: SSHD, definition: d, x: y}\n"
    "detection: {s: {A|contains: x, B: 1}, condition: s}\n"
    "vakt: {quiet: 30m}\n";

TEST(Load, Metadata) {
  const Loaded got = load_one(kRule);
  EXPECT_EQ(got.problems, Problems{});
  ASSERT_EQ(got.set.rules.size(), 1u);
  const Rule& rule = got.set.rules[0];
  EXPECT_EQ(rule.meta.id, "7f6a1c7e");
  EXPECT_EQ(rule.meta.name, "ssh_failed");
  EXPECT_EQ(rule.meta.title, "Failed password");
  EXPECT_EQ(rule.meta.description, "d");
  EXPECT_EQ(rule.meta.author, "A, B");
  EXPECT_EQ(rule.meta.status, "stable");
  EXPECT_EQ(rule.meta.tags, std::vector<std::string>{"attack.t1110"});
  EXPECT_EQ(rule.meta.references, (std::vector<std::string>{"r1", "r2"}));
  EXPECT_EQ(rule.meta.falsepositives, std::vector<std::string>{"many"});
  EXPECT_EQ(rule.meta.level, Level::high);
  EXPECT_EQ(rule.meta.file, "f.yml");
  EXPECT_EQ(rule.meta.line, 1);
  EXPECT_EQ(rule.logsource, (event::LogSource{"linux", "", "sshd"}));
  EXPECT_EQ(rule.fields, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(rule.quiet, std::chrono::minutes(30));
}

TEST(Load, Defaults) {
  const Loaded got = load_all({{"dir/x.yml", rule_of("{A: 1}")}});
  ASSERT_EQ(got.set.rules.size(), 1u);
  EXPECT_EQ(got.set.rules[0].meta.id, "x.yml");
  EXPECT_EQ(got.set.rules[0].meta.level, Level::medium);
  EXPECT_EQ(got.set.rules[0].quiet, std::chrono::hours(1));
}

TEST(Load, Problems) {
  const std::string logsource = "logsource: {product: p}\n";
  const std::string detection = "detection: {s: {A: 1}, condition: s}\n";
  const std::string head = "title: t\n" + logsource + detection;  // three lines
  const struct {
    std::string text;
    Problems want;  // after "f.yml:"
    std::size_t rules;
  } rows[] = {
      {"", {" warning: there is no rule in it"}, 0},
      {"---\n---\n", {" warning: there is no rule in it"}, 0},
      {"a: b: c\n", {"1:5: error: illegal map value"}, 0},
      {"- a\n", {"1:1: error: a rule must be a map (for example: title: ...)"}, 0},
      {logsource + detection,
       {"1:1: error: the title is missing (say in a few words what is detected)"},
       0},
      {"title: t\n" + detection,
       {"1:1: error: the logsource is missing (name at least one of category, product and "
        "service)"},
       0},
      {"title: t\nlogsource: {}\n" + detection,
       {"2:12: error: the logsource is empty (name at least one of category, product and "
        "service)"},
       0},
      {"title: t\nlogsource: {product: p, categry: c}\n" + detection,
       {"2:25: error: unknown key 'categry' in the logsource (did you mean 'category'?)"},
       0},
      {"title: t\nlogsource: {product: [p]}\n" + detection,
       {"2:12: error: the logsource is empty (name at least one of category, product and "
        "service)",
        "2:22: error: 'product' must be a text"},
       0},
      {"title: t\n" + logsource,
       {"1:1: error: the detection is missing (it names what to look for, and a condition)"},
       0},
      {"title: t\n" + logsource + "detecton: {s: {A: 1}, condition: s}\n",
       {"1:1: error: the detection is missing (it names what to look for, and a condition)",
        "3:1: warning: 'detecton' is no key of Sigma and has no effect (did you mean "
        "'detection'?)"},
       0},
      {"title: t\n" + logsource + "detection: {s: {A: 1}}\n",
       {"3:12: error: the condition is missing (for example: condition: selection and not "
        "filter)"},
       0},
      {head + "level: hihg\n", {"4:8: error: unknown level 'hihg' (did you mean 'high'?)"}, 0},
      {head + "level: [high]\n", {"4:8: error: 'level' must be a text"}, 0},
      {head + "levle: high\n",
       {"4:1: warning: 'levle' is no key of Sigma and has no effect (did "
        "you mean 'level'?)"},
       1},
      {head + "status: tset\n", {"4:9: warning: unknown status 'tset' (did you mean 'test'?)"}, 1},
      {head + "status: deprecated\n", {"4:9: warning: left out: its status is deprecated"}, 0},
      {head + "status: unsupported\n", {"4:9: warning: left out: its status is unsupported"}, 0},
      {head + "tags: [[x]]\n", {"4:8: warning: an item of 'tags' is not a text"}, 1},
      {head + "vakt: {quite: 1h}\n",
       {"4:8: error: unknown key 'quite' (did you mean 'quiet'?)"},
       0},
      {head + "vakt: 1h\n",
       {"4:7: error: 'vakt' must be a map (for example: vakt: {quiet: 1h})"},
       0},
      {head + "vakt: {quiet: 0s}\n",
       {"4:15: error: 'quiet' must be a time of at most 366 days (a "
        "number and a unit: 90s, 15m, 1h, 7d)"},
       0},
      {head + "action: global\n", {}, 0},
      {"action: globl\n" + head,
       {"1:9: error: unknown action 'globl' (use global, reset or repeat)"},
       0},
      {"action: repeat\n" + head,
       {"1:9: error: there is no document before this one to repeat"},
       0},
      {"title: t\nlogsource: {product: p}\nfilter: {}\n",
       {"3:9: error: the filter does not say which rules it is for (list their ids or names under "
        "'rules', or write 'rules: any')",
        "3:9: error: the condition is missing (for example: condition: selection and not filter)"},
       0},
      {"title: t\nlogsource: {product: p}\ntype: filter\n",
       {"1:1: error: the filter's section 'filter' must be a map (it names the rules, what to look "
        "for, and a condition)"},
       0},
      {"id: x\n" + head + "---\nid: x\n" + head,
       {"6:5: error: 'x' already names a rule (f.yml:1; change one of them)"},
       1},
      {"name: x\n" + head + "---\nid: x\n" + head,
       {"6:5: error: 'x' already names a rule (f.yml:1; change one of them)"},
       1},
      {"id: x\nname: x\n" + head, {}, 1},
      {head + "---\n" + head,
       {"5:1: error: 'f.yml' already names a rule (f.yml:1; give this one an id)"},
       1},
      {"id: " + std::string(257, 'x') + "\n" + head,
       {"1:5: error: the id is longer than 256 bytes"},
       0},
      // A broken document takes nothing else with it.
      {"id: a\n" + head + "---\nid: b\n---\nid: c\n" + head,
       {"6:1: error: the title is missing (say in a few words what is detected)",
        "6:1: error: the logsource is missing (name at least one of category, product and "
        "service)",
        "6:1: error: the detection is missing (it names what to look for, and a condition)"},
       2},
  };
  for (const auto& row : rows) {
    Problems want;
    for (const std::string& problem : row.want) want.push_back("f.yml:" + problem);
    const Loaded got = load_one(row.text);
    EXPECT_EQ(got.problems, want) << row.text;
    EXPECT_EQ(got.set.rules.size(), row.rules) << row.text;
  }
}

// Files of old Sigma: a document with `action: global` gives its parts to those that follow.
TEST(Load, ActionDocuments) {
  const Loaded got = load_one(
      "action: global\ntitle: t\nid: x\nlogsource: {product: p}\ndetection: {s: {A: 1}, condition: "
      "s}\n---\ndetection: {s: {B: 2}}\n---\nid: y\nlogsource: {service: q}\ndetection: {s: {A: "
      "3}}\n---\naction: repeat\nid: z\ndetection: {u: {C: 4}, condition: s and u}\n---\naction: "
      "reset\n---\ntitle: alone\nid: w\nlogsource: {product: r}\ndetection: {s: {D: 5}, condition: "
      "s}\n");
  EXPECT_EQ(got.problems, Problems{});
  std::vector<std::string> rules;
  for (const Rule& rule : got.set.rules) {
    std::string text = rule.meta.id + " " + rule.meta.title + " " + rule.logsource.product + "/" +
                       rule.logsource.service;
    for (const Detection& d : rule.detections) text += " " + to_string(d.expr);
    rules.push_back(text);
  }
  EXPECT_EQ(rules, (std::vector<std::string>{
                       R"(x t p/ (and (= A "1") (= B "2")))", R"(y t p/q (= A "3"))",
                       R"(z t p/q (= A "3") (= C "4"))", R"(w alone r/ (= D "5"))"}));
}

std::string filter_of(const std::string& rules, const std::string& more = "") {
  return "title: f\nid: f\nlogsource: {product: p}\nfilter:\n  rules: " + rules +
         "\n  selection: {User: svc}\n  condition: not selection\n" + more;
}

TEST(Load, Filters) {
  const std::string rules =
      "title: a\nid: a\nlogsource: {product: p, category: c}\ndetection: {s: {A: 1}, condition: "
      "s}\n"
      "---\ntitle: b\nname: b\nlogsource: {product: q}\ndetection: {s: {A: 1}, condition: "
      "s}\n---\n";
  const Loaded any = load_one(
      rules + filter_of("any", "vakt: {owner: soc, reason: backup, expires: 2026-03-01}\n"));
  EXPECT_EQ(any.problems, Problems{});
  ASSERT_EQ(any.set.filters.size(), 1u);
  EXPECT_EQ(to_string(any.set.filters[0].keep), R"((not (= User "svc")))");
  EXPECT_EQ(any.set.filters[0].owner, "soc");
  EXPECT_EQ(any.set.filters[0].reason, "backup");
  EXPECT_EQ(any.set.filters[0].expires, parse_rfc3339("2026-03-02T00:00:00Z"));
  EXPECT_EQ(any.set.rules[0].filters, std::vector<std::uint32_t>{0});
  EXPECT_EQ(any.set.rules[1].filters, std::vector<std::uint32_t>{});
  // State counted with an exception is not that without it.
  const Loaded without = load_one(rules);
  EXPECT_NE(any.set.rules[0].detection_hash, without.set.rules[0].detection_hash);
  EXPECT_EQ(any.set.rules[1].detection_hash, without.set.rules[1].detection_hash);

  const Loaded named = load_one(rules + filter_of("[a]"));
  EXPECT_EQ(named.problems, Problems{});
  EXPECT_EQ(named.set.rules[0].filters, std::vector<std::uint32_t>{0});
  const struct {
    std::string filter;
    std::string want;
  } rows[] = {
      {filter_of("[a, z]"), "f.yml:15:14: error: no rule has the id or name 'z'"},
      {filter_of("b"),
       "f.yml:15:10: error: the rule 'b' has another log source than the filter (make the filter's "
       "logsource as wide as the rule's)"},
      {filter_of("[]"), "f.yml:15:10: error: the list of rules is empty"},
      {filter_of("any", "vakt: {expires: soon}\n"),
       "f.yml:18:17: error: 'expires' must be a date or time in RFC 3339 (for example 2026-12-31 "
       "or "
       "2026-12-31T17:00:00+01:00)"},
      {filter_of("any", "vakt: {onwer: x}\n"),
       "f.yml:18:8: error: unknown key 'onwer' (did you mean 'owner'?)"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rules + row.filter);
    EXPECT_EQ(got.problems, Problems{row.want});
    EXPECT_EQ(got.set.filters.size(), 0u) << row.want;
    EXPECT_EQ(got.set.rules.size(), 2u) << row.want;
  }
  const Loaded keeps =
      load_one(rules +
               "title: f\nlogsource: {product: p}\nfilter: {rules: any, s: {A: 1}, "
               "condition: s}\n");
  EXPECT_EQ(keeps.problems,
            Problems{"f.yml:13:44: warning: the filter keeps only events that match its selections "
                     "(an exception reads: condition: not selection)"});
  EXPECT_EQ(keeps.set.filters.size(), 1u);
}

TEST(Load, Placeholders) {
  Diagnostics diagnostics;
  const RuleSet set =
      load_texts({{"f.yml", rule_of("{A|contains|expand: 'x%a%y%b%', B|expand: '100%'}")}},
                 diagnostics, {.placeholders = {{"a", {"1", "2*"}}, {"b", {"3"}}}});
  EXPECT_TRUE(diagnostics.empty());
  ASSERT_EQ(set.rules.size(), 1u);
  EXPECT_EQ(to_string(set.rules[0].detections[0].expr),
            R"((and (or (= A "*x1y3*") (= A "*x2\*y3*")) (= B "100%")))");
}

TEST(Load, RetiredRulesOnRequest) {
  const std::vector<Source> sources = {
      {"a.yml",
       "title: t\nstatus: deprecated\nlogsource: {product: p}\ndetection: {s: {A: 1}, "
       "condition: s}\n"}};
  Diagnostics diagnostics;
  EXPECT_EQ(load_texts(sources, diagnostics).rules.size(), 0u);
  EXPECT_EQ(load_texts(sources, diagnostics, {.placeholders = {}, .retired = true}).rules.size(),
            1u);
}

TEST(Load, SecondIdOfTheSetIsRefused) {
  const Loaded got = load_all(
      {{"a.yml", "id: x\n" + rule_of("{A: 1}")}, {"b.yml", "id: x\n" + rule_of("{A: 2}")}});
  EXPECT_EQ(got.problems,
            Problems{"b.yml:1:5: error: 'x' already names a rule (a.yml:1; change one of them)"});
  EXPECT_EQ(got.set.rules.size(), 1u);
}

TEST(Load, DetectionHash) {
  const auto hash = [](const std::string& text) {
    const Loaded got = load_one(text);
    EXPECT_EQ(got.set.rules.size(), 1u) << text;
    return got.set.rules.at(0).detection_hash;
  };
  const auto rule = [](const std::string& product, const std::string& detection) {
    return "title: t\nlogsource: {product: " + product + "}\ndetection: " + detection + "\n";
  };
  const Hash128 base = hash(rule("p", "{s: {A: [x, y], B: z}, f: {C: 1}, condition: s and not f}"));
  // What people call things, and in which order, does not count.
  EXPECT_EQ(base, hash("id: other\nlevel: high\ntags: [x]\ndescription: d\nvakt: {quiet: 5m}\n" +
                       rule("P", "{f: {C: 1}, t: {B: z, A: [y, x]}, condition: not f and t}")));
  EXPECT_EQ(base, hash("vakt:\n  tests: [{match: {A: x, B: z}}]\n" +
                       rule("p", "{s: {A: [x, y], B: z}, f: {C: 1}, condition: s and not f}")));
  EXPECT_EQ(base, hash(rule("p",
                            "{s: {A: [x, y, x], B: z}, f: {C: '1'}, u: {D: 1}, "
                            "condition: s and not f}")));
  for (const char* different : {"{s: {A: [x, y], B: z}, f: {C: 1}, condition: s or not f}",
                                "{s: {A: [x, y], B: z}, f: {C: 1}, condition: s and f}",
                                "{s: {A: [x], B: z}, f: {C: 1}, condition: s and not f}",
                                "{s: {A|all: [x, y], B: z}, f: {C: 1}, condition: s and not f}",
                                "{s: {A|cased: [x, y], B: z}, f: {C: 1}, condition: s and not f}",
                                "{s: {A|re: [x, y], B: z}, f: {C: 1}, condition: s and not f}",
                                "{s: {A: ['x*', y], B: z}, f: {C: 1}, condition: s and not f}"})
    EXPECT_NE(base, hash(rule("p", different))) << different;
  EXPECT_NE(base, hash(rule("q", "{s: {A: [x, y], B: z}, f: {C: 1}, condition: s and not f}")));
}

TEST(Load, SetHash) {
  const Hash128 base = load_one(rule_of("{A: 1}")).set.hash;
  EXPECT_EQ(base, load_one("# comment\n" + rule_of("{A: 1}")).set.hash);
  EXPECT_NE(base, load_one(rule_of("{A: 2}")).set.hash);
  EXPECT_NE(base, load_one("level: high\n" + rule_of("{A: 1}")).set.hash);
  EXPECT_NE(base, load_one("vakt: {quiet: 2h}\n" + rule_of("{A: 1}")).set.hash);
  EXPECT_NE(base, load_one("").set.hash);
}

TEST(Load, FieldsOfASetAreBounded) {
  std::vector<Source> sources;
  for (int i = 0; i < 10; ++i) {
    std::string detection = "{";
    for (int j = 0; j < 4000; ++j)
      detection += "f" + std::to_string(i) + "_" + std::to_string(j) + ": x, ";
    sources.push_back({std::to_string(i) + ".yml", rule_of(detection + "}")});
  }
  const Loaded got = load_all(sources);
  EXPECT_EQ(got.set.rules.size(), 8u);
  ASSERT_EQ(got.problems.size(), 2u);
  EXPECT_EQ(got.problems[0],
            "8.yml:1:1: error: the rules use more than 32768 different fields (load fewer rules)");
}

TEST(Load, FilesAndDirectories) {
  const test::Folder folder;
  const auto path = [&](const std::string& name) { return folder.path + "/" + name; };
  folder.write("b.yml", rule_of("{A: b}"));
  folder.write("a/z.yaml", rule_of("{A: z}"));
  folder.write("a/note.txt", "not a rule");
  folder.write("c.scenario", rule_of("{A: c}"));
  folder.write("big.yml", std::string((4 << 20) + 1, '#'));
  Diagnostics diagnostics;
  // The directory, one of its files again, and a file by name in spite of its ending.
  const RuleSet set =
      load({folder.path, path("b.yml"), path("c.scenario"), path("nothing.yml")}, diagnostics);
  std::vector<std::string> ids;
  for (const Rule& rule : set.rules) ids.push_back(rule.meta.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"z.yaml", "b.yml", "c.scenario"}));
  Problems problems;
  for (const Diagnostic& d : diagnostics) problems.push_back(to_string(d));
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_TRUE(problems[0].starts_with(path("nothing.yml") + ": error: ")) << problems[0];
  EXPECT_EQ(problems[1], path("big.yml") + ": error: is larger than 4194304 bytes; split it");
}

}  // namespace
}  // namespace vakt::rule
