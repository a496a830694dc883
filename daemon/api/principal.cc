#include "api/principal.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace vakt::api {
namespace {

namespace json = boost::json;

std::string described(const Principal& who) {
  std::string roles;
  for (const access::RoleRow& row : access::kRoleTable)
    if (who.roles.contains(row.role))
      roles += fmt::format("{}{}", roles.empty() ? "" : ", ", to_string(row.role));
  return fmt::format("{} ({}{})", who.name, roles,
                     who.via == Via::token ? ", with the scopes of the token" : "");
}

}  // namespace

std::string Principal::role_for(access::Permission permission) const {
  std::string_view found;
  for (const access::RoleRow& row : access::kRoleTable)
    if (roles.contains(row.role) && row.permissions.contains(permission))
      found = to_string(row.role);
  return std::string(found);
}

store::AuditNote audit_note(const Principal& who, access::Permission permission, std::string action,
                            std::string subject, std::string payload) {
  return {who.name, who.role_for(permission), std::move(action), std::move(subject),
          std::move(payload)};
}

http::Response forbidden(const Principal& who, access::Permission permission) {
  json::array roles;
  std::string names;
  for (const access::RoleRow& row : access::kRoleTable) {
    if (!row.permissions.contains(permission)) continue;
    roles.emplace_back(to_string(row.role));
    names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(row.role));
  }
  json::object error{
      {"code", "forbidden"},
      {"message", fmt::format("this needs the permission {} (roles: {}), which {} does not have",
                              to_string(permission), names, described(who))},
      {"permission", to_string(permission)},
      {"roles", std::move(roles)}};
  http::Response response;
  response.status = 403;
  response.body = json::serialize(json::object{{"error", std::move(error)}}) + "\n";
  return response;
}

http::Response forbidden(std::string_view why) {
  return http::error_response(403, "forbidden", why);
}

}  // namespace vakt::api
