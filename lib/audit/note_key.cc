#include "audit/note_key.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "audit/base64.h"
#include "audit/sha256.h"
#include "base/bytes.h"
#include "base/check.h"

namespace vakt::audit {
namespace {

constexpr std::string_view kEd25519 = "\x01";  // type of signature
constexpr std::string_view kPrivatePrefix = "PRIVATE+KEY+";

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Pkey private_key(const Seed& seed) {
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
           &EVP_PKEY_free);
  check(key != nullptr, "any 32 bytes are an Ed25519 key");
  return key;
}

PublicKey public_key(const Seed& seed) {
  PublicKey out;
  std::size_t size = out.size();
  check(EVP_PKEY_get_raw_public_key(private_key(seed).get(), out.data(), &size) == 1 &&
            size == out.size(),
        "OpenSSL computes the public key");
  return out;
}

bool is_key_name(std::string_view name) {
  const auto fits = [](char c) { return c > ' ' && c < 0x7F && c != '+'; };
  return !name.empty() && name.size() <= kKeyNameBytesMax &&
         std::all_of(name.begin(), name.end(), fits);
}

std::string key_text(const VerifierKey& verifier, std::string_view key) {
  return fmt::format("{}+{:08x}+{}", verifier.name, verifier.id(),
                     encode_base64(std::string(kEd25519).append(key)));
}

struct KeyText {
  std::string_view name;
  std::array<std::uint8_t, 32> key;
};

// Only the form; whether the id is that of name and key, the caller finds by writing the key again.
std::optional<KeyText> split_key_text(std::string_view text) {
  const auto name_end = text.find('+');
  const auto id_end = name_end == text.npos ? text.npos : text.find('+', name_end + 1);
  if (id_end == text.npos || !is_key_name(text.substr(0, name_end))) return std::nullopt;
  const auto bytes = decode_base64(text.substr(id_end + 1));
  if (!bytes || !bytes->starts_with(kEd25519)) return std::nullopt;
  const auto key = to_digest(std::string_view(*bytes).substr(kEd25519.size()));
  if (!key) return std::nullopt;
  return KeyText{text.substr(0, name_end), *key};
}

}  // namespace

std::uint32_t VerifierKey::id() const {
  const Digest digest = sha256({name, "\n", kEd25519, view(key)});
  return ByteReader(view(digest)).be32();
}

bool VerifierKey::verify(std::string_view message, const Signature& signature) const {
  const Pkey pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()),
                  &EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return pkey != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

std::string VerifierKey::text() const { return key_text(*this, view(key)); }

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  if (const auto parts = split_key_text(text)) {
    VerifierKey key{std::string(parts->name), parts->key};
    if (key.text() == text) return key;
  }
  return fail(Errc::invalid,
              "not a verifier key (name+id+key of Ed25519, as of c2sp.org/signed-note): copy the "
              "whole line, without spaces or line breaks around it");
}

SigningKey::SigningKey(VerifierKey verifier, const Seed& seed)
    : verifier_(std::move(verifier)), seed_(seed) {}

Result<SigningKey> SigningKey::make(std::string name, const Seed& seed) {
  if (!is_key_name(name))
    return fail(Errc::invalid,
                fmt::format("the name of a signing key has 1 to {} printable ASCII characters, no "
                            "spaces and no '+': choose one such as vakt.example.com/audit",
                            kKeyNameBytesMax));
  return SigningKey({std::move(name), public_key(seed)}, seed);
}

Signature SigningKey::sign(std::string_view message) const {
  const Pkey pkey = private_key(seed_);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Signature signature;
  std::size_t size = signature.size();
  check(context != nullptr &&
            EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
            EVP_DigestSign(context.get(), signature.data(), &size,
                           reinterpret_cast<const unsigned char*>(message.data()),
                           message.size()) == 1 &&
            size == signature.size(),
        "OpenSSL signs");
  return signature;
}

std::string SigningKey::text() const {
  return std::string(kPrivatePrefix) + key_text(verifier_, view(seed_));
}

Result<SigningKey> parse_signing_key(std::string_view text) {
  if (text.starts_with(kPrivatePrefix)) {
    if (const auto parts = split_key_text(text.substr(kPrivatePrefix.size()))) {
      auto key = SigningKey::make(std::string(parts->name), parts->key);
      if (key && key->text() == text) return key;
    }
  }
  return fail(Errc::invalid,
              "not a signing key (PRIVATE+KEY+name+id+key of Ed25519): restore the file from its "
              "backup, or make a new key and hand out its verifier key");
}

}  // namespace vakt::audit
