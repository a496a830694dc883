#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/text.h"
#include "base/time.h"
#include "cli/api_call.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/incident_action.h"
#include "cli/incidents_view.h"
#include "cli/output.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

constexpr const char* kCommand = "vakt incidents";
constexpr const char* kFooter = R"(
Asks a running daemon. The token comes from --token-file, else VAKT_TOKEN, else the api.token in
the daemon's data directory. REF is a number (17, INC-17) or the first digits of an incident's id.

An incident goes new -> acknowledged -> investigating -> contained -> restored -> closed; stages may
be skipped, not walked back (but `reopen` opens a closed one). What it is, whom it hurts, when what
happened and who has which part is stated with `set`.

When one rule opens many incidents within minutes, they become members of one storm incident and are
listed with --storm only. Acting on a member makes it an incident of its own again.

Examples:
  vakt incidents list --severity high
  vakt incidents show INC-17
  vakt incidents ack 17
  vakt incidents note 17 "spoke to the owner of web1: not a planned test"
  vakt incidents contain 17 --text "address blocked at the edge"
  vakt incidents set 17 kind=significant_incident services+=shop users_affected=1200
  vakt incidents restore 17
  vakt incidents close 17 --disposition true_positive
  vakt incidents list --all --json | jq -r '.incidents[].name')";

struct Options {
  ApiOptions api;
  bool json = false;
  // list
  std::string state, severity, rule, storm, before;
  bool all = false;
  int limit = 100;
  // the others
  std::string reference;
  int evidence = 20;
};
using Shared = std::shared_ptr<Options>;

int list(const Options& options) {
  std::string target = fmt::format("/api/v1/incidents?limit={}", options.limit);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) target += fmt::format("&{}={}", name, url_encode(value));
  };
  add("state", options.state);
  add("severity", options.severity);
  add("rule", options.rule);
  add("storm", options.storm);
  add("before", options.before);
  if (options.all) target += "&include_closed=true";
  const ApiReply answer = call(options.api, {kCommand, "GET", target});
  if (answer.exit != kOk) return answer.exit;
  if (options.json) {
    print(json::serialize(answer.body) + "\n");
    return kOk;
  }
  const std::string table = incident_table(answer.body, terminal_of(stdout));
  print(table);
  if (table.empty()) {
    message(options.all ? "no incidents" : "no open incidents; --all shows closed ones");
    return kOk;
  }
  if (const std::string next = text_at(answer.body, "next_before"); !next.empty())
    message("there may be more: add --before " + escape_terminal(next));
  message("next: vakt incidents show NAME");
  return kOk;
}

int show(const Options& options) {
  const ApiReply incident =
      call(options.api, {kCommand, "GET",
                         fmt::format("/api/v1/incidents/{}?evidence={}",
                                     url_encode(options.reference), options.evidence)});
  if (incident.exit != kOk) return incident.exit;
  print(options.json ? json::serialize(incident.body) + "\n"
                     : incident_page(incident.body, terminal_of(stdout)));
  if (!options.json) next_step_hint(incident.body);
  return kOk;
}

void add_list(CLI::App& app, const Shared& options, int& status) {
  auto* command =
      add_api_command(app, "list", "Incidents, newest first", options->api, options->json);
  command->add_option("--state", options->state,
                      "new, acknowledged, investigating, contained, restored or closed");
  command->add_option("--severity", options->severity,
                      "informational, low, medium, high or critical");
  command->add_option("--rule", options->rule, "Id of a rule");
  command->add_option("--storm", options->storm, "Members of this storm incident")
      ->type_name("REF");
  command->add_flag("--all", options->all, "Closed ones too");
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--before", options->before, "Older than this one, for paging");
  command->footer("\nExample:\n  vakt incidents list --severity high --state new");
  command->callback([options, &status] { status = list(*options); });
}

void add_show(CLI::App& app, const Shared& options, int& status) {
  auto* command = add_api_command(app, "show", "One incident with its timeline and evidence",
                                  options->api, options->json);
  command->add_option("ref", options->reference, "Incident")->required()->type_name("REF");
  command->add_option("--evidence", options->evidence, "Rows of evidence")
      ->check(CLI::Range(0, 1'000))
      ->capture_default_str();
  command->footer("\nExample:\n  vakt incidents show INC-17 --evidence 100");
  command->callback([options, &status] { status = show(*options); });
}

struct Step {
  const char* name;
  const char* help;
  const char* example;
};

struct StepOptions : IncidentAction {
  std::string disposition, at, lasts;
};

int step(const StepOptions& options, const std::string& action) {
  json::object body{{"action", action}};
  if (!options.disposition.empty()) body["disposition"] = options.disposition;
  if (!options.at.empty()) body["at"] = options.at;
  if (!options.lasts.empty()) {
    const auto lasts = parse_duration(options.lasts);
    if (!lasts) {
      message("vakt incidents ack: --for takes a number and a unit: 30m, 4h, 2d");
      return kUsage;
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    body["until"] = format_rfc3339(Time(now) + *lasts);
  }
  return act(options, std::move(body));
}

void add_step(CLI::App& app, const Step& of, int& status) {
  auto* command = app.add_subcommand(of.name, of.help);
  const auto options = std::make_shared<StepOptions>();
  add_action_options(*command, *options);
  const std::string action = of.name;
  if (action == "note") {
    command->add_option("text", options->text, "The note")->required()->type_name("TEXT");
  } else {
    command->add_option("--text", options->text, "Reason, kept in the timeline");
    command->add_option("--at", options->at, "When, if not now: 2026-11-20T17:42:10+01:00")
        ->type_name("TIME");
  }
  if (action == "ack")
    command->add_option("--for", options->lasts, "After that it is new again, if nobody went on")
        ->type_name("DURATION");
  if (action == "close")
    command
        ->add_option("--disposition", options->disposition,
                     "true_positive, benign, false_positive (with --text), duplicate or test")
        ->required();
  command->footer(std::string("\nExample:\n  vakt incidents ") + of.example);
  command->callback([options, action, &status] { status = step(*options, action); });
}

}  // namespace

void add_incidents(CLI::App& app, int& status) {
  auto* incidents = app.add_subcommand("incidents", "List, show and work on incidents");
  incidents->require_subcommand(1);
  incidents->footer(kFooter);
  const auto options = std::make_shared<Options>();
  add_list(*incidents, options, status);
  add_show(*incidents, options, status);
  for (const Step& step :
       {Step{"ack", "Say that you have seen it and take it on", "ack 17 --for 4h"},
        Step{"investigate", "Say that it is being looked into", "investigate 17"},
        Step{"contain", "Say that the harm no longer spreads",
             "contain 17 --text \"address blocked\""},
        Step{"restore", "Say that everything works again", "restore 17"},
        Step{"close", "End the work on it, with what it was",
             "close 17 --disposition false_positive --text \"load test\""},
        Step{"note", "Write into its timeline", "note 17 \"the owner was called\""}})
    add_step(*incidents, step, status);
  add_desk_commands(*incidents, status);
}

}  // namespace vakt::cli
