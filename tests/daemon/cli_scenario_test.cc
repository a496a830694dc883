// Scenario files: the format, the comparison, and all that ship with the rules.

#include <gtest/gtest.h>

#include <fstream>

#include "cli/scenario_runner.h"
#include "folder.h"

namespace vakt::cli {
namespace {

TEST(CliScenario, AllShippedScenariosPass) {
  const auto files = find_scenarios({VAKT_SOURCE_DIR "/rules"});
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_FALSE(files->empty());
  ScenarioRunner runner({});
  for (const std::string& file : *files)
    for (const Outcome& outcome : runner.run_file(file)) {
      EXPECT_TRUE(outcome.passed())
          << outcome.file << ": " << outcome.title << " " << outcome.problem;
      if (outcome.passed()) continue;
      for (const Found& found : outcome.found)
        ADD_FAILURE() << "found: " << to_text(expectation_of(found));
    }
}

TEST(CliScenario, FormatIsReadAndWrittenBack) {
  const std::string text =
      "# about the file\n"
      "settings: year=2025 zone=Europe/Stockholm\n"
      "line one\n"
      "# a log line that looks like a comment\n"
      "\n"
      "--- expect\n"
      "# why\n"
      "incident a-rule count=5 group.user.name=\"a \\\"b\\\"\"\n"
      "\n"
      "=== second\n"
      "line\n"
      "--- expect\n";
  Diagnostics diagnostics;
  const ScenarioFile file = parse_scenarios(text, "x.scenario", diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << to_string(diagnostics.front());
  ASSERT_EQ(file.scenarios.size(), 2u);
  const Scenario& first = file.scenarios[0];
  EXPECT_EQ(first.year, 2025);
  EXPECT_EQ(first.zone, "Europe/Stockholm");
  EXPECT_EQ(first.log, "line one\n# a log line that looks like a comment\n\n");
  ASSERT_EQ(first.expected.size(), 1u);
  EXPECT_EQ(first.expected[0].line, 8);
  EXPECT_EQ(first.expected[0].keys[1].second, "a \"b\"");
  EXPECT_EQ(file.scenarios[1].title, "second");
  EXPECT_TRUE(file.scenarios[1].expected.empty());
  EXPECT_EQ(to_text(file), text);
}

TEST(CliScenario, MistakesNameTheirPlace) {
  struct Row {
    std::string text, complaint;
  };
  const std::vector<Row> rows{
      {"", "x.scenario: error: the file holds no scenario"},
      {"settings: yaer=2025\n", "x.scenario:1:11: error: unknown setting"},
      {"settings: year=soon\n", "x.scenario:1:11: error: 'soon' is not a year"},
      {"l\n--- expect\nincident a size=5\n", "x.scenario:3:12: error: unknown key"},
      {"l\n--- expect\nincident\n", "x.scenario:3:1: error: an expectation starts with"},
      {"l\n--- expect\nopens a\n", "x.scenario:3:1: error: an expectation starts with"},
      {"l\n--- expect\nincident \"a\n", "x.scenario:3:1: error: a quotation mark is not closed"},
  };
  for (const Row& row : rows) {
    Diagnostics diagnostics;
    parse_scenarios(row.text, "x.scenario", diagnostics);
    ASSERT_EQ(diagnostics.size(), 1u) << row.text;
    EXPECT_TRUE(to_string(diagnostics[0]).starts_with(row.complaint)) << to_string(diagnostics[0]);
  }
}

TEST(CliScenario, MatchingIsOneToOne) {
  const Found a{{"r"}, {{"count", "5"}, {"peak", "5"}, {"first", "2026-01-01T00:00:00Z"}}};
  const Found b{{"r"}, {{"count", "5"}, {"peak", "9"}, {"first", "2026-01-02T00:00:00Z"}}};
  const Expectation any{"r", {{"count", "5"}}, 1};
  const Expectation only_a{"r", {{"peak", "5"}}, 2};
  const Expectation other_zone{"r", {{"first", "2026-01-01T01:00:00+01:00"}}, 3};
  struct Row {
    std::vector<Expectation> expected;
    std::vector<Found> found;
    bool passed;
  };
  const std::vector<Row> rows{
      {{}, {}, true},
      {{}, {a}, false},
      {{any}, {}, false},
      {{any}, {a}, true},
      {{any}, {a, b}, false},
      {{any, any}, {a}, false},
      {{any, only_a}, {a, b}, true},  // `any` must leave `a` to `only_a`
      {{only_a, any}, {a, b}, true},
      {{only_a, only_a}, {a, b}, false},
      {{other_zone}, {a}, true},
      {{{"q", {}, 1}}, {a}, false},
      {{{"r", {{"group.x", "1"}}, 1}}, {a}, false},
  };
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(compare(rows[i].expected, rows[i].found).passed(), rows[i].passed) << "row " << i;
}

TEST(CliScenario, UpdateKeepsTheAuthorsKeys) {
  const test::Folder folder;
  const std::string path = folder.path + "/x.scenario";
  std::string log = "settings: year=2026\n";
  for (int i = 10; i < 22; ++i)
    log += "Mar  2 10:00:" + std::to_string(i) +
           " web1 sshd[7]: Failed password for root from 203.0.113.9 port 4022 ssh2\n";
  std::ofstream(path) << log << "--- expect\nincident ssh_brute_force count=3\n=== none\n" << log;
  ScenarioRunner runner({VAKT_SOURCE_DIR "/rules"});
  EXPECT_FALSE(runner.run_file(path).at(0).passed());
  EXPECT_NE(runner.run_file(path).at(1).problem.find("--- expect"), std::string::npos);
  const auto updated = runner.update_file(path);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_TRUE(*updated);
  std::ifstream stream(path);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  EXPECT_NE(text.find("incident ssh_brute_force count=12\n"), std::string::npos) << text;
  EXPECT_NE(text.find("incident ssh_brute_force severity=high first="), std::string::npos) << text;
  for (const Outcome& outcome : runner.run_file(path)) EXPECT_TRUE(outcome.passed());
  const auto again = runner.update_file(path);
  EXPECT_TRUE(again && !*again);
}

TEST(CliScenario, Slugs) {
  EXPECT_EQ(slug("SSH: brute force!"), "ssh-brute-force");
  EXPECT_EQ(slug("  --x  "), "x");
  EXPECT_EQ(slug("é"), "");
}

}  // namespace
}  // namespace vakt::cli
