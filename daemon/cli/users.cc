#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <string>
#include <vector>

#include "access/digest.h"
#include "base/text.h"
#include "cli/access_view.h"
#include "cli/api_call.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/incidents_view.h"
#include "cli/output.h"
#include "cli/password_input.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

constexpr const char* kCommand = "vakt users";
constexpr const char* kFooter = R"(
Accounts of people. What somebody may do follows from the roles, which add up:
  viewer      reads incidents and rules
  analyst     works on incidents
  rule-admin  changes and reloads rules
  reporter    states what is reported to the authority, and reads the audit log
  admin       keeps users, tokens and the configuration, and sends events

Whoever can read the api.token in the daemon's data directory may do everything: that is how the
first administrator is made. Nobody is deleted, because timelines name people; they are disabled,
which ends their sessions and tokens at once. The last enabled administrator stays one.

Examples:
  vakt users add ada --roles analyst,reporter --display-name "Ada Lovelace"
  vakt users password ada                        asks twice, without echo
  pwgen -s 20 1 | vakt users password ada --password-file -
  vakt users set-roles ada viewer
  vakt users disable ada)";

struct Options {
  ApiOptions api;
  bool json = false;
  std::string name, display_name, email, password_file;
  std::vector<std::string> roles;
};
using Shared = std::shared_ptr<Options>;

std::string path_of(const Options& options, std::string_view part = "") {
  return fmt::format("/api/v1/users/{}{}", url_encode(options.name), part);
}

int list(const Options& options) {
  const ApiReply reply = call(options.api, {kCommand, "GET", "/api/v1/users"});
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  Table table{{"NAME", "ROLES", "STATE", "PASSWORD", "FULL NAME"}, {}};
  for (const json::value& row : array_at(reply.body, "users")) {
    if (!row.is_object()) continue;
    const json::object& user = row.get_object();
    table.rows.push_back({text_at(user, "name"), joined(user, "roles"),
                          text_at(user, "disabled") == "true" ? "disabled" : "enabled",
                          text_at(user, "has_password") == "true" ? "set" : "none",
                          text_at(user, "display_name")});
  }
  if (!table.rows.empty()) print(render(table, terminal_of(stdout)));
  if (table.rows.empty()) message("no users; next: vakt users add NAME --roles admin");
  return kOk;
}

// Sends it, and says who is what now.
int change(const Options& options, const ApiCall& wanted) {
  const ApiReply reply = call(options.api, wanted);
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  print(fmt::format("{} is {}: {}\n", escape_terminal(text_at(reply.body, "name")),
                    text_at(reply.body, "disabled") == "true" ? "disabled" : "enabled",
                    escape_terminal(joined(reply.body, "roles"))));
  return kOk;
}

json::array roles_of(const Options& options) {
  json::array roles;
  for (const std::string& role : options.roles) roles.emplace_back(role);
  return roles;
}

int add(const Options& options) {
  json::object body{{"name", options.name}, {"roles", roles_of(options)}};
  if (!options.display_name.empty()) body["display_name"] = options.display_name;
  if (!options.email.empty()) body["email"] = options.email;
  const int exit = change(options, {kCommand, "POST", "/api/v1/users", json::serialize(body)});
  if (exit == kOk && !options.json)
    message(fmt::format("next: vakt users password {0}, or vakt tokens issue NAME --owner {0}",
                        escape_terminal(options.name)));
  return exit;
}

int set_roles(const Options& options) {
  return change(options, {kCommand, "PATCH", path_of(options),
                          json::serialize(json::object{{"roles", roles_of(options)}})});
}

int set_password(const Options& options) {
  auto password = read_password(options.password_file, options.name);
  if (!password) {
    message(fmt::format("{}: {}", kCommand, password.error().message));
    return kUsage;
  }
  const access::WipeAtEnd wipe(*password);
  std::string body = json::serialize(json::object{{"password", *password}});
  const access::WipeAtEnd wipe_body(body);
  const ApiReply reply = call(options.api, {kCommand, "POST", path_of(options, "/password"), body});
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  print(fmt::format("{} has a new password; all sessions have ended\n",
                    escape_terminal(options.name)));
  return kOk;
}

struct Step {
  const char* name;
  const char* help;
  const char* example;
  int (*run)(const Options& options);
};

int disable(const Options& options) {
  return change(options, {kCommand, "DELETE", path_of(options)});
}

int enable(const Options& options) {
  return change(options, {kCommand, "PATCH", path_of(options), R"({"disabled":false})"});
}

CLI::App* add_step(CLI::App& users, const Step& step, const Shared& options, int& status) {
  auto* command = add_api_command(users, step.name, step.help, options->api, options->json);
  command->footer(fmt::format("\nExample:\n  vakt users {}", step.example));
  command->callback([options, run = step.run, &status] { status = run(*options); });
  return command;
}

void add_name(CLI::App& command, const Shared& options) {
  command.add_option("name", options->name, "Login name")->required()->type_name("NAME");
}

}  // namespace

void add_users(CLI::App& app, int& status) {
  auto* users = app.add_subcommand("users", "Accounts and their roles");
  users->require_subcommand(1);
  users->footer(kFooter);
  const auto options = std::make_shared<Options>();
  const auto step = [&](const Step& of) { return add_step(*users, of, options, status); };
  step({"list", "All accounts", "list", list});
  auto* added = step({"add", "A new account, without a password",
                      "add ada --roles analyst --display-name \"Ada Lovelace\"", add});
  add_name(*added, options);
  added->add_option("--roles", options->roles, "viewer, analyst, rule-admin, reporter, admin")
      ->required()
      ->allow_extra_args(false)
      ->delimiter(',')
      ->type_name("ROLE,...");
  added->add_option("--display-name", options->display_name, "Name for people");
  added->add_option("--email", options->email, "E-mail address");
  auto* roles =
      step({"set-roles", "Replace the roles", "set-roles ada analyst,reporter", set_roles});
  add_name(*roles, options);
  roles->add_option("roles", options->roles, "All that it has from now on")
      ->required()
      ->delimiter(',')
      ->type_name("ROLE");
  auto* password = step({"password", "Set a password: 12 characters or more, no other rule",
                         "password ada --password-file /run/secrets/ada", set_password});
  add_name(*password, options);
  add_password_options(*password, options->password_file);
  add_name(
      *step({"disable", "Lock out at once: password, sessions and tokens", "disable ada", disable}),
      options);
  add_name(*step({"enable", "Let in again", "enable ada", enable}), options);
}

}  // namespace vakt::cli
