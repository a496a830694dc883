#include "app/api_token.h"

#include <fmt/format.h>

#include "access/base62.h"
#include "api/random.h"
#include "api/token.h"
#include "app/secret_file.h"

namespace vakt::app {

Result<std::string> token_hash_of(const std::string& file) {
  const auto make = []() -> Result<std::string> {
    return "vakt_" +
           access::to_base62(api::random_bytes(access::kSecretBytes), access::kSecretDigits);
  };
  const auto token = read_or_create_secret(file, "the API token", make);
  if (!token) return token;
  if (token->size() < 16)
    return fail(Errc::invalid,
                fmt::format("{} holds no token of at least 16 characters: delete it, and the next "
                            "start makes a new one",
                            file));
  return api::sha256_hex(*token);
}

}  // namespace vakt::app
