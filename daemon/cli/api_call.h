// Calls of a running daemon's API, as the commands make them: where it is, the token, the answer
// as JSON, and what to tell a person when there is none.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "cli/cli.h"

namespace vakt::cli {

struct ApiOptions {
  std::string url = "http://127.0.0.1:8740";
  std::string token_file;
};
// Is the token one of a user? Then the daemon knows who acts.
bool token_has_owner(const ApiOptions& options);
// --url and --token-file.
void add_api_options(CLI::App& command, ApiOptions& options);
// A subcommand with these, and --json.
CLI::App* add_api_command(CLI::App& parent, const std::string& name, const std::string& help,
                          ApiOptions& options, bool& json);

struct ApiCall {
  std::string command;  // for messages: "vakt incidents"
  std::string method = "GET";
  std::string target;
  std::string body = {};
  std::uint32_t timeout_ms = 30'000;
};
struct ApiReply {
  int exit = kError;         // kOk, or why not: that has been said
  boost::json::object body;  // also with an error, where the daemon gave one
};
ApiReply call(const ApiOptions& options, const ApiCall& call);

}  // namespace vakt::cli
