#include "api/token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include "base/text.h"

namespace vakt::api {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

bool is_authorised(std::string_view authorization, std::string_view token_hash) {
  constexpr std::string_view kScheme = "Bearer ";
  if (token_hash.size() != 2 * SHA256_DIGEST_LENGTH || authorization.size() <= kScheme.size() ||
      !iequals(authorization.substr(0, kScheme.size()), kScheme))
    return false;
  const std::string given = sha256_hex(authorization.substr(kScheme.size()));
  const std::string wanted = to_lower(token_hash);
  return CRYPTO_memcmp(given.data(), wanted.data(), given.size()) == 0;
}

}  // namespace vakt::api
