// An action on an incident, as the subcommands of `vakt incidents` ask for it. Internal to this
// folder.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/api_call.h"

namespace vakt::cli {

struct IncidentAction {
  ApiOptions api;
  bool json = false;
  std::string reference;
  std::string actor, text;
  std::optional<std::uint64_t> revision;
};

// --url, --token-file, --json, REF, --actor, --revision.
void add_action_options(CLI::App& command, IncidentAction& options);
// Sends `body` with what the options say, and prints what became of it. An exit status.
int act(IncidentAction options, boost::json::object body);

// set, facts, link, merge, unmerge, reopen.
void add_desk_commands(CLI::App& incidents, int& status);

}  // namespace vakt::cli
