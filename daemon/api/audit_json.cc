#include "api/audit_json.h"

#include "api/incident_json.h"
#include "audit/base64.h"

namespace vakt::api {

namespace json = boost::json;

json::object to_json(const audit::Entry& entry) {
  return {{"index", entry.index},
          {"commit", entry.commit},
          {"at", format_rfc3339(entry.at)},
          {"actor", safe_string(entry.actor)},
          {"role", safe_string(entry.role)},
          {"action", safe_string(entry.action)},
          {"subject", safe_string(entry.subject)},
          {"payload",
           entry.content ? json::value(safe_string(entry.content->payload)) : json::value(nullptr)},
          {"leaf", audit::to_hex(audit::leaf_of(entry))}};
}

json::object to_json(const audit::Verification& verified) {
  json::object out{
      {"whole", !verified.finding},
      {"size", verified.size},
      {"erased", verified.erased},
      {"signed_size", verified.signed_size},
      {"root", verified.finding ? json::value(nullptr)
                                : json::value(audit::encode_base64(audit::view(verified.root)))}};
  if (const auto& finding = verified.finding)
    out["finding"] = json::object{{"problem", audit::to_string(finding->problem)},
                                  {"index", finding->index},
                                  {"message", safe_string(finding->message)}};
  return out;
}

}  // namespace vakt::api
