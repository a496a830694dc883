// A real log with a computed truth: brute force against sshd over three weeks of 2017. Rules as a
// user would write them, the shipped decoders, the production engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/src.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/offline.h"
#include "folder.h"
#include "sim/golden.h"

namespace vakt::engine {
namespace {

std::vector<golden::Truth> read_truth() {
  std::ifstream in(golden::data_path() / "logs/auth.episodes_golden.json");
  std::stringstream text;
  text << in.rdbuf();
  std::vector<golden::Truth> out;
  const auto seconds = [](const boost::json::value& v) {
    return from_unix_seconds(v.to_number<std::int64_t>());
  };
  const boost::json::value document = boost::json::parse(text.str());
  for (const auto& [name, value] : document.as_object()) {
    if (!value.is_object()) continue;
    golden::Truth t;
    t.name = name;
    t.distinct = t.name.starts_with("value_count");
    t.window = t.name.substr(t.name.rfind(' ') + 1);
    for (const auto& [key, part] : value.as_object()) {
      const std::string k = key;
      if (k == "incidents_by_threshold")
        for (const auto& [n, count] : part.as_object())
          t.incidents_by_threshold[std::stoull(std::string(n))] = count.to_number<std::uint64_t>();
      if (!k.starts_with("episodes_at_")) continue;
      auto& set = t.episodes[std::stoull(k.substr(12))];
      for (const auto& e : part.as_array())
        set.insert({std::string(e.at("group").as_string()), seconds(e.at("first_time")),
                    seconds(e.at("last_time")), seconds(e.at("fire_time")),
                    e.at("events").to_number<std::uint64_t>(),
                    e.at("peak").to_number<std::uint64_t>(),
                    e.at("fire_line").to_number<std::uint64_t>()});
    }
    out.push_back(std::move(t));
  }
  return out;
}

constexpr const char* kMissing = "VAKT_TEST_DATA or ../shared/data is missing";

class GoldenAuthLog : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(golden::auth_log_path())) GTEST_SKIP() << kMissing;
    lines_ = golden::read_lines(golden::auth_log_path());
    truth_ = read_truth();
  }
  std::vector<std::string> lines_;
  std::vector<golden::Truth> truth_;
};

std::vector<incident::Incident> run_rules(const std::string& folder,
                                          const std::vector<std::string>& lines) {
  PipelineOptions options;
  options.rule_paths = {folder};
  options.decoder_paths = {std::string(VAKT_SOURCE_DIR) + "/rules/decoders"};
  options.listeners.push_back({});
  options.listeners[0].name = "replay";
  options.listeners[0].year = 2017;
  options.listeners[0].imported = true;
  Diagnostics diagnostics;
  const auto pipeline = Pipeline::load(options, diagnostics);
  for (const Diagnostic& d : diagnostics) ADD_FAILURE() << to_string(d);
  Offline offline(pipeline, {}, from_unix_seconds(1'800'000'000));
  for (const std::string& line : lines) offline.add(line, false, 0, "auth.log");
  EXPECT_TRUE(offline.finish());
  return offline.incidents();
}

std::vector<incident::Incident> run(const golden::Truth& truth, std::uint64_t threshold,
                                    const std::vector<std::string>& lines) {
  const test::Folder rules;
  golden::write_rule(truth, threshold, rules.path);
  return run_rules(rules.path, lines);
}

std::set<golden::Episode> episodes(const std::vector<incident::Incident>& incidents,
                                   bool with_lines) {
  std::set<golden::Episode> out;
  for (const auto& i : incidents) {
    golden::Episode e;
    e.group = i.detection.group.at(0).second;
    e.first = i.detection.first_event_time;
    e.last = i.detection.last_event_time;
    e.events = i.detection.event_count;
    e.peak = i.detection.peak;
    e.fired = i.detection.opened_event_time;
    if (with_lines) e.line = i.detection.opened_by.sequence + 1;
    out.insert(e);
  }
  return out;
}

std::set<golden::Episode> without_lines(std::set<golden::Episode> in) {
  std::set<golden::Episode> out;
  for (golden::Episode e : in) {
    e.line = 0;
    out.insert(e);
  }
  return out;
}

TEST_F(GoldenAuthLog, EveryThresholdGivesTheGoldenNumberOfIncidents) {
  for (const golden::Truth& truth : truth_)
    for (const auto& [threshold, incidents] : truth.incidents_by_threshold)
      EXPECT_EQ(run(truth, threshold, lines_).size(), incidents)
          << truth.name << " threshold " << threshold;
}

TEST_F(GoldenAuthLog, TheEpisodesAreTheGoldenOnes) {
  for (const golden::Truth& truth : truth_)
    for (const auto& [threshold, expected] : truth.episodes)
      EXPECT_EQ(episodes(run(truth, threshold, lines_), true), expected)
          << truth.name << " threshold " << threshold;
}

// Brute force, then somebody in: one address in three weeks.
TEST_F(GoldenAuthLog, TheChainFindsTheOneThatGotIn) {
  const test::Folder rules;
  golden::write_rule({"", false, "300s", {}, {}}, 5, rules.path);
  rules.write("chain.yml",
              "title: accepted\nname: accepted\nlevel: low\n"
              "logsource: {product: linux, service: sshd}\n"
              "detection:\n  in:\n    message|re: 'Accepted (password|publickey) for '\n"
              "  condition: in\n---\n"
              "title: got in\nname: got_in\nlevel: critical\ncorrelation:\n"
              "  type: temporal_ordered\n  rules: [brute_force, accepted]\n"
              "  group-by: [source.ip]\n  timespan: 600s\n");
  const auto found = run_rules(rules.path, lines_);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].detection.rule_id, "got_in");
  EXPECT_EQ(found[0].detection.group.at(0).second, "24.151.103.17");
}

TEST_F(GoldenAuthLog, ShufflingWithinTheAllowedDisorderChangesNothing) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3; ++round) {
    const auto shuffled = golden::shuffle_within(lines_, std::chrono::seconds(60), random);
    ASSERT_NE(shuffled, lines_);
    for (const golden::Truth& truth : truth_)
      for (const auto& [threshold, expected] : truth.episodes)
        EXPECT_EQ(episodes(run(truth, threshold, shuffled), false), without_lines(expected))
            << truth.name << " threshold " << threshold;
  }
}

}  // namespace
}  // namespace vakt::engine
