// The API's incidents as people read them: a table, or one incident with its history and evidence.
// Pure; every text is escaped for the terminal.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>

#include "cli/output.h"

namespace vakt::cli {

// `answer` is the body of GET /api/v1/incidents.
std::string incident_table(const boost::json::object& answer, const Terminal& terminal);

// `incident` is the body of GET /api/v1/incidents/{ref}.
std::string incident_page(const boost::json::object& incident, const Terminal& terminal);

// To standard error: the command that usually comes next. Nothing for a closed one.
void next_step_hint(const boost::json::object& incident);

// A member as text; nested by dots ("rule.title"). Empty where there is none.
std::string text_at(const boost::json::object& object, std::string_view path);

// A member that is an array; an empty one where there is none.
const boost::json::array& array_at(const boost::json::object& object, std::string_view name);

}  // namespace vakt::cli
