#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "cli/access_view.h"
#include "cli/api_call.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/incidents_view.h"
#include "cli/output.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

constexpr const char* kCommand = "vakt tokens";
constexpr const char* kFooter = R"(
API tokens of users: for scripts, log shippers and this command line. A token may do what its scopes
and its owner's roles both permit, and what is done with it is done in its owner's name. It is shown
once; only a hash of it is kept. It ends when it is revoked, when it expires, and while its owner is
disabled.

Scopes: read-incidents, read-rules, read-metrics, work-incidents, approve-containment, change-rules,
reload-rules, assert-awareness, assert-significance, submit-reports, manage-users, manage-tokens,
change-config, read-audit, verify-audit, ingest-events.

Examples:
  vakt tokens issue "ada's laptop" --owner ada --scopes read-incidents,work-incidents --for 90d
  vakt tokens issue shipper --owner ops --scopes ingest-events > /etc/shipper/token
  vakt tokens list
  vakt tokens revoke 0123456789abcdef)";

struct Options {
  ApiOptions api;
  bool json = false;
  std::string name, owner, lasts, id;
  std::vector<std::string> scopes;
};
using Shared = std::shared_ptr<Options>;

// Times of the API are RFC 3339 in UTC.
std::string to_the_second(const std::string& time) {
  const std::size_t fraction = time.find('.');
  return fraction == std::string::npos ? time : time.substr(0, fraction) + "Z";
}

int list(const Options& options) {
  const ApiReply reply = call(options.api, {kCommand, "GET", "/api/v1/tokens"});
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  Table table{{"ID", "OWNER", "STATE", "EXPIRES", "LAST USED", "SCOPES", "NAME"}, {}};
  for (const json::value& row : array_at(reply.body, "tokens")) {
    if (!row.is_object()) continue;
    const json::object& token = row.get_object();
    table.rows.push_back({text_at(token, "id"), text_at(token, "owner"), text_at(token, "state"),
                          to_the_second(text_at(token, "expires")),
                          to_the_second(text_at(token, "last_used")), joined(token, "scopes"),
                          text_at(token, "name")});
  }
  if (!table.rows.empty()) print(render(table, terminal_of(stdout)));
  if (table.rows.empty())
    message("no tokens; next: vakt tokens issue NAME --owner USER --scopes SCOPE");
  return kOk;
}

int issue(const Options& options) {
  json::array scopes;
  for (const std::string& scope : options.scopes) scopes.emplace_back(scope);
  json::object body{{"name", options.name}, {"scopes", std::move(scopes)}};
  if (!options.owner.empty()) body["owner"] = options.owner;
  if (!options.lasts.empty()) {
    const auto lasts = parse_duration(options.lasts);
    if (!lasts) {
      message("vakt tokens issue: --for takes a number and a unit: 12h, 90d");
      return kUsage;
    }
    const Time expires = std::chrono::floor<std::chrono::seconds>(
        std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + *lasts);
    body["expires"] = format_rfc3339(expires);
  }
  const ApiReply reply =
      call(options.api, {kCommand, "POST", "/api/v1/tokens", json::serialize(body)});
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  // Alone on standard output, so that it can go into a file.
  print(escape_terminal(text_at(reply.body, "token")) + "\n");
  message(fmt::format("this is the only time it is shown; end it with: vakt tokens revoke {}",
                      escape_terminal(text_at(reply.body, "id"))));
  return kOk;
}

int revoke(const Options& options) {
  const ApiReply reply =
      call(options.api, {kCommand, "DELETE", "/api/v1/tokens/" + url_encode(options.id)});
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  print(fmt::format("{} is {}\n", escape_terminal(text_at(reply.body, "id")),
                    escape_terminal(text_at(reply.body, "state"))));
  return kOk;
}

int whoami(const Options& options) {
  const ApiReply reply = call(options.api, {"vakt whoami", "GET", "/api/v1/whoami"});
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  const std::string roles = joined(reply.body, "roles");
  print(fmt::format("{} ({})\nmay: {}\n", escape_terminal(text_at(reply.body, "name")),
                    roles.empty() ? "the token in the daemon's file" : escape_terminal(roles),
                    escape_terminal(joined(reply.body, "permissions"))));
  return kOk;
}

struct Step {
  const char* name;
  const char* help;
  const char* example;
  int (*run)(const Options& options);
};

CLI::App* add_step(CLI::App& parent, const Step& step, const Shared& options, int& status) {
  auto* command = add_api_command(parent, step.name, step.help, options->api, options->json);
  command->footer(fmt::format("\nExample:\n  {}", step.example));
  command->callback([options, run = step.run, &status] { status = run(*options); });
  return command;
}

}  // namespace

void add_tokens(CLI::App& app, int& status) {
  auto* tokens = app.add_subcommand("tokens", "API tokens: issue, list, revoke");
  tokens->require_subcommand(1);
  tokens->footer(kFooter);
  const auto options = std::make_shared<Options>();
  const auto step = [&](const Step& of) { return add_step(*tokens, of, options, status); };
  step({"list", "Tokens and what they may do", "vakt tokens list", list});
  auto* issued = step({"issue", "A new token, shown once",
                       "vakt tokens issue shipper --owner ops --scopes ingest-events", issue});
  issued->add_option("name", options->name, "What it is for")->required()->type_name("NAME");
  issued->add_option("--owner", options->owner, "User in whose name it acts (default: yourself)");
  issued->add_option("--scopes", options->scopes, "What it may do, at most")
      ->required()
      ->allow_extra_args(false)
      ->delimiter(',')
      ->type_name("SCOPE,...");
  issued->add_option("--for", options->lasts, "Expires after that (default: never)")
      ->type_name("DURATION");
  auto* revoked =
      step({"revoke", "End a token, for good", "vakt tokens revoke 0123456789abcdef", revoke});
  revoked->add_option("id", options->id, "The 16 digits after vakt_")->required()->type_name("ID");
}

void add_whoami(CLI::App& app, int& status) {
  add_step(app,
           {"whoami", "As whom the daemon knows you, and what you may do",
            "VAKT_TOKEN=$(cat ~/.vakt.token) vakt whoami", whoami},
           std::make_shared<Options>(), status);
}

}  // namespace vakt::cli
