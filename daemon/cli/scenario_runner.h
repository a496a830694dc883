// Runs scenario files against the rules they lie beside. Loads each rule set once per year and
// zone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "cli/scenario.h"

namespace vakt::cli {

// *.scenario files in directories and the files named, but rules (*.yml), in byte order. A path
// that does not exist is an error.
Result<std::vector<std::string>> find_scenarios(const std::vector<std::string>& paths);

struct Outcome {
  std::string file;
  std::string title;
  std::string problem;  // why it could not be run; empty: it was
  std::vector<Expectation> expected;
  std::vector<Found> found;
  Comparison comparison;
  std::string explanation;  // why expected incidents did not open; may be empty
  bool passed() const { return problem.empty() && comparison.passed(); }
};

class ScenarioRunner {
 public:
  // Empty `rules`: those of the directory above each file that has a `decoders` folder.
  explicit ScenarioRunner(std::vector<std::string> rules) : rules_(std::move(rules)) {}

  std::vector<Outcome> run_file(const std::string& path);
  // Runs the file and writes what was found as its expectations; keys an author chose stay chosen.
  // Returns whether the file changed; a file that cannot be run is left alone.
  Result<bool> update_file(const std::string& path);

  // Of rules and decoders, so far.
  const Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  using Key = std::tuple<std::string, int, std::string>;  // rules directory, year, zone

  ScenarioFile read(const std::string& path, std::string& problem) const;
  Result<std::shared_ptr<const engine::Pipeline>> pipeline_for(const std::string& path,
                                                               const Scenario& scenario);
  Outcome run(const std::string& path, const Scenario& scenario);

  std::vector<std::string> rules_;
  std::map<Key, std::shared_ptr<const engine::Pipeline>> pipelines_;
  Diagnostics diagnostics_;
};

// The unexpected find most like an expectation of the same rule, or nullopt.
std::optional<std::size_t> nearest(const Expectation& expectation, const std::vector<Found>& found,
                                   const std::vector<std::size_t>& candidates);

}  // namespace vakt::cli
