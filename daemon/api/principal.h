// Principal: who sends a request, and what he may do with it. Pure.
#pragma once

#include <optional>
#include <string>

#include "access/role.h"
#include "http/server.h"
#include "store/commit.h"

namespace vakt::api {

// Of the token in the daemon's file: whoever can read it administers everything.
inline constexpr const char* kBootstrapName = "api.token";

enum class Via : std::uint8_t { nothing, bootstrap, token, session };

struct Principal {
  std::string name;  // User::name, or kBootstrapName
  Via via = Via::nothing;
  access::Roles roles;              // none for the bootstrap token
  access::Permissions permissions;  // of a token: its scopes, as far as the roles have them
  std::string token_id;             // with Via::token

  bool is_bootstrap() const { return via == Via::bootstrap; }
  bool may(access::Permission permission) const { return permissions.contains(permission); }
  // In which role he does it: the last one of the table that permits it. Empty: in none.
  std::string role_for(access::Permission permission) const;
};

// Of what he does, for the audit log. `payload`: JSON.
store::AuditNote audit_note(const Principal& who, access::Permission permission, std::string action,
                            std::string subject, std::string payload);

// {"error":{"code":"forbidden","message","permission","roles"}}, with the roles that have it.
http::Response forbidden(const Principal& who, access::Permission permission);
http::Response forbidden(std::string_view why);

}  // namespace vakt::api
