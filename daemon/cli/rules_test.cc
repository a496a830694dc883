#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "api/incident_json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/inline_tests.h"
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

A rule may carry tests of its own. An event is a map of the fields that the rule names, or a log
line as it is received:

  vakt:
    tests:
      - match: {Image: 'C:\Windows\System32\cmd.exe', User: admin}
      - name: the updater does so every night
        no_match: {Image: 'C:\Windows\System32\cmd.exe', User: updater}
      - match: 'Mar  1 10:00:00 web1 sshd[7]: Failed password for root from 192.0.2.7 port 4022 ssh2'

A failure shows the event, the condition with what was true, and the nearest miss. Exit status 3
when a test fails, or a rule to be tested has errors.

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
  return render(table, terminal) + outcome.explanation;
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
  if (!outcome.explanation.empty()) out["explanation"] = api::safe_string(outcome.explanation);
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
    out.failure = outcome.problem.empty() ? "expected and actual incidents differ"
                                          : outcome.problem.substr(0, outcome.problem.find('\n'));
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

// What a server of builds and a person get of one run.
class Results {
 public:
  explicit Results(bool json) : json_(json) {}

  void add(std::vector<Outcome> outcomes) {
    for (Outcome& outcome : outcomes) {
      failed_ += outcome.passed() ? 0 : 1;
      if (json_) {
        print(boost::json::serialize(to_json(outcome)) + "\n");
      } else if (!outcome.passed()) {
        print("FAIL " + escape_terminal(name_of(outcome)) + "\n" +
              differences(outcome, terminal_of(stdout)) + "\n");
      }
      all_.push_back(std::move(outcome));
    }
  }
  const std::vector<Outcome>& all() const { return all_; }
  std::size_t failed() const { return failed_; }

 private:
  bool json_;
  std::vector<Outcome> all_;
  std::size_t failed_ = 0;
};

void report_once(const Diagnostics& first, const Diagnostics& second) {
  std::set<std::string> seen;
  Diagnostics out;
  for (const Diagnostics* some : {&first, &second})
    for (const Diagnostic& d : *some)
      if (seen.insert(to_string(d)).second) out.push_back(d);
  report(out);
}

int test(const Options& options) {
  std::vector<std::string> paths = options.paths;
  if (paths.empty()) paths = config::defaults(config::Environment::of_process()).rules;
  const auto files = find_scenarios(paths);
  if (!files) {
    message("vakt rules test: " + files.error().message);
    return kNotFoundOrConflict;
  }
  ScenarioRunner runner(options.rules);
  if (const char* wanted = std::getenv("UPDATE"); wanted != nullptr && *wanted == '1')
    return update(runner, *files);
  Results results(options.json);
  for (const std::string& file : *files) results.add(runner.run_file(file));
  const std::size_t scenarios = results.all().size();
  InlineOutcomes in_rules = run_inline_tests(paths, options.rules);
  results.add(std::move(in_rules.outcomes));
  const std::size_t all = results.all().size();
  report_once(runner.diagnostics(), in_rules.diagnostics);
  if (!options.junit.empty() && !write_report(options.junit, results.all())) {
    message("vakt rules test: cannot write " + options.junit);
    return kError;
  }
  if (in_rules.refused > 0)
    message("vakt rules test: rules with errors were left out, and so were their tests");
  if (all == 0) {
    message("vakt rules test: neither scenario files nor rules with tests there");
    return in_rules.refused > 0 ? kCheckFailed : kNotFoundOrConflict;
  }
  message(fmt::format("{} scenarios in {} files, {} tests in rules: {} passed, {} failed",
                      scenarios, files->size(), all - scenarios, all - results.failed(),
                      results.failed()));
  if (results.failed() != 0 && scenarios != 0)
    message("if what the scenarios find is right: UPDATE=1 vakt rules test PATH");
  return results.failed() == 0 && in_rules.refused == 0 ? kOk : kCheckFailed;
}

}  // namespace

void add_rules_test(CLI::App& rules, int& status) {
  auto* command =
      rules.add_subcommand("test", "Run scenario files, and the tests that rules carry");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("paths", options->paths,
                   "Scenario or rule files, or directories (default: shipped)")
      ->type_name("PATH");
  command
      ->add_option("--rules", options->rules,
                   "Rules to test with (default: those that PATH lies among)")
      ->allow_extra_args(false);
  command->add_option("--junit", options->junit, "Write a JUnit report to this file");
  command->add_flag("--json", options->json, "One JSON object a test");
  command->footer(kFooter);
  command->callback([options, &status] { status = test(*options); });
}

}  // namespace vakt::cli
