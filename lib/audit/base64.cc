#include "audit/base64.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace vakt::audit {
namespace {

const unsigned char* as_unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* as_unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
  check(bytes.size() <= kBase64BytesMax, "base 64 of a bounded size");
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  // OpenSSL also writes a NUL at the end, where std::string has one.
  EVP_EncodeBlock(as_unsigned(text), as_unsigned(bytes), static_cast<int>(bytes.size()));
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > kBase64BytesMax) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int written =
      EVP_DecodeBlock(as_unsigned(bytes), as_unsigned(text), static_cast<int>(text.size()));
  if (written != static_cast<int>(bytes.size())) return std::nullopt;
  // OpenSSL decodes padding as zero bytes, and overlooks white space and stray bits.
  if (text.ends_with('=')) bytes.pop_back();
  if (text.ends_with("==")) bytes.pop_back();
  if (encode_base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::optional<Digest> decode_base64_digest(std::string_view text) {
  const auto bytes = decode_base64(text);
  return bytes ? to_digest(*bytes) : std::nullopt;
}

}  // namespace vakt::audit
