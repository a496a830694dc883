// Endpoint: one thing that the API does, and who may ask for it. The tables of them are what the
// server routes by, and what the tests go through.
#pragma once

#include <span>
#include <vector>

#include "access/role.h"
#include "api/backend.h"
#include "api/principal.h"
#include "http/server.h"

namespace vakt::api {

// Who is let in: everybody, whoever proves who he is, or who has a permission.
class Guard {
 public:
  enum class Kind : std::uint8_t { none, known, permitted };

  // NOLINTNEXTLINE(google-explicit-constructor): a table row names its permission alone.
  constexpr Guard(access::Permission needed) : kind_(Kind::permitted), permission_(needed) {}
  static constexpr Guard none() { return Guard(Kind::none); }
  // The endpoint itself looks at what is his own.
  static constexpr Guard known() { return Guard(Kind::known); }

  constexpr Kind kind() const { return kind_; }
  // Of Kind::permitted.
  constexpr access::Permission permission() const { return permission_; }

 private:
  constexpr explicit Guard(Kind kind) : kind_(kind), permission_() {}
  Kind kind_;
  access::Permission permission_;
};

struct Endpoint {
  const char* method;
  const char* path;
  std::uint64_t body_bytes_max;
  Guard guard;
  // `who` is nobody where the guard is none.
  void (*answer)(const Backend& backend, const Principal& who, const http::Request& request,
                 http::Respond respond);
};

std::span<const Endpoint> daemon_endpoints();
std::span<const Endpoint> incident_endpoints();
std::span<const Endpoint> audit_endpoints();
std::span<const Endpoint> user_endpoints();
std::span<const Endpoint> token_endpoints();
std::span<const Endpoint> login_endpoints();

// Of all the tables.
std::vector<Endpoint> all_endpoints();

}  // namespace vakt::api
