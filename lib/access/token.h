// API tokens: "vakt_<id>_<secret><checksum>", 71 characters. The id (16 hexadecimal digits) is
// public and names the token in lists and logs; the secret is 32 random bytes in base 62 (43
// digits); the checksum is the CRC-32 of everything before it in base 62 (6 digits). Prefix and
// checksum let secret scanners recognise one, and tell a typing error from a wrong token without
// asking the store. Base 62 rather than base64url: a double click takes it whole, nothing in it
// ends a word, begins an option or needs escaping in a URL, a shell or a YAML file.
//
// Only the secret's SHA-256 is stored: 256 random bits need no slow hash. Pure; any thread; `now`
// and random bytes are arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "access/base62.h"
#include "access/digest.h"
#include "access/role.h"
#include "access/user.h"
#include "base/result.h"
#include "base/time.h"

namespace vakt::access {

inline constexpr std::size_t kTokenIdBytes = 8;
inline constexpr std::size_t kTokenRandomBytes = kTokenIdBytes + kSecretBytes;
inline constexpr std::size_t kTokenNameBytesMax = 64;

struct Token {
  std::string id;      // 16 lower-case hexadecimal digits
  std::string name;    // what it is for; one line
  std::string owner;   // User::name
  Permissions scopes;  // at least one; what it may do is effective_scopes()
  Digest secret_hash{};
  Time created;
  std::optional<Time> expires;  // the first moment at which it is no longer good
  std::optional<Time> last_used;
  std::optional<Time> revoked;
};

struct NewToken {
  std::string name;
  Permissions scopes;
  std::optional<Time> expires;
};

struct IssuedToken {
  Token record;
  std::string text;  // to be shown once; the caller wipes it
};

// `random`: kTokenRandomBytes fresh random bytes. The scopes must be among what the owner's roles
// permit. With `lifetime_max`, a token must expire, and within it. The caller refuses an id that is
// taken. Errors: invalid.
Result<IssuedToken> issue_token(std::string_view random, const NewToken& wanted, const User& owner,
                                std::optional<Duration> lifetime_max, Time now);

// Why a token is not good. The first two can be told to whoever presented it; the others only to
// the log and the metrics, under one answer.
enum class TokenRefusal : std::uint8_t {
  malformed,     // not of this form: cut off, or something else
  bad_checksum,  // of this form, with a typing error
  unknown,       // no such id
  wrong_secret,
  revoked,
  expired,
};
std::string_view to_string(TokenRefusal refusal);

// What a presented token comes to: the secret itself is hashed and forgotten.
struct PresentedToken {
  std::string id;
  Digest secret_hash{};
};
tl::expected<PresentedToken, TokenRefusal> parse_token(std::string_view text);

// `record` is the one with the presented id, or null. Nullopt: good. Only who knows the secret
// learns that a token was revoked or has expired. Secrets are compared in constant time.
std::optional<TokenRefusal> verify_token(const Token* record, const PresentedToken& presented,
                                         Time now);

// What the token may do now: its scopes, as far as its owner may do them himself. Nothing when the
// owner is disabled or somebody else.
Permissions effective_scopes(const Token& token, const User& owner);

// Was it used more than a minute after the last use noted? Then notes this one: store the record.
// A coarse time, so that a busy token is not written at every request.
bool note_use(Token& token, Time now);
// The first revocation counts.
void revoke(Token& token, Time now);

// Version 1; the layout is in README.md. Decoding takes only what encode() writes: Errc::corrupt.
std::string encode(const Token& token);
Result<Token> decode_token(std::string_view bytes);

}  // namespace vakt::access
