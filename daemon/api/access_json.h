// Users and tokens as JSON, and what people write of them: the names of roles and scopes. What is a
// secret, or its hash, is in none of it. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "access/token.h"
#include "access/user.h"
#include "api/principal.h"
#include "base/result.h"

namespace vakt::api {

boost::json::object to_json(const access::User& user);
// `now`: is it still good?
boost::json::object to_json(const access::Token& token, const access::User* owner, Time now);
boost::json::object to_json(const Principal& who);

boost::json::array to_json(access::Roles roles);
boost::json::array to_json(access::Permissions permissions);

// Errors name the ones that exist.
Result<access::Roles> read_roles(const std::vector<std::string>& names);
Result<access::Permissions> read_scopes(const std::vector<std::string>& names);

}  // namespace vakt::api
