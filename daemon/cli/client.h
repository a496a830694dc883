// A plain HTTP client for the daemon's own API: one request, one answer, a deadline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vakt::cli {

struct ApiRequest {
  std::string method = "GET";
  std::string target;  // "/api/v1/incidents?limit=5"
  std::string token;   // empty: none
  std::string body;    // JSON; empty: none
  std::uint32_t timeout_ms = 30'000;
};

struct ApiAnswer {
  int status = 0;
  std::string body;
};

// `url` is "http://HOST[:PORT]".
Result<ApiAnswer> ask(const std::string& url, const ApiRequest& request);

// "a b/c" is "a%20b%2Fc".
std::string url_encode(std::string_view text);

}  // namespace vakt::cli
