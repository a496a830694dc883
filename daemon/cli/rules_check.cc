#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/text.h"
#include "cli/api_call.h"
#include "cli/attack_coverage.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/junit.h"
#include "cli/live_check.h"
#include "cli/output.h"
#include "cli/rule_paths.h"
#include "cli/rule_report.h"

namespace vakt::cli {
namespace {

constexpr const char* kFooter = R"(
Loads and compiles every rule and says which would not run: with file, line, column, reason and
what to do. Exit status 3 when one is refused. Rules whose status is deprecated or unsupported are
left out, which is no failure; --retired takes them too.

--live asks a running daemon which log sources of these rules nobody feeds, and which of their
fields no event has ever carried: such a rule is loaded, and blind.

Examples:
  vakt rules check                                the shipped rules
  vakt rules check ~/sigma/rules my-rules/
  vakt rules check --json ~/sigma/rules | jq -r 'select(.result == "refused") | .reason' |
    sort | uniq -c | sort -n
  vakt rules check --junit build/rules.xml rules/ for a build server
  vakt rules check --coverage ~/sigma/rules       rules for each tactic and technique of ATT&CK
  vakt rules check --coverage --json ~/sigma/rules > layer.json
                                                  to be opened in the ATT&CK Navigator
  vakt rules check --live                         which rules cannot see anything yet, and why

--json gives one object a rule: {"id","file","line","result"}, where result is loaded, refused or
left_out; with "column", "reason" and "hint" where it is not loaded; with --live, "live":
{"events","not_carried","not_asked"}.)";

constexpr std::size_t kReasonsShown = 20;

struct Options {
  ApiOptions api;
  std::vector<std::string> paths;
  std::vector<std::string> placeholders;
  std::string junit;
  bool json = false;
  bool coverage = false;
  bool retired = false;
  bool live = false;
};

std::string texts_json(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + json_string(text);
  return "[" + out + "]";
}

// By id of the rule, where a daemon was asked.
using Sights = std::map<std::string, LiveStatistics::Sight>;

std::string to_json(const RuleResult& r, const Sights& sights) {
  std::string out = fmt::format(R"({{"id":{},"file":{},"line":{},"result":"{}")", json_string(r.id),
                                json_string(r.file), r.line, to_string(r.fate));
  if (r.fate != RuleFate::loaded)
    out += fmt::format(R"(,"column":{},"reason":{},"hint":{})", r.column, json_string(r.reason),
                       json_string(r.hint));
  if (const auto sight = sights.find(r.id); sight != sights.end())
    out += fmt::format(R"(,"live":{{"events":{},"not_carried":{},"not_asked":{}}})",
                       sight->second.events, texts_json(sight->second.not_carried),
                       texts_json(sight->second.not_asked));
  return out + "}\n";
}

bool write_report(const std::string& path, const RuleReport& report) {
  std::vector<JunitCase> cases;
  for (const RuleResult& r : report.results) {
    if (r.fate == RuleFate::left_out) continue;
    JunitCase& out = cases.emplace_back();
    out.place = r.file;
    out.name = r.id.empty() ? r.file : r.id;
    if (r.fate == RuleFate::loaded) continue;
    out.failure = r.reason;
    out.details = fmt::format("{}:{}:{}: {}\n{}", r.file, r.line, r.column, r.reason, r.hint);
  }
  return write_junit(path, "vakt rules check", cases);
}

void print_coverage(const AttackCoverage& coverage) {
  Table tactics{{"TACTIC", "RULES"}, {}};
  for (const auto& [name, rules] : coverage.tactics)
    tactics.rows.push_back({name, std::to_string(rules)});
  Table techniques{{"TECHNIQUE", "RULES"}, {}};
  for (const auto& [name, rules] : coverage.techniques)
    techniques.rows.push_back({name, std::to_string(rules)});
  const Terminal terminal = terminal_of(stdout);
  print(render(tactics, terminal) + "\n" + render(techniques, terminal));
}

void print_summary(const RuleReport& report, const AttackCoverage& coverage) {
  const std::size_t loaded = report.count(RuleFate::loaded);
  const std::size_t refused = report.count(RuleFate::refused);
  print(
      fmt::format("{}: {} loaded ({} correlations, {} with a part for PCRE2), {} refused, "
                  "{} left out\n",
                  refused == 0 ? "ok" : "failed", loaded, report.correlations, report.with_pcre,
                  refused, report.count(RuleFate::left_out)));
  const auto all = reasons(report);
  Table table{{"REFUSED", "BECAUSE"}, {}};
  std::size_t others = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i < kReasonsShown)
      table.rows.push_back({std::to_string(all[i].rules), all[i].text});
    else
      others += all[i].rules;
  }
  if (others > 0) table.rows.push_back({std::to_string(others), "other reasons"});
  if (!table.rows.empty()) print(render(table, terminal_of(stdout)));
  if (report.duplicates() > 0)
    print(fmt::format("{} ids or names are used more than once\n", report.duplicates()));
  print(fmt::format("ATT&CK: {} techniques, {} tactics; {} rules name neither\n",
                    coverage.techniques.size(), coverage.tactics.size(), coverage.untagged));
}

