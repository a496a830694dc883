#include "cli/api_call.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "access/token.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/incidents_view.h"
#include "cli/output.h"
#include "config/config.h"

namespace vakt::cli {
namespace {

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string find_token(const ApiOptions& options) {
  if (!options.token_file.empty()) return first_line_of(options.token_file);
  if (const char* token = std::getenv("VAKT_TOKEN"); token != nullptr && *token != '\0')
    return token;
  return first_line_of(config::defaults(config::Environment::of_process()).api.token_file);
}

int exit_of(int status) {
  if (status == 401 || status == 403) return kAuth;
  if (status == 404 || status == 409) return kNotFoundOrConflict;
  if (status == 422) return kCheckFailed;
  return status == 400 ? kUsage : kError;
}

}  // namespace

bool token_has_owner(const ApiOptions& options) {
  return access::parse_token(find_token(options)).has_value();
}

void add_api_options(CLI::App& command, ApiOptions& options) {
  command.add_option("--url", options.url, "Where the daemon's API is")->capture_default_str();
  command.add_option("--token-file", options.token_file, "File with the API's token");
}

CLI::App* add_api_command(CLI::App& parent, const std::string& name, const std::string& help,
                          ApiOptions& options, bool& json) {
  auto* command = parent.add_subcommand(name, help);
  add_api_options(*command, options);
  command->add_flag("--json", json, "The API's JSON as it is");
  return command;
}

ApiReply call(const ApiOptions& options, const ApiCall& call) {
  const ApiRequest request{call.method, call.target, find_token(options), call.body,
                           call.timeout_ms};
  ApiReply reply;
  const auto answer = ask(options.url, request);
  if (!answer) {
    message(call.command + ": " + answer.error().message);
    return reply;
  }
  boost::system::error_code error;
  boost::json::value parsed = boost::json::parse(answer->body, error);
  const bool readable = !error && parsed.is_object();
  if (readable) reply.body = std::move(parsed.get_object());
  if (answer->status == 200 && readable) {
    reply.exit = kOk;
    return reply;
  }
  const std::string why = readable ? text_at(reply.body, "error.message")
                                   : fmt::format("HTTP status {}", answer->status);
  message(call.command + ": " + escape_terminal(why));
  reply.exit = exit_of(answer->status);
  if (reply.exit == kAuth && request.token.empty())
    message("no token was found: give --token-file, set VAKT_TOKEN, or run as the daemon's user");
  return reply;
}

}  // namespace vakt::cli
