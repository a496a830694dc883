#include "api/gate.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <utility>

#include "api/random.h"
#include "api/token.h"
#include "base/text.h"

namespace vakt::api {
namespace {

constexpr std::string_view kCookieName = "__Host-vakt_session";
constexpr std::string_view kScheme = "Bearer ";
constexpr Duration kLogEvery = std::chrono::minutes(1);

Time wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

http::Response unauthorised(std::string_view why) {
  http::Response response = http::error_response(401, "unauthorised", why);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"vakt\"");
  return response;
}

Principal principal_of(const access::User& user) {
  return {user.name, Via::session, user.roles, access::permissions_of(user.roles), {}};
}

}  // namespace

http::Response too_many_attempts(Duration wait) {
  http::Response response =
      http::error_response(429, "too_many_attempts", "too many wrong attempts: wait");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

std::string peer_key(const std::string& address) {
  boost::system::error_code error;
  auto parsed = boost::asio::ip::make_address(address, error);
  if (error || parsed.is_v4()) return address;
  const auto v6 = parsed.to_v6();
  if (v6.is_v4_mapped())
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).to_string();
  const auto bytes = v6.to_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), 8};
}

// RFC 6265 section 4.2.1: name=value pairs after "; ".
std::string_view session_cookie(const http::Request& request) {
  std::string_view rest = request.header("cookie");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == kCookieName)
      return pair.substr(equals + 1);
  }
  return {};
}

Gate::Gate(std::string token_hash, AccessBook& book, std::function<Time()> clock)
    : token_hash_(std::move(token_hash)),
      book_(book),
      clock_(clock ? std::move(clock) : wall_clock),
      names_(random_bytes(access::GuessLimiter::kSeedBytes), access::GuessLimiter::kFreeForName),
      peers_(random_bytes(access::GuessLimiter::kSeedBytes), access::GuessLimiter::kFreeForPeer),
      bearers_(random_bytes(access::GuessLimiter::kSeedBytes), access::GuessLimiter::kFreeForPeer) {
}

Time Gate::now() {
  const Time read = clock_();
  const std::lock_guard lock(mutex_);
  return now_ = std::max(now_, read);
}

tl::expected<Principal, http::Response> Gate::identify(const http::Request& request) {
  if (!request.header("authorization").empty()) return of_bearer(request);
  if (!session_cookie(request).empty()) return of_session(request);
  return tl::make_unexpected(
      refuse(request, "send a token of the API as 'Authorization: Bearer TOKEN', or log in"));
}

tl::expected<Principal, http::Response> Gate::of_bearer(const http::Request& request) {
  const std::string_view header = request.header("authorization");
  if (is_authorised(header, token_hash_))
    return Principal{kBootstrapName, Via::bootstrap, {}, access::Permissions::all(), {}};
  const bool bearer = iequals(header.substr(0, kScheme.size()), kScheme);
  const auto presented =
      access::parse_token(bearer ? header.substr(kScheme.size()) : std::string_view());
  if (!presented)
    return tl::make_unexpected(
        refuse(request, presented.error() == access::TokenRefusal::bad_checksum
                            ? "the token has a typing error: copy it again, whole"
                            : "this is no token of this daemon: send one as 'Authorization: Bearer "
                              "TOKEN'"));
  const auto contents = book_.contents();
  const access::Token* token = contents->token(presented->id);
  const Time time = now();
  if (const auto refusal = access::verify_token(token, *presented, time)) {
    if (*refusal == access::TokenRefusal::revoked || *refusal == access::TokenRefusal::expired)
      log_refusal(presented->id, to_string(*refusal));
    return tl::make_unexpected(refuse(request, "the token is not good here, or not any more"));
  }
  const access::User* owner = contents->user(token->owner);
  if (owner == nullptr || owner->disabled) {
    log_refusal(token->id, "its owner is disabled");
    return tl::make_unexpected(refuse(request, "the token is not good here, or not any more"));
  }
  book_.note_use(token->id, time);
  return Principal{owner->name, Via::token, owner->roles, access::effective_scopes(*token, *owner),
                   token->id};
}

tl::expected<Principal, http::Response> Gate::of_session(const http::Request& request) {
  const std::string_view cookie = session_cookie(request);
  const Time time = now();
  const auto session = [&] {
    const std::lock_guard lock(mutex_);
    return access::check_session(sessions_, cookie, time);
  }();
  const auto contents = book_.contents();
  const access::User* user = session ? contents->user(session->user) : nullptr;
  if (user == nullptr || user->disabled)
    return tl::make_unexpected(refuse(request, "the session is over: log in again"));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && !access::csrf_matches(cookie, request.header(kCsrfHeader)))
    return tl::make_unexpected(http::error_response(
        403, "csrf", "a session changes something only with its token in 'X-CSRF-Token'"));
  return principal_of(*user);
}

// Told after a while (api.cc), which takes the connection's time too.
http::Response Gate::refuse(const http::Request& request, std::string_view why) {
  const Time time = now();
  const std::string peer = peer_key(request.peer);
  const std::lock_guard lock(mutex_);
  const Duration wait = bearers_.wait(peer, time);
  if (wait > Duration(0)) return too_many_attempts(wait);
  // Who brings nothing guesses nothing.
  if (!request.header("authorization").empty()) bearers_.failed(peer, time);
  return unauthorised(why);
}

// Only who knows the secret gets here; he cannot fill the log all the same.
void Gate::log_refusal(std::string_view token_id, std::string_view why) {
  const Time time = now();
  {
    const std::lock_guard lock(mutex_);
    if (logged_ != kTimeMin && time < logged_ + kLogEvery) return;
    logged_ = time;
  }
  spdlog::warn("API token {} was used but is refused: {}", token_id, why);
}

Duration Gate::wait_for_guess(std::string_view name, const std::string& peer) {
  const Time time = now();
  const std::lock_guard lock(mutex_);
  return std::max(names_.wait(name, time), peers_.wait(peer_key(peer), time));
}

void Gate::guess_failed(std::string_view name, const std::string& peer) {
  const Time time = now();
  const std::lock_guard lock(mutex_);
  names_.failed(name, time);
  peers_.failed(peer_key(peer), time);
}

std::string Gate::open_session(std::string_view name) {
  const Time time = now();
  std::string secret = random_bytes(access::kSecretBytes);
  const access::WipeAtEnd wipe(secret);
  const std::lock_guard lock(mutex_);
  names_.succeeded(name);
  return access::open_session(sessions_, name, secret, time);
}

void Gate::close_session(std::string_view cookie) {
  const std::lock_guard lock(mutex_);
  access::close_session(sessions_, cookie);
}

void Gate::revoke_sessions(std::string_view name) {
  const std::lock_guard lock(mutex_);
  access::revoke_sessions(sessions_, name);
}

}  // namespace vakt::api
