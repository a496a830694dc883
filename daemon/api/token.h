// The API's bearer token (RFC 6750 section 2.1). Only its SHA-256 is held; comparing takes the same
// time wherever they differ.
#pragma once

#include <string>
#include <string_view>

namespace vakt::api {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

// Does the Authorization header carry the token with this hash? An empty hash admits nobody.
bool is_authorised(std::string_view authorization, std::string_view token_hash);

}  // namespace vakt::api
