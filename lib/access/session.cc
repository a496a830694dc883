#include "access/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "access/record.h"
#include "base/check.h"

namespace vakt::access {
namespace {

constexpr std::string_view kCsrfContext = "vakt console csrf token v1";
constexpr std::string_view kAttributes = "Path=/; Secure; HttpOnly; SameSite=Strict";

std::optional<std::string> secret_of(std::string_view cookie) {
  if (cookie.size() != kSecretDigits) return std::nullopt;
  return from_base62(cookie, kSecretBytes);
}

std::optional<Digest> key_of(std::string_view cookie) {
  auto secret = secret_of(cookie);
  if (!secret) return std::nullopt;
  const WipeAtEnd wipe(*secret);
  return sha256(*secret);
}

std::optional<SessionRefusal> over(const SessionTable& table, const Session& session, Time now) {
  if (now >= plus(session.created, table.lifetime_max)) return SessionRefusal::expired;
  if (now >= plus(session.last_seen, table.idle_max)) return SessionRefusal::idle;
  return std::nullopt;
}

// Ends those seen longest ago until fewer than `max` of the wanted ones are left.
template <class Wanted>
void make_room(std::map<Digest, Session>& sessions, std::size_t max, const Wanted& wanted) {
  for (;;) {
    std::size_t count = 0;
    auto oldest = sessions.end();
    for (auto at = sessions.begin(); at != sessions.end(); ++at) {
      if (!wanted(at->second)) continue;
      ++count;
      if (oldest == sessions.end() || at->second.last_seen < oldest->second.last_seen) oldest = at;
    }
    if (count < max || oldest == sessions.end()) return;
    sessions.erase(oldest);
  }
}

}  // namespace

std::string open_session(SessionTable& table, std::string_view user, std::string_view random,
                         Time now) {
  check(random.size() == kSecretBytes, "random bytes of a session");
  std::erase_if(table.sessions,
                [&](const auto& entry) { return over(table, entry.second, now).has_value(); });
  make_room(table.sessions, table.per_user_max,
            [&](const Session& session) { return session.user == user; });
  make_room(table.sessions, table.sessions_max, [](const Session&) { return true; });
  table.sessions[sha256(random)] = {std::string(user), now, now};
  return to_base62(random, kSecretDigits);
}

std::string_view to_string(SessionRefusal refusal) {
  switch (refusal) {
    case SessionRefusal::malformed:
      return "malformed";
    case SessionRefusal::unknown:
      return "unknown";
    case SessionRefusal::idle:
      return "idle";
    case SessionRefusal::expired:
      return "expired";
  }
  return "";
}

tl::expected<Session, SessionRefusal> check_session(SessionTable& table, std::string_view cookie,
                                                    Time now) {
  const auto key = key_of(cookie);
  if (!key) return tl::make_unexpected(SessionRefusal::malformed);
  // The search's time depends on a hash of the secret, which tells nothing of the secret.
  const auto found = table.sessions.find(*key);
  if (found == table.sessions.end()) return tl::make_unexpected(SessionRefusal::unknown);
  if (const auto refusal = over(table, found->second, now)) {
    table.sessions.erase(found);
    return tl::make_unexpected(*refusal);
  }
  found->second.last_seen = std::max(found->second.last_seen, now);
  return found->second;
}

void close_session(SessionTable& table, std::string_view cookie) {
  if (const auto key = key_of(cookie)) table.sessions.erase(*key);
}

std::size_t revoke_sessions(SessionTable& table, std::string_view user) {
  return std::erase_if(table.sessions,
                       [&](const auto& entry) { return entry.second.user == user; });
}

std::string csrf_token(std::string_view cookie) {
  auto secret = secret_of(cookie);
  if (!secret) return {};
  const WipeAtEnd wipe(*secret);
  return to_base62(bytes_of(hmac_sha256(*secret, kCsrfContext)), kSecretDigits);
}

bool csrf_matches(std::string_view cookie, std::string_view presented) {
  const std::string wanted = csrf_token(cookie);
  return !wanted.empty() && equal(wanted, presented);
}

std::string set_cookie(std::string_view cookie) {
  check(secret_of(cookie).has_value(), "a cookie's value");
  return fmt::format("__Host-vakt_session={}; {}", cookie, kAttributes);
}

std::string clear_cookie() {
  return fmt::format("__Host-vakt_session=; Max-Age=0; {}", kAttributes);
}

}  // namespace vakt::access
