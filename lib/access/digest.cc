#include "access/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace vakt::access {
namespace {

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Digest sha256(std::string_view bytes) {
  Digest out{};
  check(SHA256(unsigned_bytes(bytes), bytes.size(), out.data()) != nullptr, "SHA-256");
  return out;
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  Digest out{};
  unsigned size = 0;
  check(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), unsigned_bytes(message),
             message.size(), out.data(), &size) != nullptr &&
            size == out.size(),
        "HMAC-SHA-256");
  return out;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

WipeAtEnd::~WipeAtEnd() { OPENSSL_cleanse(secret_.data(), secret_.size()); }

}  // namespace vakt::access
