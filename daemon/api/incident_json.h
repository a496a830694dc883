// Incidents as JSON: the API's words for them, also used by `vakt replay`. Texts that came from
// events are only ever values, and valid UTF-8 whatever was received. Times are RFC 3339, UTC.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "incident/incident.h"
#include "store/store.h"

namespace vakt::api {

boost::json::object to_json(const incident::Incident& incident);
boost::json::object to_json(const incident::TimelineEntry& entry);
// Falls back to the position alone where the stored bytes cannot be understood.
boost::json::object to_json(const store::Store::Evidence& evidence);

// A JSON string value: invalid UTF-8 and NUL become U+FFFD.
boost::json::string safe_string(std::string_view text);

}  // namespace vakt::api
