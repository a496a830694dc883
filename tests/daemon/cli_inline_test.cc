// Tests inside rules, and what `vakt rules test` says when a test fails.

#include <gtest/gtest.h>

#include "daemon/cli_rig.h"

namespace vakt::cli {
namespace {

const std::string kRule =
    "title: Shell of a service\n"
    "name: shell\n"
    "logsource: {product: windows, category: process_creation}\n"
    "detection:\n"
    "  selection:\n"
    "    Image|endswith: '\\cmd.exe'\n"
    "    Level|gte: 4\n"
    "  ours: {User: updater}\n"
    "  condition: selection and not ours\n";

Ran test_rule(const Folder& folder, const std::string& tests) {
  return run_line(
      {"rules", "test", folder.write("shell.yml", kRule + "vakt:\n  tests:\n" + tests)});
}

TEST(CliInlineTests, EventsAreWhatAShipperWouldSend) {
  const Folder folder;
  const Ran ran =
      test_rule(folder,
                "    - match: {Image: 'C:\\x\\cmd.exe', Level: 4}\n"
                "    - match: {Image: ['no', 'C:\\x\\CMD.EXE'], Level: 5.5, User: null}\n"
                "    - no_match: {Image: 'C:\\x\\cmd.exe', Level: 3}\n"
                "    - name: the updater\n"
                "      no_match: {Image: 'C:\\x\\cmd.exe', Level: 4, User: updater}\n"
                "    - name: another log source\n"
                "      logsource: {product: linux}\n"
                "      no_match: {Image: 'C:\\x\\cmd.exe', Level: 4}\n"
                "    - name: a record as it is received, routed by its content\n"
                "      no_match: '{\"Image\":\"C:\\\\x\\\\cmd.exe\",\"Level\":4}'\n"
                "    - logsource: {product: windows, category: process_creation}\n"
                "      match: '{\"Image\":\"C:\\\\x\\\\cmd.exe\",\"Level\":4}'\n");
  EXPECT_EQ(ran.status, kOk) << ran.out << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "0 scenarios in 0 files, 7 tests in rules: 7 passed, 0 failed\n");
}

TEST(CliInlineTests, AFailureShowsTheEventTheTreeAndTheNearestMiss) {
  const Folder folder;
  const Ran ran = test_rule(folder,
                            "    - match: {Image: \"C:\\\\x\\\\pwsh.exe\\e[31m\", Level: 4}\n"
                            "    - name: never\n"
                            "      no_match: {Image: '\\cmd.exe', Level: 9}\n");
  EXPECT_EQ(ran.status, kCheckFailed);
  EXPECT_EQ(ran.out, "FAIL " + folder.path +
                         "/shell.yml: shell, test in line 12\n"
                         "the rule does not match an event that it should match\n"
                         "  event: {\"Image\":\"C:\\\\x\\\\pwsh.exe\\u001b[31m\",\"Level\":4}\n"
                         "  rule shell: false\n"
                         "    logsource product=windows, category=process_creation: true"
                         "  (product=windows, category=process_creation)\n"
                         "    all of: false\n"
                         "      selection: false\n"
                         "        Image endswith '\\cmd.exe': false  (C:\\x\\pwsh.exe\\x1b[31m)\n"
                         "        Level gte 4: true  (4)\n"
                         "      not: true\n"
                         "        ours: false\n"
                         "          User equals 'updater': false  (no such field)\n"
                         "  nearest miss: 1 of its tests would have to be otherwise\n"
                         "    Image endswith '\\cmd.exe': false  (C:\\x\\pwsh.exe\\x1b[31m)\n"
                         "\n"
                         "FAIL " +
                         folder.path +
                         "/shell.yml: shell, test in line 13: never\n"
                         "the rule matches an event that it should not match\n"
                         "  event: {\"Image\":\"\\\\cmd.exe\",\"Level\":9}\n"
                         "  rule shell: true\n"
                         "    logsource product=windows, category=process_creation: true"
                         "  (product=windows, category=process_creation)\n"
                         "    all of: true\n"
                         "      selection: true\n"
                         "        Image endswith '\\cmd.exe': true  (\\cmd.exe)\n"
                         "        Level gte 4: true  (9)\n"
                         "      not: true\n"
                         "        ours: false\n"
                         "          User equals 'updater': false  (no such field)\n"
                         "\n");
  EXPECT_EQ(ran.err, "0 scenarios in 0 files, 2 tests in rules: 0 passed, 2 failed\n");
}

TEST(CliInlineTests, FiltersOfTheSetCount) {
  const Folder folder;
  folder.write("a.yml", kRule + "vakt:\n  tests:\n    - match: {Image: '\\cmd.exe', Level: 4}\n");
  const auto filter = [](const std::string& expires) {
    return "title: f\nid: f\nlogsource: {product: windows}\nfilter:\n  rules: [shell]\n"
           "  s: {Level: 4}\n  condition: not s\nvakt: {expires: " +
           expires + "}\n";
  };
  folder.write("filter.yml", filter("2026-01-01"));
  Ran ran = run_line({"rules", "test", folder.path});
  EXPECT_EQ(ran.status, kCheckFailed) << ran.err;
  EXPECT_NE(ran.out.find("let through by the filter f: false\n"), std::string::npos) << ran.out;
  // Events without a time are of 2026-01-01, whatever the day of the test is.
  folder.write("filter.yml", filter("2025-12-31"));
  ran = run_line({"rules", "test", folder.path});
  EXPECT_EQ(ran.status, kOk) << ran.out << ran.err;
}

TEST(CliInlineTests, MistakesNameTheirPlaceAndFail) {
  struct Row {
    std::string tests, complaint;
  };
  const std::vector<Row> rows{
      {"    - matches: {F: x}\n", ":12:7: error: unknown key 'matches' (did you mean 'match'?)"},
      {"    - {match: {F: x}, no_match: {F: y}}\n",
       ":12:7: error: a test has either 'match' or 'no_match'"},
      {"    - match: [a]\n", ":12:14: error: an event is a map of fields, or a log line"},
      {"    - x\n", ":12:7: error: a test must be a map"},
      {"    - match: {F: x}\n      logsource: {produkt: windows}\n", "did you mean 'product'?"},
      {"    - match: '{\"F\":'\n", "the event is not valid JSON: {\"F\":"},
  };
  for (const Row& row : rows) {
    const Folder folder;
    const Ran ran = test_rule(folder, row.tests);
    EXPECT_EQ(ran.status, kCheckFailed) << row.tests;
    EXPECT_NE((ran.out + ran.err).find(row.complaint), std::string::npos) << ran.out << ran.err;
  }
}

TEST(CliInlineTests, NoTestsIsNotASuccess) {
  const Folder folder;
  const Ran ran = run_line({"rules", "test", folder.write("shell.yml", kRule)});
  EXPECT_EQ(ran.status, kNotFoundOrConflict);
  EXPECT_NE(ran.err.find("neither scenario files nor rules with tests"), std::string::npos);
}

// What a scenario says of an incident that did not open.
struct ScenarioRow {
  std::string rules, scenario;
  std::vector<std::string> says;
};

TEST(CliScenarioFailures, SayWhy) {
  const std::string base =
      "title: Bad\nname: bad\nlevel: LEVEL\nlogsource: {product: p}\n"
      "detection:\n  s: {act|contains: bad, by: root}\n  condition: s\n";
  const auto rule = [&](const std::string& level) {
    return std::string(base).replace(base.find("LEVEL"), 5, level);
  };
  const std::string count =
      "---\ntitle: Many\nname: many\nlevel: high\ncorrelation:\n  type: event_count\n"
      "  rules: [bad]\n  group-by: [user]\n  timespan: 1m\n  condition: {gte: 5}\n";
  const std::string lines =
      "{\"act\":\"bad\",\"by\":\"root\",\"user\":\"a\"}\n"
      "{\"act\":\"bad\",\"by\":\"root\",\"user\":\"b\"}\n"
      "{\"act\":\"good\",\"by\":\"me\",\"user\":\"a\"}\n"
      "{\"act\":\"good\",\"by\":\"root\",\"user\":\"a\"}\n"
      "{\"act\":\"bad\",\"by\":\"root\",\"user\":\"b\"}\n";
  const std::vector<ScenarioRow> rows{
      {rule("low") + count,
       lines + "--- expect\nincident many\n",
       {"  many: a peak of 2, with 5 it would open; group.user=b\n",
        "  many: a peak of 1, with 5 it would open; group.user=a\n",
        "  bad matches 3 of 5 events; of the others, line 4 comes nearest:\n"
        "    {\"act\":\"good\",\"by\":\"root\",\"user\":\"a\"}\n    rule bad: false\n",
        "    nearest miss: 1 of its tests would have to be otherwise\n"
        "      act contains 'bad': false  (good)\n"}},
      {rule("low"),
       lines + "--- expect\nincident bad\n",
       {"  bad opens no incident by itself: its level is low, or a correlation counts it\n"}},
      {rule("low") + count,
       "{\"act\":\"bad\",\"by\":\"root\"}\n--- expect\nincident many\n",
       {"  many: no event that its rules match has every field of its group-by\n",
        "  bad matches 1 of 1 events\n"}},
      {rule("low") + "---\ntitle: Many\nname: many\nlevel: high\ncorrelation:\n  type: value_sum\n"
                     "  rules: [bad]\n  timespan: 1m\n  condition: {gt: 9, field: n}\n",
       "{\"act\":\"bad\",\"by\":\"root\",\"n\":9}\n--- expect\nincident many\n",
       {"  many: value_sum of n > 9 within 1m: at no event\n", "  bad matches 1 of 1 events\n"}},
      {rule("low") + count +
           "---\ntitle: Twice\nname: twice\nlevel: high\ncorrelation:\n  type: event_count\n"
           "  rules: [many]\n  timespan: 1m\n  condition: {gte: 2}\n",
       lines + "--- expect\nincident many\n",
       {"  many opens no incident by itself: a correlation counts it\n"}},
      {rule("high"),
       "x\n--- expect\nincident bda\n",
       {"  no rule that was loaded has the id, name or title 'bda'\n"}},
  };
  for (const ScenarioRow& row : rows) {
    const Folder folder;
    std::filesystem::create_directory(folder.path + "/field_maps");
    folder.write(
        "field_maps/p.yaml",
        "map: p\nwhen: {act: \"*\"}\nlogsource: {product: p}\nexamples:\n"
        "  - record: '{\"act\":\"x\"}'\n    logsource: {product: p}\n    fields: {act: x}\n");
    const std::string rules = folder.write("r.yml", row.rules);
    const Ran ran = run_line(
        {"rules", "test", "--rules", folder.path, folder.write("s.scenario", row.scenario)});
    EXPECT_EQ(ran.status, kCheckFailed) << ran.err;
    for (const std::string& text : row.says)
      EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\nin:\n" << ran.out << ran.err;
  }
}

}  // namespace
}  // namespace vakt::cli
