// Facts of an incident as JSON (incident/facts.h): a value, a list, or an object by name.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "incident/incident.h"

namespace vakt::api {

// {"kind": "incident", "services": ["web"], "restored_at": {"web": "2026-11-20T18:00:00Z"}}
boost::json::object to_json(const incident::Facts& facts);
// {"name", "shape", "type", "help", "words", "keys"}
boost::json::object to_json(const incident::FactInfo& info);
// Who stated each, when and why: [{"fact", "key", "by", "at", "reason"}].
boost::json::array stated_json(const incident::Facts& facts);

// The id of the incident that somebody names: "INC-17", or first digits of an id.
using Resolve = std::function<Result<incident::IncidentId>(std::string_view reference)>;

// What the same form says. null takes a fact back; a list replaces what is there, and
// {"add": [...], "remove": [...]} does not; an object changes the names it has.
Result<std::vector<incident::Statement>> read_statements(const boost::json::value& facts,
                                                         const incident::Facts& present,
                                                         const Resolve& resolve);

}  // namespace vakt::api
