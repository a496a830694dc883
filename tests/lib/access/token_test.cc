#include "access/token.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "support.h"

namespace vakt::access {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Duration kStep(1);
const User kOwner = user("anna", {Role::analyst});
const NewToken kWanted{"dashboard", {Permission::read_incidents, Permission::work_incidents}, {}};
const std::string kRandom = noise(kTokenRandomBytes);

IssuedToken issued(const NewToken& wanted = kWanted, const std::string& random = kRandom) {
  const auto out = issue_token(random, wanted, kOwner, std::nullopt, kNow);
  EXPECT_TRUE(out) << out.error().message;
  return *out;
}

std::optional<TokenRefusal> verify(const Token* record, std::string_view text, Time now = kNow) {
  const auto presented = parse_token(text);
  if (!presented) return presented.error();
  return verify_token(record, *presented, now);
}

TEST(Token, IssuedOnesAreGood) {
  const IssuedToken token = issued();
  EXPECT_EQ(token.text.size(), 71u);
  EXPECT_TRUE(token.text.starts_with("vakt_" + token.record.id + "_"));
  EXPECT_EQ(token.record.owner, "anna");
  EXPECT_EQ(token.record.created, kNow);
  EXPECT_EQ(verify(&token.record, token.text), std::nullopt);
  EXPECT_EQ(verify(&token.record, token.text, kTimeMax), std::nullopt);
}

// Fixed bytes give a fixed text, worked out in Python (int.from_bytes, zlib.crc32): tokens that
// were issued stay good in later versions.
TEST(Token, KnownText) {
  std::string random;
  for (std::size_t i = 0; i < kTokenRandomBytes; ++i) random += static_cast<char>(i);
  EXPECT_EQ(issued(kWanted, random).text,
            "vakt_0001020304050607_1u8QmlquE1rQpeqoulx6MZVGVGgufeog3UsDEHmrG2p1b8or5");
}

TEST(Token, EveryTypingErrorIsTold) {
  const IssuedToken token = issued();
  std::set<TokenRefusal> seen;
  for (std::size_t at = 0; at < token.text.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string changed = token.text;
      if (changed[at] == static_cast<char>(c)) continue;
      changed[at] = static_cast<char>(c);
      const auto refusal = verify(&token.record, changed);
      ASSERT_TRUE(refusal == TokenRefusal::malformed || refusal == TokenRefusal::bad_checksum)
          << at << ' ' << c;
      seen.insert(*refusal);
    }
    std::string swapped = token.text;
    if (at > 0 && swapped[at] != swapped[at - 1]) {
      std::swap(swapped[at], swapped[at - 1]);
      ASSERT_FALSE(parse_token(swapped)) << at;
    }
    ASSERT_EQ(verify(&token.record, token.text.substr(0, at)), TokenRefusal::malformed);
    ASSERT_EQ(verify(&token.record, token.text.substr(at + 1)), TokenRefusal::malformed);
  }
  EXPECT_EQ(seen.size(), 2u);
  for (const std::string& other : {token.text + "0", token.text + "\n", " " + token.text,
                                   std::string("vakt_"), std::string(1 << 20, 'v')})
    EXPECT_EQ(verify(&token.record, other), TokenRefusal::malformed);
}

TEST(Token, Refusals) {
  NewToken wanted = kWanted;
  wanted.expires = kNow + hours(1);
  const IssuedToken token = issued(wanted);
  const Token& record = token.record;
  Token revoked = record;
  revoke(revoked, kNow + seconds(5));
  revoke(revoked, kNow + seconds(9));
  EXPECT_EQ(revoked.revoked, kNow + seconds(5));  // the first counts
  Token other = issued(wanted, noise(kTokenRandomBytes, 7)).record;
  // The same id with another secret: only somebody who makes up tokens comes here.
  const std::string guessed =
      issued(wanted, kRandom.substr(0, kTokenIdBytes) + noise(kSecretBytes, 9)).text;
  struct Row {
    const Token* record;
    const std::string& text;
    Time now;
    std::optional<TokenRefusal> wanted;
  };
  const Row rows[] = {
      {&record, token.text, kNow, std::nullopt},
      {&record, token.text, *record.expires - kStep, std::nullopt},
      {&record, token.text, *record.expires, TokenRefusal::expired},
      {&record, token.text, kTimeMax, TokenRefusal::expired},
      {&revoked, token.text, kNow, TokenRefusal::revoked},
      {&revoked, token.text, kTimeMax, TokenRefusal::revoked},
      {nullptr, token.text, kNow, TokenRefusal::unknown},
      {&other, token.text, kNow, TokenRefusal::unknown},
      {&record, guessed, kNow, TokenRefusal::wrong_secret},
      {&revoked, guessed, kTimeMax, TokenRefusal::wrong_secret},
  };
  for (const Row& row : rows)
    EXPECT_EQ(verify(row.record, row.text, row.now), row.wanted) << &row - rows;
  const std::pair<TokenRefusal, std::string_view> names[] = {
      {TokenRefusal::malformed, "malformed"}, {TokenRefusal::bad_checksum, "bad_checksum"},
      {TokenRefusal::unknown, "unknown"},     {TokenRefusal::wrong_secret, "wrong_secret"},
      {TokenRefusal::revoked, "revoked"},     {TokenRefusal::expired, "expired"},
  };
  for (const auto& [refusal, name] : names) EXPECT_EQ(to_string(refusal), name);
}

