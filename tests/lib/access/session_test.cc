#include "access/session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "support.h"

namespace vakt::access {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Duration kStep(1);

std::string open(SessionTable& table, std::string_view user, unsigned seed, Time now = kNow) {
  return open_session(table, user, noise(kSecretBytes, seed), now);
}

std::optional<SessionRefusal> refusal(SessionTable& table, std::string_view cookie, Time now) {
  const auto session = check_session(table, cookie, now);
  if (session) return std::nullopt;
  return session.error();
}

TEST(Session, OpenCheckClose) {
  SessionTable table;
  const std::string cookie = open(table, "anna", 1);
  EXPECT_EQ(cookie.size(), 43u);
  const auto session = check_session(table, cookie, kNow + minutes(1));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->user, "anna");
  EXPECT_EQ(session->created, kNow);
  EXPECT_EQ(session->last_seen, kNow + minutes(1));
  close_session(table, cookie);
  EXPECT_EQ(refusal(table, cookie, kNow), SessionRefusal::unknown);
  close_session(table, cookie);
  close_session(table, "nonsense");
}

TEST(Session, IdleAndAbsoluteTimeouts) {
  struct Row {
    std::vector<Duration> seen;  // since opening; all fine
    Duration at;
    std::optional<SessionRefusal> wanted;
  };
  std::vector<Duration> busy;
  for (Duration at = minutes(29); at < hours(12); at += minutes(29)) busy.push_back(at);
  const Row rows[] = {
      {{}, Duration(0), std::nullopt},
      {{}, minutes(30) - kStep, std::nullopt},
      {{}, minutes(30), SessionRefusal::idle},
      {{minutes(20)}, minutes(50) - kStep, std::nullopt},
      {{minutes(20)}, minutes(50), SessionRefusal::idle},
      {{minutes(20), minutes(10)}, minutes(50) - kStep, std::nullopt},  // a clock that went back
      {busy, hours(12) - kStep, std::nullopt},
      {busy, hours(12), SessionRefusal::expired},  // however busy
      {{}, hours(24), SessionRefusal::expired},
      {{}, kTimeMax - kNow, SessionRefusal::expired},
  };
  for (const Row& row : rows) {
    SessionTable table;
    const std::string cookie = open(table, "anna", 1);
    for (const Duration seen : row.seen) {
      ASSERT_EQ(refusal(table, cookie, kNow + seen), std::nullopt);
    }
    EXPECT_EQ(refusal(table, cookie, kNow + row.at), row.wanted) << &row - rows;
    // One that is over is gone for good.
    if (row.wanted) {
      EXPECT_TRUE(table.sessions.empty());
      EXPECT_EQ(refusal(table, cookie, kNow), SessionRefusal::unknown);
    }
  }
}

TEST(Session, StoresNoSecret) {
  SessionTable table;
  const std::string secret = noise(kSecretBytes, 1);
  const std::string cookie = open(table, "anna", 1);
  ASSERT_EQ(table.sessions.size(), 1u);
  EXPECT_EQ(table.sessions.begin()->first, sha256(secret));
  EXPECT_EQ(from_base62(cookie, kSecretBytes), secret);
}

TEST(Session, MalformedCookies) {
  SessionTable table;
  const std::string cookie = open(table, "anna", 1);
  for (const std::string& bad :
       {std::string(), cookie.substr(1), cookie + "0", "-" + cookie.substr(1), std::string(43, 'z'),
        std::string(1 << 20, '0')}) {
    EXPECT_EQ(refusal(table, bad, kNow), SessionRefusal::malformed);
    EXPECT_EQ(csrf_token(bad), "");
    EXPECT_FALSE(csrf_matches(bad, csrf_token(bad)));
  }
  std::string other = cookie;
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_EQ(refusal(table, other, kNow), SessionRefusal::unknown);
  EXPECT_EQ(to_string(SessionRefusal::malformed), "malformed");
  EXPECT_EQ(to_string(SessionRefusal::unknown), "unknown");
  EXPECT_EQ(to_string(SessionRefusal::idle), "idle");
  EXPECT_EQ(to_string(SessionRefusal::expired), "expired");
}

TEST(Session, Csrf) {
  SessionTable table;
  const std::string cookie = open(table, "anna", 1);
  const std::string token = csrf_token(cookie);
  EXPECT_EQ(token.size(), 43u);
  EXPECT_EQ(token, csrf_token(cookie));
  EXPECT_NE(token, cookie);
  EXPECT_TRUE(csrf_matches(cookie, token));
  const std::string another = csrf_token(open(table, "anna", 2));
  for (const std::string& bad : {std::string(), cookie, another, token.substr(1), token + "0"})
    EXPECT_FALSE(csrf_matches(cookie, bad)) << bad;
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = changed[at] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(csrf_matches(cookie, changed)) << at;
  }
  // Nobody may log in with what pages carry in their HTML.
  EXPECT_EQ(refusal(table, token, kNow), SessionRefusal::unknown);
}

TEST(Session, BoundedPerUser) {
  SessionTable table;
  table.per_user_max = 3;
  const std::string first = open(table, "anna", 1, kNow);
  const std::string second = open(table, "anna", 2, kNow + minutes(1));
  const std::string third = open(table, "anna", 3, kNow + minutes(2));
  const std::string bert = open(table, "bert", 4, kNow);
  ASSERT_EQ(refusal(table, first, kNow + minutes(3)), std::nullopt);  // now second is the oldest
  const std::string fourth = open(table, "anna", 5, kNow + minutes(4));
  EXPECT_EQ(table.sessions.size(), 4u);
  EXPECT_EQ(refusal(table, second, kNow + minutes(4)), SessionRefusal::unknown);
  for (const std::string& kept : {first, third, fourth, bert})
    EXPECT_EQ(refusal(table, kept, kNow + minutes(4)), std::nullopt);
}

TEST(Session, BoundedInAll) {
  SessionTable table;
  table.sessions_max = 10;
  for (unsigned i = 0; i < 1000; ++i) {
    open(table, "user" + std::to_string(i), i, kNow + Duration(i));
    ASSERT_LE(table.sessions.size(), 10u);
  }
  std::set<std::string> left;
  for (const auto& [key, session] : table.sessions) left.insert(session.user);
  for (unsigned i = 990; i < 1000; ++i) EXPECT_TRUE(left.contains("user" + std::to_string(i)));
  // Those that are over make room before any other does.
  open(table, "late", 2000, kNow + minutes(31));
  EXPECT_EQ(table.sessions.size(), 1u);
}

TEST(Session, RevokedTogether) {
  SessionTable table;
  const std::string one = open(table, "anna", 1);
  const std::string two = open(table, "anna", 2);
  const std::string bert = open(table, "bert", 3);
  EXPECT_EQ(revoke_sessions(table, "anna"), 2u);
  EXPECT_EQ(revoke_sessions(table, "anna"), 0u);
  EXPECT_EQ(refusal(table, one, kNow), SessionRefusal::unknown);
  EXPECT_EQ(refusal(table, two, kNow), SessionRefusal::unknown);
  EXPECT_EQ(refusal(table, bert, kNow), std::nullopt);
}

TEST(Session, Cookies) {
  SessionTable table;
  const std::string cookie = open(table, "anna", 1);
  EXPECT_EQ(set_cookie(cookie),
            "__Host-vakt_session=" + cookie + "; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(clear_cookie(),
            "__Host-vakt_session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_DEATH(set_cookie("a; Domain=evil.example"), "a cookie's value");
}

}  // namespace
}  // namespace vakt::access