std::optional<LiveStatistics> ask_daemon(const Options& options) {
  const ApiReply reply = call(options.api, {"vakt rules check", "GET", "/api/v1/rules/statistics"});
  if (reply.exit != kOk) return std::nullopt;
  return LiveStatistics(reply.body);
}

int check(const Options& options) {
  std::vector<std::string> paths = options.paths;
  if (paths.empty()) paths = rule_paths({}, {}).rules;
  rule::LoadOptions load{{}, options.retired, true, {}};
  for (const std::string& text : options.placeholders) {
    if (const auto added = add_placeholder(text, load.placeholders); !added) {
      message("vakt rules check: " + added.error().message);
      return kUsage;
    }
  }
  std::optional<LiveStatistics> live;
  if (options.live && !(live = ask_daemon(options))) return kError;
  const RuleReport rules = report_rules(paths, load);
  const AttackCoverage coverage = attack_coverage(rules.usable);
  if (options.coverage && options.json) {
    print(navigator_layer(coverage) + "\n");
  } else if (options.json) {
    Sights sights;
    if (live)
      for (const rule::Rule& rule : rules.set->rules) sights[rule.meta.id] = live->of(rule);
    for (const RuleResult& result : rules.results) print(to_json(result, sights));
  } else {
    report(rules.diagnostics);
    if (options.coverage) print_coverage(coverage);
    print_summary(rules, coverage);
    if (live) print(live_report(*live, *rules.set));
  }
  if (!options.junit.empty() && !write_report(options.junit, rules)) {
    message("vakt rules check: cannot write " + options.junit);
    return kError;
  }
  if (rules.results.empty()) message("vakt rules check: there is no rule there");
  return rules.count(RuleFate::refused) == 0 ? kOk : kCheckFailed;
}

}  // namespace

void add_rules_check(CLI::App& rules, int& status) {
  auto* command = rules.add_subcommand("check", "Which rules would load, and why others would not");
  const auto options = std::make_shared<Options>();
  command->add_option("paths", options->paths, "Rule files or directories (default: shipped)")
      ->type_name("PATH");
  command->add_flag("--coverage", options->coverage,
                    "Rules for each ATT&CK technique; with --json a Navigator layer");
  command
      ->add_option("--placeholder", options->placeholders,
                   "Values of %NAME% in rules with the modifier expand: NAME=value,value")
      ->allow_extra_args(false);
  command->add_flag("--retired", options->retired,
                    "Also load rules whose status is deprecated or unsupported");
  command->add_flag("--live", options->live, "Ask a running daemon what these rules can see");
  add_api_options(*command, options->api);
  command->add_option("--junit", options->junit, "Write a JUnit report to this file");
  command->add_flag("--json", options->json, "One JSON object a rule");
  command->footer(kFooter);
  command->callback([options, &status] { status = check(*options); });
}

}  // namespace vakt::cli
