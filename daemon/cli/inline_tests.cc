#include "cli/inline_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.h"
#include "cli/match_run.h"
#include "cli/rule_paths.h"
#include "match/explain.h"
#include "yaml/parsed.h"

namespace vakt::cli {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kEventBytesShown = 1'000;
// The time of events that name none: always the same, as filters expire by it.
constexpr Time kEventTime = from_unix_seconds(1'767'225'600);  // 2026-01-01

using Paths = std::vector<std::string>;

std::string normal(const std::string& path) {
  std::error_code error;
  std::string out = fs::weakly_canonical(path, error).string();
  while (out.ends_with('/')) out.pop_back();
  return out;
}

class Below {
 public:
  explicit Below(const Paths& paths) {
    for (const std::string& path : paths) roots_.push_back(normal(path));
  }
  bool operator()(const std::string& file) const {
    const std::string path = normal(file);
    return std::any_of(roots_.begin(), roots_.end(), [&](const std::string& root) {
      return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
    });
  }

 private:
  Paths roots_;
};

// The paths under test by what they are loaded from.
std::map<Paths, Paths> by_rules(const Paths& paths, const Paths& rules) {
  std::map<Paths, Paths> out;
  for (const std::string& path : paths) {
    if (path.ends_with(".scenario")) continue;
    std::error_code error;
    const auto root = rules_root_of(fs::is_directory(path, error) ? path + "/." : path);
    const Paths from = !rules.empty() ? rules : Paths{root.value_or(path)};
    out[from].push_back(path);
  }
  return out;
}

// One test, on its way through a batch.
struct Case {
  std::uint32_t rule = 0;
  const rule::InlineTest* test = nullptr;
};

class Run {
 public:
  Run(std::shared_ptr<const engine::Pipeline> pipeline, const Below& below)
      : pipeline_(std::move(pipeline)) {
    const auto& rules = pipeline_->rules->rules;
    for (std::uint32_t r = 0; r < rules.size(); ++r) {
      if (rules[r].tests.empty() || !below(rules[r].meta.file)) continue;
      for (const rule::InlineTest& test : rules[r].tests) cases_.push_back({r, &test});
    }
  }

  std::vector<Outcome> all(const std::vector<event::LogSource>& labels) {
    MatchSettings settings;
    settings.labels = labels;
    settings.now = kEventTime;
    MatchRun run(pipeline_, settings, [this](const MatchedLine& line, const event::Batch& batch) {
      take(cases_.at(line.line), line, batch);
    });
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const rule::InlineTest& test = *cases_[i].test;
      run.add({test.event, false, 0, i, "inline test", test.logsource});
    }
    run.flush();
    return std::move(outcomes_);
  }

 private:
  void take(const Case& one, const MatchedLine& line, const event::Batch& batch) {
    const rule::Rule& rule = pipeline_->rules->rules[one.rule];
    Outcome& out = outcomes_.emplace_back();
    out.file = rule.meta.file;
    out.title = fmt::format("{}, test in line {}", rule.meta.id, one.test->line);
    if (!one.test->name.empty()) out.title += ": " + one.test->name;
    if (!line.problem.empty()) {
      out.problem = line.problem + ": " + escape_terminal(shown(one.test->event));
      return;
    }
    const bool matches =
        std::find(line.rules.begin(), line.rules.end(), one.rule) != line.rules.end();
    if (matches != one.test->match) out.problem = why(one, *line.event, batch);
  }

  static std::string shown(const std::string& event) {
    if (event.size() <= kEventBytesShown) return event;
    return event.substr(0, kEventBytesShown) + "…";
  }

  std::string why(const Case& one, std::uint32_t event, const event::Batch& batch) const {
    const engine::Pipeline& p = *pipeline_;
    std::string out = one.test->match ? "the rule does not match an event that it should match\n"
                                      : "the rule matches an event that it should not match\n";
    out += "  event: " + escape_terminal(shown(one.test->event)) + "\n";
    if (!p.program->runs(one.rule)) return out + "  the rule cannot be run: see the messages";
    const match::Explanation tree =
        match::explain(*p.rules, one.rule, batch, batch.events()[event], p.names, p.routes);
    out += match::to_text(tree, 2);
    if (one.test->match) out += match::nearest_miss_text(tree, 2);
    out.pop_back();  // the line end
    return out;
  }

  std::shared_ptr<const engine::Pipeline> pipeline_;
  std::vector<Case> cases_;
  std::vector<Outcome> outcomes_;
};

std::vector<event::LogSource> labels_of(const rule::RuleSet& set, const Below& below) {
  std::set<event::LogSource> out;
  for (const rule::Rule& rule : set.rules) {
    if (rule.tests.empty() || !below(rule.meta.file)) continue;
    for (const rule::InlineTest& test : rule.tests)
      if (test.logsource) out.insert(*test.logsource);
  }
  return {out.begin(), out.end()};
}

bool has_tests(const rule::RuleSet& set, const Below& below) {
  return std::any_of(set.rules.begin(), set.rules.end(), [&](const rule::Rule& rule) {
    return !rule.tests.empty() && below(rule.meta.file);
  });
}

void run_one(const Paths& rules, const Paths& paths, InlineOutcomes& out) {
  const Below below(paths);
  const RulePaths from = rule_paths(rules, {});
  engine::PipelineOptions options;
  options.rule_paths = from.rules;
  options.decoder_paths = from.decoders;
  options.field_map_paths = from.field_maps;
  options.rules.tests = true;
  options.rules.parsed = std::make_shared<yaml::Parsed>();
  Diagnostics diagnostics;
  // Labels become routes before rules are compiled, so the rules are read once before.
  const rule::RuleSet set = rule::load(from.rules, diagnostics, options.rules);
  if (has_tests(set, below)) {
    options.extra_log_sources = labels_of(set, below);
    options.listeners = {scenario_listener({}).value()};
    diagnostics.clear();
    if (const auto pipeline = engine::Pipeline::load(options, diagnostics))
      for (Outcome& outcome : Run(pipeline, below).all(options.extra_log_sources))
        out.outcomes.push_back(std::move(outcome));
  }
  out.refused += static_cast<std::size_t>(std::count_if(
      diagnostics.begin(), diagnostics.end(),
      [&](const Diagnostic& d) { return d.severity == Severity::error && below(d.file); }));
  out.diagnostics.insert(out.diagnostics.end(), diagnostics.begin(), diagnostics.end());
}

}  // namespace

InlineOutcomes run_inline_tests(const std::vector<std::string>& paths,
                                const std::vector<std::string>& rules) {
  InlineOutcomes out;
  for (const auto& [from, under_test] : by_rules(paths, rules)) run_one(from, under_test, out);
  return out;
}

}  // namespace vakt::cli