TEST(Token, WhatIsNotIssued) {
  const User disabled = user("bert", {Role::analyst}, true);
  const std::optional<Duration> day = hours(24);
  struct Row {
    std::string_view part;  // of the error; empty: issued
    NewToken wanted;
    const User* owner = &kOwner;
    std::optional<Duration> lifetime_max{};
  };
  const Permissions read{Permission::read_metrics};
  const Row rows[] = {
      {"", {"a", read, {}}},
      {"", {"a", read, kNow + kStep}},
      {"", {"a", read, kNow + hours(24)}, &kOwner, day},
      {"", {"a", read, kTimeMax}, &kOwner, Duration::max()},
      {"expired already", {"a", read, kNow}},
      {"within 1d", {"a", read, kNow + hours(24) + kStep}, &kOwner, day},
      {"within 1d", {"a", read, {}}, &kOwner, day},
      {"at least one scope", {"a", {}, {}}},
      {"more than anna may do", {"a", {Permission::change_rules}, {}}},
      {"more than anna may do", {"a", Permissions::all(), {}}},
      {"disabled", {"a", read, {}}, &disabled},
      {"one line", {"", read, {}}},
      {"one line", {"a\nb", read, {}}},
      {"one line", {std::string(65, 'a'), read, {}}},
  };
  const std::string secret = issued().text.substr(22);
  for (const Row& row : rows) {
    const auto out = issue_token(kRandom, row.wanted, *row.owner, row.lifetime_max, kNow);
    if (row.part.empty()) {
      EXPECT_TRUE(out) << out.error().message;
    } else {
      expect_refused(out, Errc::invalid, secret, row.part);
    }
  }
}

TEST(Token, ScopesEndWithTheOwnersRoles) {
  const Token token = issued().record;
  EXPECT_EQ(effective_scopes(token, kOwner), kWanted.scopes);
  EXPECT_EQ(effective_scopes(token, user("anna", {Role::viewer})),
            Permissions{Permission::read_incidents});
  // More roles do not widen a token.
  EXPECT_EQ(effective_scopes(token, user("anna", Roles::all())), kWanted.scopes);
  EXPECT_TRUE(effective_scopes(token, user("anna", Roles::all(), true)).empty());
  EXPECT_TRUE(effective_scopes(token, user("bert", Roles::all())).empty());
}

TEST(Token, LastUseIsCoarse) {
  Token token = issued().record;
  EXPECT_TRUE(note_use(token, kNow));
  EXPECT_FALSE(note_use(token, kNow));
  EXPECT_FALSE(note_use(token, kNow + seconds(60)));
  EXPECT_FALSE(note_use(token, kNow - hours(1)));  // a clock that went back
  EXPECT_EQ(token.last_used, kNow);
  EXPECT_TRUE(note_use(token, kNow + seconds(61)));
  EXPECT_EQ(token.last_used, kNow + seconds(61));
  token.last_used = kTimeMax;
  EXPECT_FALSE(note_use(token, kTimeMax));
}

Token full() {
  Token token = issued({"ci", {Permission::read_rules}, kNow + hours(1)}).record;
  token.last_used = kNow + seconds(1);
  revoke(token, kNow + seconds(2));
  return token;
}

TEST(Token, RecordsRoundTrip) {
  for (const Token& token : {issued().record, full()}) {
    const auto back = decode_token(encode(token));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->id, token.id);
    EXPECT_EQ(back->name, token.name);
    EXPECT_EQ(back->owner, token.owner);
    EXPECT_EQ(back->scopes, token.scopes);
    EXPECT_EQ(back->secret_hash, token.secret_hash);
    EXPECT_EQ(back->created, token.created);
    EXPECT_EQ(back->expires, token.expires);
    EXPECT_EQ(back->last_used, token.last_used);
    EXPECT_EQ(back->revoked, token.revoked);
    expect_strict(encode(token), decode_token);
  }
}

TEST(Token, SecretsAreNeverStored) {
  const IssuedToken token = issued();
  const std::string stored = encode(token.record);
  const std::string secret = kRandom.substr(kTokenIdBytes);
  EXPECT_EQ(stored.find(token.text.substr(22, 8)), std::string::npos);
  for (std::size_t at = 0; at + 4 <= secret.size(); ++at)
    EXPECT_EQ(stored.find(secret.substr(at, 4)), std::string::npos);
  EXPECT_NE(stored.find(bytes_of(sha256(secret))), std::string::npos);
}

TEST(Token, DamagedRecordsAreRefused) {
  const auto changed = [](auto change) {
    Token token = full();
    change(token);
    return encode(token);
  };
  const std::string secret = issued().text.substr(22);
  const std::string rows[] = {
      changed([](Token& t) { t.id = "ABCDEF0123456789"; }),
      changed([](Token& t) { t.id.pop_back(); }),
      changed([](Token& t) { t.name = ""; }),
      changed([](Token& t) { t.name = "\x1b[2J"; }),
      changed([](Token& t) { t.owner = "Anna"; }),
      changed([](Token& t) { t.scopes = {}; }),
  };
  for (const std::string& row : rows)
    expect_refused(decode_token(row), Errc::corrupt, secret, "damaged");
}

}  // namespace
}  // namespace vakt::access
