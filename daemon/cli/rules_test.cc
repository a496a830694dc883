#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "api/incident_json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/junit.h"
#include "cli/output.h"
#include "cli/scenario_runner.h"
#include "config/config.h"

namespace vakt::cli {
namespace {

constexpr const char* kFooter = R"(
A scenario file holds log lines, then `--- expect`, then the incidents they must open:

  # Three wrong passwords from one address are nothing yet, five are an attack.
  settings: year=2026 zone=UTC
  Mar  1 10:00:00 web1 sshd[7]: Failed password for root from 192.0.2.7 port 4022 ssh2
  ...
  --- expect
  incident ssh-brute-force severity=high line=5 count=5 group.source.ip=192.0.2.7

Only the keys that are named are compared; the incidents must match one to one.
Exit status 3 when one fails.

Examples:
  vakt rules test                                    all that ship with Vakt
  vakt rules test rules/auth/ssh.scenario
  UPDATE=1 vakt rules test rules/auth                write what is found as what is expected
  vakt rules test --junit build/rules.xml rules/     for a build server)";

struct Options {
  std::vector<std::string> paths;
  std::vector<std::string> rules;
  std::string junit;
  bool json = false;
};

std::string name_of(const Outcome& outcome) {
  return outcome.title.empty() ? outcome.file : outcome.file + ": " + outcome.title;
}

void add_rows(Table& table, const Expectation* expected, const Found* found) {
  table.rows.push_back({"", "incident", expected != nullptr ? expected->rule : "(none)",
                        found != nullptr ? found->rule_names.front() : "(none)"});
  if (expected == nullptr) {
    for (const auto& [key, value] : found->keys) table.rows.push_back({"", key, "", value});
    return;
  }
  for (const auto& [key, value] : expected->keys) {
    const std::string got = found != nullptr ? found->value(key) : "";
    table.rows.push_back({found != nullptr && got != value ? "≠" : "", key, value, got});
  }
}

// Expected and actual side by side: each expectation that nothing satisfies with what is most like
// it, then what nobody expected.
std::string differences(const Outcome& outcome, const Terminal& terminal) {
  if (!outcome.problem.empty()) return outcome.problem + "\n";
  Table table{{"", "KEY", "EXPECTED", "ACTUAL"}, {}};
  std::vector<std::size_t> left = outcome.comparison.unexpected;
  for (std::size_t e = 0; e < outcome.expected.size(); ++e) {
    if (outcome.comparison.partner[e]) continue;
    const auto like = nearest(outcome.expected[e], outcome.found, left);
    if (like) left.erase(std::find(left.begin(), left.end(), *like));
    add_rows(table, &outcome.expected[e], like ? &outcome.found[*like] : nullptr);
  }
  for (const std::size_t f : left) add_rows(table, nullptr, &outcome.found[f]);
  return render(table, terminal);
}

boost::json::object to_json(const Outcome& outcome) {
  boost::json::array expected;
  for (const Expectation& e : outcome.expected) expected.emplace_back(api::safe_string(to_text(e)));
  boost::json::array actual;
  for (const Found& f : outcome.found)
    actual.emplace_back(api::safe_string(to_text(expectation_of(f))));
  boost::json::object out{{"file", api::safe_string(outcome.file)},
                          {"title", api::safe_string(outcome.title)},
                          {"passed", outcome.passed()}};
  if (!outcome.problem.empty()) out["problem"] = api::safe_string(outcome.problem);
  out["expected"] = std::move(expected);
  out["actual"] = std::move(actual);
  return out;
}

bool write_report(const std::string& path, const std::vector<Outcome>& outcomes) {
  std::vector<JunitCase> cases;
  for (const Outcome& outcome : outcomes) {
    JunitCase& out = cases.emplace_back();
    out.place = outcome.file;
    out.name = outcome.title.empty() ? outcome.file : outcome.title;
    if (outcome.passed()) continue;
    out.failure = "expected and actual incidents differ";
    out.details = differences(outcome, {});
  }
  return write_junit(path, "vakt rules", cases);
}

int update(ScenarioRunner& runner, const std::vector<std::string>& files) {
  int status = kOk;
  for (const std::string& file : files) {
    const auto changed = runner.update_file(file);
    if (!changed) {
      message(escape_terminal(file) + ": " + changed.error().message);
      status = kCheckFailed;
    } else if (*changed) {
      message("written: " + escape_terminal(file));
    }
  }
  return status;
}

int test(const Options& options) {
  std::vector<std::string> paths = options.paths;
  if (paths.empty()) paths = config::defaults(config::Environment::of_process()).rules;
  const auto files = find_scenarios(paths);
  if (!files) {
    message("vakt rules test: " + files.error().message);
    return kNotFoundOrConflict;
  }
  if (files->empty()) {
    message("vakt rules test: no *.scenario files there");
    return kNotFoundOrConflict;
  }
  ScenarioRunner runner(options.rules);
  if (const char* wanted = std::getenv("UPDATE"); wanted != nullptr && *wanted == '1')
    return update(runner, *files);
  std::vector<Outcome> outcomes;
  std::size_t failed = 0;
  for (const std::string& file : *files) {
    for (Outcome& outcome : runner.run_file(file)) {
      failed += outcome.passed() ? 0 : 1;
      if (options.json) {
        print(boost::json::serialize(to_json(outcome)) + "\n");
      } else if (!outcome.passed()) {
        print("FAIL " + escape_terminal(name_of(outcome)) + "\n" +
              differences(outcome, terminal_of(stdout)) + "\n");
      }
      outcomes.push_back(std::move(outcome));
    }
  }
  report(runner.diagnostics());
  if (!options.junit.empty() && !write_report(options.junit, outcomes)) {
    message("vakt rules test: cannot write " + options.junit);
    return kError;
  }
  message(fmt::format("{} scenarios in {} files: {} passed, {} failed", outcomes.size(),
                      files->size(), outcomes.size() - failed, failed));
  if (failed != 0) message("if what is found is right: UPDATE=1 vakt rules test PATH");
  return failed == 0 ? kOk : kCheckFailed;
}

}  // namespace

void add_rules_test(CLI::App& rules, int& status) {
  auto* command = rules.add_subcommand("test", "Run scenario files against the rules");
  const auto options = std::make_shared<Options>();
  command->add_option("paths", options->paths, "Scenario files or directories (default: shipped)")
      ->type_name("PATH");
  command
      ->add_option("--rules", options->rules,
                   "Rules to test (default: those the scenario lies beside)")
      ->allow_extra_args(false);
  command->add_option("--junit", options->junit, "Write a JUnit report to this file");
  command->add_flag("--json", options->json, "One JSON object a scenario");
  command->footer(kFooter);
  command->callback([options, &status] { status = test(*options); });
}

}  // namespace vakt::cli
