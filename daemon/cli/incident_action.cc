#include "cli/incident_action.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "base/text.h"
#include "cli/client.h"
#include "cli/incidents_view.h"
#include "cli/output.h"

namespace vakt::cli {

namespace json = boost::json;

void add_action_options(CLI::App& command, IncidentAction& options) {
  add_api_options(command, options.api);
  command.add_flag("--json", options.json, "The API's JSON as it is");
  command.add_option("ref", options.reference, "Incident")->required()->type_name("REF");
  command.add_option("--actor", options.actor, "Who acts (default: the token's owner, else $USER)");
  command.add_option("--revision", options.revision,
                     "Refuse if the incident was changed after this revision");
}

int act(IncidentAction options, json::object body) {
  if (options.actor.empty() && !token_has_owner(options.api)) {
    const char* user = std::getenv("USER");
    options.actor = user != nullptr && *user != '\0' ? user : fmt::format("uid {}", ::getuid());
  }
  if (!options.actor.empty()) body["actor"] = options.actor;
  if (!options.text.empty()) body["text"] = options.text;
  if (options.revision) body["expected_revision"] = *options.revision;
  const ApiReply incident =
      call(options.api, {"vakt incidents", "POST",
                         fmt::format("/api/v1/incidents/{}/actions", url_encode(options.reference)),
                         json::serialize(body)});
  if (incident.exit != kOk) return incident.exit;
  if (options.json) {
    print(json::serialize(incident.body) + "\n");
    return kOk;
  }
  const std::string merged = text_at(incident.body, "merged_into");
  print(fmt::format("{} is {}\n", escape_terminal(text_at(incident.body, "name")),
                    merged.empty() ? escape_terminal(text_at(incident.body, "state"))
                                   : "merged into " + escape_terminal(merged)));
  if (merged.empty()) next_step_hint(incident.body);
  return kOk;
}

}  // namespace vakt::cli
