// Gate: finds out who sends a request. It knows the bootstrap token's hash, the AccessBook, the
// sessions of the console, and who has guessed wrong too often.
//
// A right credential is never slowed down by the failures of others: it is looked at first. Wrong
// ones count against the peer; beyond its free ones they are told to wait, whatever they were.
//
// Threads: any; what it keeps is behind one mutex, and nothing slow happens under it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "access/guess_limiter.h"
#include "access/session.h"
#include "api/access_book.h"
#include "api/principal.h"
#include "http/server.h"

namespace vakt::api {

// What a page of the console sends back with every request that changes something.
inline constexpr const char* kCsrfHeader = "x-csrf-token";

// The key of a client's guesses: its IPv4 address, or the /64 of its IPv6 address.
std::string peer_key(const std::string& address);
// 429 with Retry-After.
http::Response too_many_attempts(Duration wait);
// The session's cookie in a request; empty: none.
std::string_view session_cookie(const http::Request& request);

class Gate {
 public:
  // `token_hash`: SHA-256, hex, of the bootstrap token. `clock`: for tests; empty: the machine's.
  // `book` outlives the gate.
  Gate(std::string token_hash, AccessBook& book, std::function<Time()> clock = {});

  // Who it is; or the answer: 401, 429 with Retry-After, or 403 without the session's CSRF token.
  tl::expected<Principal, http::Response> identify(const http::Request& request);

  // The clock, but never back.
  Time now();
  AccessBook& book() const { return book_; }

  // Passwords. How long the next one for this name from this peer has to wait; then what became of
  // it. Ask and tell from one thread, or what is verified at the same time is all let in.
  Duration wait_for_guess(std::string_view name, const std::string& peer);
  void guess_failed(std::string_view name, const std::string& peer);
  // Returns the cookie of the new session.
  std::string open_session(std::string_view name);
  void close_session(std::string_view cookie);
  // All of a user's: after a new password, and after disabling.
  void revoke_sessions(std::string_view name);

 private:
  tl::expected<Principal, http::Response> of_bearer(const http::Request& request);
  tl::expected<Principal, http::Response> of_session(const http::Request& request);
  http::Response refuse(const http::Request& request, std::string_view why);
  void log_refusal(std::string_view token_id, std::string_view why);

  const std::string token_hash_;
  AccessBook& book_;
  const std::function<Time()> clock_;
  std::mutex mutex_;  // of all that follows
  Time now_ = kTimeMin;
  Time logged_ = kTimeMin;
  access::SessionTable sessions_;
  access::GuessLimiter names_;
  access::GuessLimiter peers_;
  // Wrong tokens, apart: behind a proxy all clients are one peer, and nobody guesses 256 bits.
  access::GuessLimiter bearers_;  // guarded by mutex_
};

}  // namespace vakt::api
