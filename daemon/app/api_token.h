// The API's token: made at the first start, kept in a file that only its owner can read. The daemon
// holds its SHA-256 alone.
#pragma once

#include <string>

#include "base/result.h"

namespace vakt::app {

// Reads the token's file, or creates it (mode 0600) with a new token.
Result<std::string> token_hash_of(const std::string& file);

}  // namespace vakt::app
