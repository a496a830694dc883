// `vakt rules check`: what became of each rule, and which techniques the rules cover.

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

#include "cli/attack_coverage.h"
#include "cli/live_check.h"
#include "cli/rule_report.h"
#include "daemon/cli_rig.h"

namespace vakt::cli {
namespace {

std::string rule_text(const std::string& id, const std::string& more, const std::string& test) {
  return "title: t\nid: " + id + "\n" + more +
         "logsource: {product: linux}\ndetection:\n  a:\n    " + test + "\n  condition: a\n";
}

const std::string kGood = "00000000-0000-4000-8000-000000000001";
const std::string kOther = "00000000-0000-4000-8000-000000000002";
const std::string kThird = "00000000-0000-4000-8000-000000000003";

TEST(CliRulesCheck, EveryRuleHasAFate) {
  struct Row {
    std::string file, text;
    int status;
    std::vector<std::string> lines;  // of --json, without the file
  };
  const auto line = [](const std::string& id, const std::string& rest) {
    return "{\"id\":\"" + id + "\",\"file\":F," + rest + "}";
  };
  const std::vector<Row> rows{
      {"good.yml", rule_text(kGood, "", "F: x"), 0, {line(kGood, R"("line":1,"result":"loaded")")}},
      {"old.yml",
       rule_text(kGood, "status: deprecated\n", "F: x"),
       0,
       {line(kGood, R"("line":3,"result":"left_out","column":9,)"
                    R"("reason":"left out: its status is deprecated","hint":"")")}},
      {"two.yml",
       rule_text(kGood, "", "F: x") + "---\n" + rule_text("'" + kOther + "' # new", "", "F|odd: x"),
       3,
       {line(kGood, R"("line":1,"result":"loaded")"),
        line(kOther, R"("line":14,"result":"refused","column":5,"reason":"unknown modifier)")}},
      {"same.yml",
       rule_text(kGood, "", "F: x") + "---\n" + rule_text(kGood, "", "F: y"),
       3,
       {line(kGood, R"("line":1,"result":"loaded")"),
        line(kGood, R"("line":10,"result":"refused","column":5,)"
                    R"("reason":"')" +
                        kGood + R"(' already names a rule")")}},
  };
  for (const Row& row : rows) {
    const Folder folder;
    const std::string file = folder.write(row.file, row.text);
    const Ran ran = run_line({"rules", "check", "--json", folder.path});
    EXPECT_EQ(ran.status, row.status) << ran.out << ran.err;
    std::istringstream stream(ran.out);
    std::size_t i = 0;
    for (std::string got; std::getline(stream, got); ++i) {
      ASSERT_LT(i, row.lines.size()) << got;
      got.replace(got.find("\"" + file + "\""), file.size() + 2, "F");
      const std::string wanted = row.lines[i].substr(0, row.lines[i].size() - 1);
      EXPECT_EQ(got.substr(0, wanted.size()), wanted);
    }
    EXPECT_EQ(i, row.lines.size()) << ran.out;
  }
}

TEST(CliRulesCheck, SumsUpForPeopleAndBuildServers) {
  const Folder folder;
  folder.write("a.yml",
               rule_text(kGood, "tags: [attack.t1110.001, attack.credential_access]\n", "F: x"));
  folder.write("b.yml", rule_text(kOther, "", "F|odd: <x>"));
  folder.write("c.yml", rule_text(kThird, "", "G|odd: x"));
  folder.write("d.yml", rule_text(kGood, "", "F: x"));
  const std::string junit = folder.path + "/report.xml";
  const Ran ran = run_line({"rules", "check", "--coverage", "--junit", junit, folder.path});
  EXPECT_EQ(ran.status, kCheckFailed);
  for (const std::string part :
       {"credential-access  1\n", "T1110.001  1\n",
        "failed: 1 loaded (0 correlations, 0 with a part for PCRE2), 3 refused, 0 left out\n",
        "\n2        ", "\n1        the id or name is that of another rule\n",
        "1 ids or names are used more than once\n",
        "ATT&CK: 1 techniques, 1 tactics; 0 rules name neither\n"})
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << ran.out;
  EXPECT_NE(ran.err.find("b.yml:6:5: error: "), std::string::npos) << ran.err;
  std::ifstream stream(junit);
  const std::string xml(std::istreambuf_iterator<char>(stream), {});
  EXPECT_NE(xml.find("tests=\"4\" failures=\"3\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("name=\"" + kOther + "\">"), std::string::npos) << xml;

  EXPECT_EQ(run_line({"rules", "check"}).status, kOk);
  EXPECT_EQ(run_line({"rules", "check", "/nowhere"}).status, kCheckFailed);
  EXPECT_EQ(run_line({"rules", "check", "--junit", "/nowhere/x.xml"}).status, kError);
}

TEST(CliRulesCheck, ARuleThatCannotBeCompiledIsRefused) {
  const Folder folder;
  folder.write("a.yml", rule_text(kGood, "", "F|re: 'a{1,70000}b'"));
  const RuleReport report = report_rules({folder.path});
  ASSERT_EQ(report.results.size(), 1u);
  EXPECT_EQ(report.results[0].fate, RuleFate::refused);
  EXPECT_EQ(report.results[0].id, kGood);
  EXPECT_FALSE(report.results[0].reason.starts_with("rule ")) << report.results[0].reason;
  EXPECT_TRUE(report.usable.empty());
}

TEST(CliRulesCheck, RetiredRulesAndThoseThatNeedPcre) {
  const Folder folder;
  folder.write("a.yml", rule_text(kGood, "status: deprecated\n", "F: x"));
  folder.write("b.yml", rule_text(kOther, "", "F|re: 'ab(?=cd)'"));
  EXPECT_NE(run_line({"rules", "check", folder.path})
                .out.find("ok: 1 loaded (0 correlations, 1 with a part for PCRE2), 0 refused, "
                          "1 left out\n"),
            std::string::npos);
  EXPECT_NE(run_line({"rules", "check", "--retired", folder.path}).out.find("ok: 2 loaded"),
            std::string::npos);
}

TEST(CliRulesCheck, PlaceholdersComeFromTheCommandLine) {
  const struct {
    std::vector<std::string> more;
    int status;
    const char* said;
  } rows[] = {
      {{}, 3, "the placeholder %admins% has no values"},
      {{"--placeholder", "admins=alice,bob"}, 0, "1 loaded"},
      {{"--placeholder", "admins"}, 2, "write name=a,b"},
      {{"--placeholder", "admins="}, 2, "write name=a,b"},
  };
  const Folder folder;
  folder.write("a.yml", rule_text(kGood, "", "User|expand: '%admins%'"));
  for (const auto& row : rows) {
    std::vector<std::string> line{"rules", "check", folder.path};
    line.insert(line.end(), row.more.begin(), row.more.end());
    const Ran ran = run_line(line);
    EXPECT_EQ(ran.status, row.status) << ran.out << ran.err;
    EXPECT_NE((ran.out + ran.err).find(row.said), std::string::npos) << ran.out << ran.err;
  }
}

TEST(CliRulesCheck, CoverageCountsRulesNotTags) {
  rule::Metadata a;
  a.tags = {"attack.T1059.001", "attack.t1059.001", "attack.execution", "attack.g0016",
            "attack.s0002",     "attack.ta0002",    "attack.t10591",    "cve.2020-1472"};
  rule::Metadata b;
  b.tags = {"attack.t1059", "attack.t1059.001", "attack.defense_evasion"};
  rule::Metadata c;
  c.tags = {"car.2016-04-005"};
  const AttackCoverage got = attack_coverage({&a, &b, &c});
  EXPECT_EQ(got.techniques, (std::map<std::string, std::size_t>{{"T1059", 1}, {"T1059.001", 2}}));
  EXPECT_EQ(got.tactics,
            (std::map<std::string, std::size_t>{{"defense-evasion", 1}, {"execution", 1}}));
  EXPECT_EQ(got.untagged, 1u);
  const auto layer = boost::json::parse(navigator_layer(got)).as_object();
  EXPECT_EQ(layer.at("domain").as_string(), "enterprise-attack");
  EXPECT_EQ(layer.at("versions").at("layer").as_string(), "4.5");
  ASSERT_EQ(layer.at("techniques").as_array().size(), 2u);
  EXPECT_EQ(layer.at("techniques").at(1).at("techniqueID").as_string(), "T1059.001");
  EXPECT_EQ(layer.at("techniques").at(1).at("score").as_int64(), 2);
}

TEST(CliRulesCheck, LiveStatisticsTellBlindRules) {
  const auto answer = boost::json::parse(R"({
    "since": "2026-11-27T12:00:00Z",
    "fields": ["CommandLine", "Image", "Other"],
    "log_sources": [
      {"labels": [{"product": "windows", "category": "process_creation", "service": ""},
                  {"product": "windows", "category": "", "service": "sysmon"}],
       "events": 40, "fields": ["Image"]},
      {"labels": [{"product": "windows", "category": "process_creation", "service": ""}],
       "events": 2, "fields": ["Other"]}]})");
  const LiveStatistics live(answer.as_object());
  EXPECT_EQ(live.events(), 42u);
  EXPECT_EQ(live.since(), "2026-11-27T12:00:00Z");
  rule::Rule rule;
  rule.logsource = {"windows", "process_creation", ""};
  rule.fields = {"Image", "Other", "CommandLine", "New"};
  auto sight = live.of(rule);
  EXPECT_EQ(sight.events, 42u);
  EXPECT_EQ(sight.not_carried, std::vector<std::string>{"CommandLine"});
  EXPECT_EQ(sight.not_asked, std::vector<std::string>{"New"});
  rule.logsource = {"windows", "", "sysmon"};
  sight = live.of(rule);
  EXPECT_EQ(sight.events, 40u);
  EXPECT_EQ(sight.not_carried, (std::vector<std::string>{"Other", "CommandLine"}));
  rule.logsource = {"linux", "", ""};
  sight = live.of(rule);
  EXPECT_EQ(sight.events, 0u);
  EXPECT_TRUE(sight.not_carried.empty()) << "nothing was there to carry it";
  rule.logsource = {};
  EXPECT_EQ(live.of(rule).events, 42u);
  rule::RuleSet set;
  set.rules = {rule};
  set.rules[0].logsource = {"windows", "", "sysmon"};
  set.rules.push_back(rule);
  set.rules[1].logsource = {"linux", "", ""};
  EXPECT_EQ(live_report(live, set),
            "live: 42 events since 2026-11-27T12:00:00Z\n"
            "1 of 2 rules: no event of their log source\n"
            "RULES  LOG SOURCE\n"
            "1      product=linux\n"
            "1 rules ask for a field that no event of their log source has carried\n"
            "RULES  FIELD        LOG SOURCE\n"
            "1      CommandLine  product=windows, service=sysmon\n"
            "1      Other        product=windows, service=sysmon\n"
            "1 rules ask for a field that the rules in use do not ask for: load them to know\n");
}

}  // namespace
}  // namespace vakt::cli
