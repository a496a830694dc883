// Scenario files: log lines, and the incidents they must open. Tests of rules and their
// documentation at once. Format: README.md of this folder.
//
// Parsing and comparing are pure; run_scenario() loads nothing but what it is given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "base/time.h"
#include "engine/pipeline.h"
#include "framing/framer.h"

namespace vakt::cli {

// One `incident` line: what is named is compared, what is not is free.
struct Expectation {
  std::string rule;  // id, name or title slug
  std::vector<std::pair<std::string, std::string>> keys;
  int line = 0;  // in the file
};

struct Scenario {
  std::string title;  // empty for the first without one
  int year = 2026;    // of times without a year
  std::string zone = "UTC";
  std::string log;  // the lines as they are, each with its line end
  std::vector<Expectation> expected;
  bool has_expectations = false;      // there was a `--- expect` line
  std::string preamble;               // all text before the log, for rewriting
  std::vector<std::string> comments;  // between the expectations, for rewriting
};

struct ScenarioFile {
  std::string path;
  std::vector<Scenario> scenarios;
};

// Reports every problem; a file with one is not to be run.
ScenarioFile parse_scenarios(std::string_view text, const std::string& path,
                             Diagnostics& diagnostics);

// The file's text with the expectations it holds now.
std::string to_text(const ScenarioFile& file);

// "incident ssh-bruteforce severity=high ..."
std::string to_text(const Expectation& expectation);

// An incident as it was found: every key an Expectation may have, in their usual order.
struct Found {
  std::vector<std::string> rule_names;  // what may stand for it: title slug, name, id
  std::vector<std::pair<std::string, std::string>> keys;
  std::string value(std::string_view key) const;  // empty: none
};
// The shortest name that is its rule's alone.
Expectation expectation_of(const Found& found);

struct Comparison {
  // Index into `found` for every expectation, or nullopt: nothing like it.
  std::vector<std::optional<std::size_t>> partner;
  std::vector<std::size_t> unexpected;  // indices into `found`
  bool passed() const;
};
// One to one: an assignment that satisfies as many expectations as any can.
Comparison compare(const std::vector<Expectation>& expected, const std::vector<Found>& found);

// When scenarios are received: later than anything they may say, so that no time is suspect.
inline constexpr Time kScenarioNow = from_unix_seconds(4'102'444'800);  // 2100-01-01

// The frames of a scenario's log with their lines, from 1.
void each_frame(const Scenario& scenario,
                const std::function<void(const framing::Frame&, std::uint64_t line)>& take);

// Feeds the log to the engine. `pipeline` has one listener, with the scenario's year and zone.
Result<std::vector<Found>> run_scenario(const Scenario& scenario,
                                        std::shared_ptr<const engine::Pipeline> pipeline);

// Listener settings for a scenario, or an unknown zone.
Result<engine::ListenerSettings> scenario_listener(const Scenario& scenario);

// "SSH: brute force!" is "ssh-brute-force".
std::string slug(std::string_view title);

}  // namespace vakt::cli
