#include "app/api_token.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <string_view>

#include "api/token.h"
#include "app/secret_file.h"

namespace vakt::app {

namespace {

constexpr std::size_t kSecretBytes = 32;

// RFC 4648 section 5, without padding.
std::string base64url(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kDigits[(bits >> (held - 6)) & 63];
  }
  if (held > 0) out += kDigits[(bits << (6 - held)) & 63];
  return out;
}

Result<std::string> new_token() {
  std::array<unsigned char, kSecretBytes> secret{};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    return fail(Errc::io, "the system gave no random bytes for the API token");
  return "vakt_" + base64url({reinterpret_cast<const char*>(secret.data()), secret.size()});
}

}  // namespace

Result<std::string> token_hash_of(const std::string& file) {
  const auto token = read_or_create_secret(file, "the API token", new_token);
  if (!token) return token;
  if (token->size() < 16)
    return fail(Errc::invalid,
                fmt::format("{} holds no token of at least 16 characters: delete it, and the next "
                            "start makes a new one",
                            file));
  return api::sha256_hex(*token);
}

}  // namespace vakt::app
