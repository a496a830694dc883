// Login sessions of the web console. The cookie's value is 32 random bytes in base 62; the table
// holds its SHA-256 alone, so that whoever reads memory dumps or backups cannot log in. Who the
// user is now (roles, disabled) is looked up at every request: a session remembers the name only.
// RFC 6265bis (cookie prefixes, SameSite); OWASP Session Management and CSRF Prevention Cheat
// Sheets. Pure; one thread owns a table; `now` and random bytes are arguments.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "access/base62.h"
#include "access/digest.h"
#include "base/time.h"

namespace vakt::access {

struct Session {
  std::string user;  // User::name
  Time created;
  Time last_seen;
};

struct SessionTable {
  Duration idle_max = std::chrono::minutes(30);
  Duration lifetime_max = std::chrono::hours(12);
  std::size_t per_user_max = 8;
  std::size_t sessions_max = 4096;     // about 1 MiB
  std::map<Digest, Session> sessions;  // by the SHA-256 of the cookie's secret
};

// The cookie's value. `random`: kSecretBytes fresh random bytes. Where the user, or the table, has
// as many sessions as it may, the one seen longest ago ends.
std::string open_session(SessionTable& table, std::string_view user, std::string_view random,
                         Time now);

enum class SessionRefusal : std::uint8_t {
  malformed,  // not a value that open_session returns
  unknown,    // closed, revoked, pushed out, or never there
  idle,       // not seen for idle_max
  expired,    // opened lifetime_max ago
};
std::string_view to_string(SessionRefusal refusal);

// The session, seen now; or why not. One that is over is removed.
tl::expected<Session, SessionRefusal> check_session(SessionTable& table, std::string_view cookie,
                                                    Time now);

// Ends one: logging out.
void close_session(SessionTable& table, std::string_view cookie);
// Ends all of a user's: a new password, a disabled user. How many there were.
std::size_t revoke_sessions(SessionTable& table, std::string_view user);

// What a page sends back in a header with every request that changes something. Derived from the
// cookie's secret (HMAC-SHA-256), so it is bound to the session and nothing more is stored; it does
// not tell the secret. Empty for a malformed cookie.
std::string csrf_token(std::string_view cookie);
bool csrf_matches(std::string_view cookie, std::string_view presented);

// Values of Set-Cookie. No Domain, Path=/ and Secure are what the prefix __Host- promises; without
// Max-Age the browser forgets it when it closes.
std::string set_cookie(std::string_view cookie);
std::string clear_cookie();

}  // namespace vakt::access
