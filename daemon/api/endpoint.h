// Endpoint: one thing that the API does. The tables of them are what the server routes by, and what
// the tests go through.
#pragma once

#include <span>

#include "api/backend.h"
#include "http/server.h"

namespace vakt::api {

enum class Guard : std::uint8_t { none, token };

struct Endpoint {
  const char* method;
  const char* path;
  std::uint64_t body_bytes_max;
  Guard guard;
  void (*answer)(const Backend& backend, const http::Request& request, http::Respond respond);
};

std::span<const Endpoint> incident_endpoints();
std::span<const Endpoint> audit_endpoints();

}  // namespace vakt::api
