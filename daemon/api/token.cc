#include "api/token.h"

#include "access/digest.h"
#include "audit/sha256.h"
#include "base/text.h"

namespace vakt::api {

std::string sha256_hex(std::string_view bytes) { return audit::to_hex(access::sha256(bytes)); }

bool is_authorised(std::string_view authorization, std::string_view token_hash) {
  constexpr std::string_view kScheme = "Bearer ";
  if (token_hash.size() != 2 * sizeof(access::Digest) || authorization.size() <= kScheme.size() ||
      !iequals(authorization.substr(0, kScheme.size()), kScheme))
    return false;
  return access::equal(sha256_hex(authorization.substr(kScheme.size())), to_lower(token_hash));
}

}  // namespace vakt::api
