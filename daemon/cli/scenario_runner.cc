#include "cli/scenario_runner.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/rule_paths.h"
#include "cli/scenario_explain.h"

namespace vakt::cli {
namespace fs = std::filesystem;

namespace {

Expectation renewed(const Expectation& old, const Found& found) {
  Expectation out = old;
  for (auto& [key, value] : out.keys) value = found.value(key);
  return out;
}

std::vector<Expectation> renewed(const Outcome& outcome) {
  std::vector<Expectation> out;
  std::vector<bool> used(outcome.expected.size(), false);
  for (std::size_t f = 0; f < outcome.found.size(); ++f) {
    std::optional<std::size_t> author;
    for (std::size_t e = 0; e < outcome.expected.size() && !author; ++e)
      if (outcome.comparison.partner[e] == f) author = e;
    for (std::size_t e = 0; e < outcome.expected.size() && !author; ++e)
      if (!used[e] && !outcome.comparison.partner[e] &&
          nearest(outcome.expected[e], outcome.found, {f}))
        author = e;
    if (author) used[*author] = true;
    out.push_back(author ? renewed(outcome.expected[*author], outcome.found[f])
                         : expectation_of(outcome.found[f]));
  }
  return out;
}

// Of incidents for which nothing similar was found: a difference of keys explains itself.
std::string explanation_of(const Outcome& outcome, const Scenario& scenario,
                           const std::shared_ptr<const engine::Pipeline>& pipeline) {
  std::set<std::string> rules;
  for (std::size_t e = 0; e < outcome.expected.size(); ++e)
    if (!outcome.comparison.partner[e] &&
        !nearest(outcome.expected[e], outcome.found, outcome.comparison.unexpected))
      rules.insert(outcome.expected[e].rule);
  std::string out;
  for (const std::string& rule : rules) out += explain_missing(scenario, pipeline, rule);
  return out;
}

}  // namespace

std::optional<std::size_t> nearest(const Expectation& expectation, const std::vector<Found>& found,
                                   const std::vector<std::size_t>& candidates) {
  std::optional<std::size_t> best;
  std::size_t best_equal = 0;
  for (const std::size_t f : candidates) {
    const auto& names = found[f].rule_names;
    if (std::find(names.begin(), names.end(), expectation.rule) == names.end()) continue;
    const auto equal = static_cast<std::size_t>(
        std::count_if(expectation.keys.begin(), expectation.keys.end(),
                      [&](const auto& key) { return found[f].value(key.first) == key.second; }));
    if (best && equal <= best_equal) continue;
    best = f;
    best_equal = equal;
  }
  return best;
}

Result<std::vector<std::string>> find_scenarios(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return fail(Errc::not_found, "there is no " + path);
    if (!fs::is_directory(status)) {
      const fs::path extension = fs::path(path).extension();
      if (extension != ".yml" && extension != ".yaml") out.push_back(path);
      continue;
    }
    std::vector<std::string> here;
    for (auto at = fs::recursive_directory_iterator(path, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error))
      if (at->path().extension() == ".scenario") here.push_back(at->path().string());
    if (error) return fail(Errc::io, "cannot read " + path + ": " + error.message());
    std::sort(here.begin(), here.end());
    out.insert(out.end(), here.begin(), here.end());
  }
  return out;
}

ScenarioFile ScenarioRunner::read(const std::string& path, std::string& problem) const {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) {
    problem = "cannot read " + path;
    return {path, {}};
  }
  Diagnostics diagnostics;
  ScenarioFile file = parse_scenarios(text.str(), path, diagnostics);
  for (const Diagnostic& d : diagnostics) problem += (problem.empty() ? "" : "\n") + to_string(d);
  return file;
}

Result<std::shared_ptr<const engine::Pipeline>> ScenarioRunner::pipeline_for(
    const std::string& path, const Scenario& scenario) {
  std::vector<std::string> rules = rules_;
  if (rules.empty()) {
    const auto root = rules_root_of(path);
    if (!root)
      return fail(Errc::not_found,
                  "no directory above has a `decoders` folder: name the rules with --rules");
    rules = {*root};
  }
  const Key key{rules.front(), scenario.year, scenario.zone};
  if (const auto loaded = pipelines_.find(key); loaded != pipelines_.end()) return loaded->second;
  const auto listener = scenario_listener(scenario);
  if (!listener) return tl::make_unexpected(listener.error());
  const RulePaths paths = rule_paths(rules, {});
  engine::PipelineOptions options;
  options.rule_paths = paths.rules;
  options.decoder_paths = paths.decoders;
  options.field_map_paths = paths.field_maps;
  options.listeners = {*listener};
  Diagnostics diagnostics;
  auto pipeline = engine::Pipeline::load(options, diagnostics);
  // Another year gives the same complaints about the same rules.
  if (pipelines_.empty()) diagnostics_ = diagnostics;
  if (!pipeline) return fail(Errc::invalid, "no rules could be loaded from " + rules.front());
  pipelines_[key] = pipeline;
  return pipeline;
}

Outcome ScenarioRunner::run(const std::string& path, const Scenario& scenario) {
  Outcome outcome{path, scenario.title, {}, scenario.expected, {}, {}, {}};
  const auto pipeline = pipeline_for(path, scenario);
  if (!pipeline) {
    outcome.problem = pipeline.error().message;
    return outcome;
  }
  auto found = run_scenario(scenario, *pipeline);
  if (!found) {
    outcome.problem = found.error().message;
    return outcome;
  }
  outcome.found = std::move(*found);
  outcome.comparison = compare(outcome.expected, outcome.found);
  outcome.explanation = explanation_of(outcome, scenario, *pipeline);
  return outcome;
}

std::vector<Outcome> ScenarioRunner::run_file(const std::string& path) {
  std::string problem;
  const ScenarioFile file = read(path, problem);
  if (!problem.empty()) return {{path, {}, problem, {}, {}, {}, {}}};
  std::vector<Outcome> out;
  for (const Scenario& scenario : file.scenarios) {
    Outcome outcome = run(path, scenario);
    if (!scenario.has_expectations && outcome.problem.empty())
      outcome.problem =
          "there is no '--- expect' line; UPDATE=1 vakt rules test adds it, with what is found now";
    out.push_back(std::move(outcome));
  }
  return out;
}

Result<bool> ScenarioRunner::update_file(const std::string& path) {
  std::string problem;
  ScenarioFile file = read(path, problem);
  if (!problem.empty()) return fail(Errc::invalid, problem);
  bool changed = false;
  for (Scenario& scenario : file.scenarios) {
    const Outcome outcome = run(path, scenario);
    if (!outcome.problem.empty()) return fail(Errc::invalid, outcome.problem);
    if (scenario.has_expectations && outcome.passed()) continue;
    scenario.expected = renewed(outcome);
    changed = true;
  }
  if (!changed) return false;
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << to_text(file);
  stream.close();
  if (!stream) return fail(Errc::io, "cannot write " + path);
  return true;
}

}  // namespace vakt::cli
