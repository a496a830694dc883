#include "access/token.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "access/record.h"
#include "base/check.h"

namespace vakt::access {
namespace {

constexpr std::uint8_t kTokenVersion = 1;
constexpr std::string_view kPrefix = "vakt_";
constexpr std::size_t kIdDigits = 2 * kTokenIdBytes;
constexpr std::size_t kChecksumDigits = 6;
constexpr std::size_t kSecretAt = kPrefix.size() + kIdDigits + 1;
constexpr std::size_t kChecksumAt = kSecretAt + kSecretDigits;
constexpr std::size_t kTextBytes = kChecksumAt + kChecksumDigits;
constexpr Duration kLastUsedStep = std::chrono::minutes(1);

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// CRC-32 of IEEE 802.3, a bit at a time: once per request. It finds every change of up to 32 bits
// in a row, so every changed character and every two neighbours swapped.
std::string checksum_of(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  std::string bytes;
  ByteWriter(bytes).be32(~crc);
  return to_base62(bytes, kChecksumDigits);
}

bool are_fields(const Token& token) {
  return is_id(token.id) && is_plain_text(token.name, 1, kTokenNameBytesMax) &&
         is_user_name(token.owner) && !token.scopes.empty();
}

Result<void> check_wanted(const NewToken& wanted, const User& owner,
                          std::optional<Duration> lifetime_max, Time now) {
  if (!is_plain_text(wanted.name, 1, kTokenNameBytesMax))
    return fail(Errc::invalid, fmt::format("a token's name is one line of 1 to {} bytes of UTF-8 "
                                           "without control characters",
                                           kTokenNameBytesMax));
  if (wanted.scopes.empty()) return fail(Errc::invalid, "a token needs at least one scope");
  if (owner.disabled)
    return fail(Errc::invalid, fmt::format("{} is disabled and gets no token", owner.name));
  if (!permissions_of(owner.roles).contains_all(wanted.scopes))
    return fail(Errc::invalid,
                fmt::format("the scopes are more than {} may do: leave out what no role of theirs "
                            "permits",
                            owner.name));
  if (wanted.expires && *wanted.expires <= now)
    return fail(Errc::invalid, "the token would have expired already");
  if (lifetime_max && (!wanted.expires || *wanted.expires > plus(now, *lifetime_max)))
    return fail(Errc::invalid,
                fmt::format("a token must expire within {}", format_duration(*lifetime_max)));
  return {};
}

}  // namespace

Result<IssuedToken> issue_token(std::string_view random, const NewToken& wanted, const User& owner,
                                std::optional<Duration> lifetime_max, Time now) {
  check(random.size() == kTokenRandomBytes, "random bytes of a token");
  if (const auto ok = check_wanted(wanted, owner, lifetime_max, now); !ok)
    return tl::make_unexpected(ok.error());
  const std::string_view secret = random.substr(kTokenIdBytes);
  IssuedToken out;
  out.record.id = hex(random.substr(0, kTokenIdBytes));
  out.record.name = wanted.name;
  out.record.owner = owner.name;
  out.record.scopes = wanted.scopes;
  out.record.secret_hash = sha256(secret);
  out.record.created = now;
  out.record.expires = wanted.expires;
  std::string digits = to_base62(secret, kSecretDigits);
  const WipeAtEnd wipe(digits);
  out.text.reserve(kTextBytes);  // grown text would leave copies behind
  out.text.append(kPrefix).append(out.record.id).append("_").append(digits);
  out.text += checksum_of(out.text);
  return out;
}

std::string_view to_string(TokenRefusal refusal) {
  switch (refusal) {
    case TokenRefusal::malformed:
      return "malformed";
    case TokenRefusal::bad_checksum:
      return "bad_checksum";
    case TokenRefusal::unknown:
      return "unknown";
    case TokenRefusal::wrong_secret:
      return "wrong_secret";
    case TokenRefusal::revoked:
      return "revoked";
    case TokenRefusal::expired:
      return "expired";
  }
  return "";
}

tl::expected<PresentedToken, TokenRefusal> parse_token(std::string_view text) {
  if (text.size() != kTextBytes || !text.starts_with(kPrefix) || text[kSecretAt - 1] != '_' ||
      !is_id(text.substr(kPrefix.size(), kIdDigits)))
    return tl::make_unexpected(TokenRefusal::malformed);
  auto secret = from_base62(text.substr(kSecretAt, kSecretDigits), kSecretBytes);
  if (!secret) return tl::make_unexpected(TokenRefusal::malformed);
  const WipeAtEnd wipe(*secret);
  if (checksum_of(text.substr(0, kChecksumAt)) != text.substr(kChecksumAt))
    return tl::make_unexpected(TokenRefusal::bad_checksum);
  return PresentedToken{std::string(text.substr(kPrefix.size(), kIdDigits)), sha256(*secret)};
}

std::optional<TokenRefusal> verify_token(const Token* record, const PresentedToken& presented,
                                         Time now) {
  if (record == nullptr || record->id != presented.id) return TokenRefusal::unknown;
  if (!equal(bytes_of(record->secret_hash), bytes_of(presented.secret_hash)))
    return TokenRefusal::wrong_secret;
  if (record->revoked) return TokenRefusal::revoked;
  if (record->expires && now >= *record->expires) return TokenRefusal::expired;
  return std::nullopt;
}

Permissions effective_scopes(const Token& token, const User& owner) {
  if (owner.disabled || owner.name != token.owner) return {};
  return token.scopes & permissions_of(owner.roles);
}

bool note_use(Token& token, Time now) {
  if (token.last_used && now <= plus(*token.last_used, kLastUsedStep)) return false;
  token.last_used = now;
  return true;
}

void revoke(Token& token, Time now) {
  if (!token.revoked) token.revoked = now;
}

std::string encode(const Token& token) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(kTokenVersion);
  writer.bytes(token.id);
  writer.bytes(token.name);
  writer.bytes(token.owner);
  writer.varint(token.scopes.bits());
  writer.bytes(bytes_of(token.secret_hash));
  write_time(writer, token.created);
  write_optional_time(writer, token.expires);
  write_optional_time(writer, token.last_used);
  write_optional_time(writer, token.revoked);
  return out;
}

Result<Token> decode_token(std::string_view bytes) {
  if (bytes.size() > kRecordBytesMax) return bad_record("token", bytes, kTokenVersion);
  ByteReader reader(bytes);
  const bool known = reader.u8() == kTokenVersion;
  Token token;
  token.id = reader.bytes();
  token.name = reader.bytes();
  token.owner = reader.bytes();
  token.scopes = Permissions::from_bits(reader.varint());
  const std::string_view hash = reader.bytes();
  if (hash.size() == token.secret_hash.size())
    std::copy(hash.begin(), hash.end(), token.secret_hash.begin());
  token.created = read_time(reader);
  token.expires = read_optional_time(reader);
  token.last_used = read_optional_time(reader);
  token.revoked = read_optional_time(reader);
  // Encoding again finds what reading forgives: unknown scopes, longer numbers, another size.
  if (!known || !reader.ok() || !reader.at_end() || encode(token) != bytes || !are_fields(token))
    return bad_record("token", bytes, kTokenVersion);
  return token;
}

}  // namespace vakt::access
