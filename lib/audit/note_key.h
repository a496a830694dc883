// Ed25519 keys of signed notes (https://c2sp.org/signed-note): a name, by which signatures are
// found, and the key. Pure; the randomness of a new key is an argument.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vakt::audit {

using PublicKey = std::array<std::uint8_t, 32>;
using Seed = std::array<std::uint8_t, 32>;  // the private key of RFC 8032: 32 random bytes
using Signature = std::array<std::uint8_t, 64>;

inline constexpr std::size_t kKeyNameBytesMax = 255;

// For anybody: checks signatures.
struct VerifierKey {
  std::string name;  // printable ASCII without spaces and '+'; best a host and a path
  PublicKey key{};

  // The first four bytes of SHA-256(name, newline, 0x01, key): tells keys of one name apart.
  std::uint32_t id() const;
  bool verify(std::string_view message, const Signature& signature) const;
  // "name+1a2b3c4d+base64(0x01, key)"
  std::string text() const;

  bool operator==(const VerifierKey&) const = default;
};
Result<VerifierKey> parse_verifier_key(std::string_view text);

// Secret. Whoever reads it can sign any history.
class SigningKey {
 public:
  // Refuses a name that is none.
  static Result<SigningKey> make(std::string name, const Seed& seed);

  const VerifierKey& verifier() const { return verifier_; }
  Signature sign(std::string_view message) const;
  // "PRIVATE+KEY+name+1a2b3c4d+base64(0x01, seed)": for a file that only Vakt can read.
  std::string text() const;

 private:
  SigningKey(VerifierKey verifier, const Seed& seed);
  VerifierKey verifier_;
  Seed seed_;
};
// No error repeats the text, which is the secret.
Result<SigningKey> parse_signing_key(std::string_view text);

}  // namespace vakt::audit
