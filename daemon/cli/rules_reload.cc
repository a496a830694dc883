#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "base/text.h"
#include "cli/api_call.h"
#include "cli/commands.h"
#include "cli/incidents_view.h"
#include "cli/output.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

constexpr const char* kFooter = R"(
Has a running daemon read its rules, decoders and field maps again, and its configuration for
`rules`, `decoders`, `field_maps`, `placeholders` and `open_level`. Nothing is lost and nothing
restarts: events go on through the old rules until the new ones are ready. Incidents and counts
stay where what a rule detects and counts did not change; a threshold or a title may. Rules that
count anew are named.

With a new error in any file nothing changes at all: the errors are shown, the rules in use stay.
The same by a signal: kill -HUP PID; or by itself, when files change: `watch_rules: true`.

Exit status: 0 the new rules are in use, 3 they were refused.

Examples:
  vakt rules check rules/ && vakt rules reload
  vakt rules reload --json | jq .changed)";

struct Options {
  ApiOptions api;
  bool json = false;
};

void show_diagnostics(const json::object& body) {
  for (const json::value& row : array_at(body, "diagnostics")) {
    if (!row.is_object()) continue;
    const auto text = [&](std::string_view name) {
      return escape_terminal(text_at(row.get_object(), name));
    };
    const std::string hint = text("hint");
    message(fmt::format("{}:{}:{}: {}: {}{}", text("file"), text("line"), text("column"),
                        text("severity"), text("message"), hint.empty() ? "" : " (" + hint + ")"));
  }
}

int reload(const Options& options) {
  ApiCall wanted{"vakt rules reload", "POST", "/-/reload"};
  wanted.timeout_ms = 120'000;
  const ApiReply reply = call(options.api, wanted);
  if (options.json) {
    if (!reply.body.empty()) print(json::serialize(reply.body) + "\n");
    return reply.exit;
  }
  show_diagnostics(reply.body);
  if (reply.exit != kOk) return reply.exit;
  const auto number = [&](std::string_view name) { return text_at(reply.body, name); };
  print(fmt::format("{} rules and {} correlations in use: {} added, {} changed, {} removed\n",
                    number("rules"), number("correlations"), number("added"), number("changed"),
                    number("removed")));
  for (const json::value& id : array_at(reply.body, "begin_anew"))
    if (id.is_string())
      print(fmt::format("{} counts anew: its detection, group key or window changed\n",
                        escape_terminal(std::string_view(id.get_string()))));
  return kOk;
}

}  // namespace

void add_rules_reload(CLI::App& rules, int& status) {
  auto* command = rules.add_subcommand("reload", "Have a running daemon use the rules as they are");
  const auto options = std::make_shared<Options>();
  add_api_options(*command, options->api);
  command->add_flag("--json", options->json, "The API's JSON as it is");
  command->footer(kFooter);
  command->callback([options, &status] { status = reload(*options); });
}

}  // namespace vakt::cli
