// The metrics page: syntax, arithmetic, bounds, and that README.md tells the truth about it.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "metrics/exposition.h"

namespace vakt::metrics {
namespace {

struct Family {
  std::string type;
  std::string help;
  std::set<std::string> labels;  // names, without le
  std::map<std::string, double> samples;
};

// A sample line: name{label="value",...} number
void read_sample(const std::string& line, std::map<std::string, Family>& families) {
  const std::size_t space = line.rfind(' ');
  const std::size_t brace = line.find('{');
  const std::string name = line.substr(0, std::min(brace, space));
  std::string family = name;
  for (const char* suffix : {"_bucket", "_sum", "_count"})
    if (!families.contains(family) && name.ends_with(suffix))
      family = name.substr(0, name.size() - std::string(suffix).size());
  ASSERT_TRUE(families.contains(family)) << line;
  families[family].samples[line.substr(0, space)] = std::stod(line.substr(space + 1));
  std::size_t at = brace;
  while (at < space) {
    const std::size_t equals = line.find("=\"", at);
    const std::string label = line.substr(at + 1, equals - at - 1);
    if (label != "le") families[family].labels.insert(label);
    at = equals + 2;
    while (line[at] != '"') at += line[at] == '\\' ? 2 : 1;
    if (line[++at] == '}') break;
  }
}

std::map<std::string, Family> parse(const std::string& text) {
  std::map<std::string, Family> families;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, what, name, rest;
    if (line[0] != '#') {
      read_sample(line, families);
      continue;
    }
    words >> hash >> what >> name;
    std::getline(words >> std::ws, rest);
    (what == "HELP" ? families[name].help : families[name].type) = rest;
  }
  return families;
}

struct Rig {
  Rig() : counters(2) {
    counters.listeners[0]->name = "udp";
    counters.listeners[0]->format = "syslog";
    counters.listeners[1]->name = "quote\" \\ \nline";
    counters.listeners[1]->format = "json";
    labels.version = "1.2.3";
    labels.rules = {"a", "b", "c"};
    labels.detectors = {{"a", rule::Level::high}, {"b", rule::Level::low}};
    rules = rule_counters(labels);
    for (const auto& of : rules.rules) {
      add(of->matches, 7);
      add(of->hidden, 6);
      add(of->gave_up, 5);
    }
    for (const auto& of : rules.detectors) {
      add(of->opened, 2);
      add(of->groups, 3);
      add(of->spilled, 8);
    }
    add(counters.groups_refused);
    add(counters.incidents_closed[1][3], 4);
    add(counters.oldest_open_unix_seconds[3], 1'700'000'000);
    times.observe("/metrics", "GET", 200, 0.02);
  }
  std::map<std::string, Family> page() const {
    return parse(exposition(counters, rules, labels, stats, &times));
  }
  Counters counters;
  RuleCounters rules;
  Labels labels;
  store::Stats stats;
  RequestTimes times;
};

TEST(MetricsExposition, ReadmeListsTheSameFamilies) {
  std::ifstream readme(VAKT_SOURCE_DIR "/daemon/metrics/README.md");
  std::map<std::string, std::pair<std::string, std::set<std::string>>> listed;
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `vakt_")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) {
      const std::size_t begin = cell.find_first_not_of(' ');
      cells.push_back(begin == std::string::npos
                          ? ""
                          : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
    }
    std::set<std::string> labels;
    std::istringstream names(cells.at(2) == "–" ? "" : cells.at(2));
    for (std::string name; std::getline(names >> std::ws, name, ',');) labels.insert(name);
    listed[cells.at(0).substr(1, cells.at(0).size() - 2)] = {cells.at(1), labels};
  }
  std::map<std::string, std::pair<std::string, std::set<std::string>>> exposed;
  for (const auto& [name, family] : Rig().page()) {
    exposed[name] = {family.type, family.labels};
    EXPECT_FALSE(family.help.empty()) << name;
    EXPECT_EQ(family.type == "counter", name.ends_with("_total")) << name;
  }
  ASSERT_GT(listed.size(), 30u);
  for (const auto& [name, what] : listed) EXPECT_TRUE(exposed.contains(name)) << name;
  for (const auto& [name, what] : exposed) {
    ASSERT_TRUE(listed.contains(name)) << name << " is not in README.md";
    EXPECT_EQ(listed[name].first, what.first) << name;
    EXPECT_EQ(listed[name].second, what.second) << name;
  }
}

TEST(MetricsExposition, CountersShowTheirValues) {
  Rig rig;
  add(rig.counters.listeners[0]->received, 12);
  add(rig.counters.listeners[0]->dropped[static_cast<std::size_t>(Dropped::disk_full)], 5);
  const auto page = rig.page();
  struct Row {
    std::string family, sample;
    double value;
  };
  const std::vector<Row> rows{
      {"vakt_ingest_events_total", "{listener=\"udp\",format=\"syslog\"}", 12},
      {"vakt_ingest_dropped_total", "{listener=\"udp\",reason=\"disk_full\"}", 5},
      {"vakt_ingest_bytes_total", "{listener=\"quote\\\" \\\\ \\nline\"}", 0},
      {"vakt_rule_matches_total", "{rule=\"b\",state=\"live\"}", 7},
      {"vakt_exception_suppressed_total", "{rule=\"b\"}", 6},
      {"vakt_rule_evaluation_errors_total", "{rule=\"c\"}", 5},
      {"vakt_incidents_opened_total", "{rule=\"a\",severity=\"high\"}", 2},
      {"vakt_incidents_closed_total", "{severity=\"high\",disposition=\"true_positive\"}", 4},
      {"vakt_oldest_open_incident_timestamp_seconds", "{severity=\"high\"}", 1'700'000'000},
      {"vakt_build_info", "{version=\"1.2.3\",revision=\"\"}", 1},
  };
  for (const Row& row : rows) {
    const auto& samples = page.at(row.family).samples;
    ASSERT_TRUE(samples.contains(row.family + row.sample)) << row.family << row.sample;
    EXPECT_EQ(samples.at(row.family + row.sample), row.value) << row.family;
  }
}

TEST(MetricsExposition, HistogramsAreCumulative) {
  Rig rig;
  for (const double seconds : {0.0005, 0.001, 0.002, 400.0, -3.0})
    rig.counters.detection_latency.observe(seconds);
  const auto page = rig.page();
  const auto& samples = page.at("vakt_detection_latency_seconds").samples;
  const std::string name = "vakt_detection_latency_seconds";
  EXPECT_EQ(samples.at(name + "_bucket{le=\"0.001\"}"), 3);
  EXPECT_EQ(samples.at(name + "_bucket{le=\"0.005\"}"), 4);
  EXPECT_EQ(samples.at(name + "_bucket{le=\"300\"}"), 4);
  EXPECT_EQ(samples.at(name + "_bucket{le=\"+Inf\"}"), 5);
  EXPECT_EQ(samples.at(name + "_count"), 5);
  EXPECT_NEAR(samples.at(name + "_sum"), 400.0035, 1e-6);
}

TEST(MetricsExposition, ManyRulesShareOneSeries) {
  const Counters counters(0);
  Labels labels;
  for (std::size_t i = 0; i < kRuleSeriesMax + 100; ++i)
    labels.rules.push_back("rule" + std::to_string(i));
  const RuleCounters rules = rule_counters(labels);
  for (std::size_t i = 0; i < rules.rules.size(); ++i)
    if (i % 1'000 != 0) add(rules.rules[i]->matches);
  const auto page = parse(exposition(counters, rules, labels, {}, nullptr));
  const auto& samples = page.at("vakt_rule_matches_total").samples;
  EXPECT_EQ(samples.size(), kRuleSeriesMax + 1);
  EXPECT_EQ(samples.at("vakt_rule_matches_total{rule=\"_other\",state=\"live\"}"), 94);
  EXPECT_FALSE(samples.contains("vakt_rule_matches_total{rule=\"rule1000\",state=\"live\"}"));
}

TEST(MetricsExposition, AReloadTakesOverTheCountersOfWhatStays) {
  Labels before;
  before.rules = {"gone", "stays"};
  before.detectors = {{"gone", rule::Level::high}, {"stays", rule::Level::high}};
  const RuleCounters old = rule_counters(before);
  add(old.rules[0]->matches, 5);
  add(old.rules[1]->matches, 7);
  add(old.detectors[1]->opened, 3);
  Labels after;
  after.rules = {"stays", "new"};
  after.detectors = {{"new", rule::Level::low}, {"stays", rule::Level::low}};
  const RuleCounters now = rule_counters(after, old, before);
  EXPECT_EQ(now.rules[0], old.rules[1]);
  EXPECT_EQ(get(now.rules[1]->matches), 0u);
  EXPECT_EQ(get(now.detectors[0]->opened), 0u);
  EXPECT_EQ(get(now.detectors[1]->opened), 3u);
}

}  // namespace
}  // namespace vakt::metrics
