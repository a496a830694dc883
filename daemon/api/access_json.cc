#include "api/access_json.h"

#include <fmt/format.h>

#include "api/incident_json.h"

namespace vakt::api {

namespace json = boost::json;

namespace {

json::value time_json(const std::optional<Time>& time) {
  if (!time) return nullptr;
  return json::value(format_rfc3339(*time));
}

template <class Enum, std::size_t Count>
json::array names_of(access::EnumSet<Enum, Count> set) {
  json::array names;
  for (std::size_t i = 0; i < Count; ++i)
    if (set.contains(static_cast<Enum>(i))) names.emplace_back(to_string(static_cast<Enum>(i)));
  return names;
}

template <class Set, class Parse>
Result<Set> read_names(const std::vector<std::string>& names, const Parse& parse,
                       std::string_view what) {
  Set set;
  for (const std::string& name : names) {
    const auto value = parse(name);
    if (!value) {
      std::string all;
      for (const json::value& known : names_of(Set::all()))
        all += fmt::format("{}{}", all.empty() ? "" : ", ", std::string_view(known.get_string()));
      return fail(Errc::invalid,
                  fmt::format("there is no {} of this name: there are {}", what, all));
    }
    set.insert(*value);
  }
  return set;
}

std::string_view state_of(const access::Token& token, const access::User* owner, Time now) {
  if (token.revoked) return "revoked";
  if (token.expires && now >= *token.expires) return "expired";
  if (owner == nullptr || owner->disabled) return "owner disabled";
  return "good";
}

std::string_view to_string(Via via) {
  switch (via) {
    case Via::nothing:
      return "nothing";
    case Via::bootstrap:
      return "bootstrap";
    case Via::token:
      return "token";
    case Via::session:
      return "session";
  }
  return "";
}

}  // namespace

json::array to_json(access::Roles roles) { return names_of(roles); }
json::array to_json(access::Permissions permissions) { return names_of(permissions); }

json::object to_json(const access::User& user) {
  return {{"name", user.name},
          {"display_name", safe_string(user.display_name)},
          {"email", user.email ? json::value(safe_string(*user.email)) : json::value(nullptr)},
          {"roles", to_json(user.roles)},
          {"disabled", user.disabled},
          {"has_password", user.password.has_value()},
          {"created", format_rfc3339(user.created)},
          {"changed", format_rfc3339(user.changed)},
          {"password_changed", time_json(user.password_changed)}};
}

json::object to_json(const access::Token& token, const access::User* owner, Time now) {
  return {{"id", token.id},
          {"name", safe_string(token.name)},
          {"owner", token.owner},
          {"scopes", to_json(token.scopes)},
          {"state", state_of(token, owner, now)},
          {"created", format_rfc3339(token.created)},
          {"expires", time_json(token.expires)},
          {"last_used", time_json(token.last_used)},
          {"revoked", time_json(token.revoked)}};
}

json::object to_json(const Principal& who) {
  return {{"name", who.name},
          {"via", to_string(who.via)},
          {"token", who.token_id.empty() ? json::value(nullptr) : json::value(who.token_id)},
          {"roles", to_json(who.roles)},
          {"permissions", to_json(who.permissions)}};
}

Result<access::Roles> read_roles(const std::vector<std::string>& names) {
  return read_names<access::Roles>(names, access::parse_role, "role");
}

Result<access::Permissions> read_scopes(const std::vector<std::string>& names) {
  return read_names<access::Permissions>(names, access::parse_permission, "scope");
}

}  // namespace vakt::api
