// What the commands about users and tokens print alike. Internal to this folder.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "cli/api_call.h"

namespace vakt::cli {

// A member that is a list of texts, with commas; not escaped.
std::string joined(const boost::json::object& object, std::string_view name);

// The API's answer as it is, where it is one and JSON is wanted. Returns the exit status.
int print_json(const ApiReply& reply, bool json);

}  // namespace vakt::cli
