// Sessions of the console: logging in and out, and who one is.
#include <array>
#include <memory>
#include <utility>

#include "access/password.h"
#include "api/access_json.h"
#include "api/answers.h"
#include "api/body.h"
#include "api/endpoint.h"
#include "api/random.h"

namespace vakt::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Respond;
using http::Response;

constexpr std::uint64_t kBodyBytesMax = 16 * 1024;

struct Attempt {
  std::string name;
  std::string password;
  std::string peer;
};

// The only moment at which the password is there.
void hash_again(Gate& gate, const access::User& user, std::string_view password) {
  access::User hashed = user;
  if (!access::set_password(hashed, password, random_bytes(access::kSaltBytes), gate.now())) return;
  const auto decide = [old = user.password,
                       hashed](const AccessBook::Contents& there) -> Result<store::AccessChanges> {
    store::AccessChanges changes;
    const access::User* found = there.user(hashed.name);
    if (found == nullptr || found->password != old) return changes;
    changes.users.push_back(*found);
    changes.users.back().password = hashed.password;
    return changes;
  };
  gate.book().change(decide, std::nullopt, [](const Result<void>&) {});
}

Response logged_in(Gate& gate, const access::User& user) {
  const std::string cookie = gate.open_session(user.name);
  // A new password ends all sessions: one that was opened with the old one just then as well.
  const auto contents = gate.book().contents();
  const access::User* still = contents->user(user.name);
  if (still == nullptr || still->disabled || still->password != user.password)
    gate.close_session(cookie);
  json::object answer = to_json(
      Principal{user.name, Via::session, user.roles, access::permissions_of(user.roles), {}});
  answer["csrf_token"] = access::csrf_token(cookie);
  Response response = json_response(answer);
  response.headers.emplace_back("Set-Cookie", access::set_cookie(cookie));
  return response;
}

// On the thread that may take its time; one attempt after the other.
void attempt(const Backend& backend, Attempt& of, const Respond& respond) {
  const access::WipeAtEnd wipe(of.password);
  Gate& gate = *backend.gate;
  if (const Duration wait = gate.wait_for_guess(of.name, of.peer); wait > Duration(0))
    return respond(too_many_attempts(wait));
  const auto contents = gate.book().contents();
  const access::User* user = contents->user(of.name);
  const auto right = access::matches(user, of.password);
  if (!right) return respond(error_of(right.error()));
  if (!*right) {
    gate.guess_failed(of.name, of.peer);
    if (backend.auth_failed) backend.auth_failed();
    return respond(http::error_response(401, "unauthorised", "the name or the password is wrong"));
  }
  if (access::needs_rehash(*user->password)) hash_again(gate, *user, of.password);
  respond(logged_in(gate, *user));
}

void login(const Backend& backend, const Principal&, const Request& request, Respond respond) {
  auto body = Body::read(request.body, {"name", "password"});
  if (!body) return respond(error_of(body.error()));
  const auto name = body->text("name");
  auto password = body->take_secret("password");
  if (!name) return respond(error_of(name.error()));
  if (!password) return respond(error_of(password.error()));
  const access::WipeAtEnd wipe(*password);
  // Shared: a function that is copied would leave copies of the password behind.
  const auto of = std::make_shared<Attempt>(Attempt{*name, *password, request.peer});
  const bool taken =
      backend.passwords->post([&backend, of, respond] { attempt(backend, *of, respond); });
  if (!taken) respond(error_of({Errc::unavailable, "too many passwords wait: try again"}));
}

void logout(const Backend& backend, const Principal& who, const Request& request, Respond respond) {
  if (who.via != Via::session)
    return respond(error_of({Errc::invalid, "there is no session: a token is revoked instead"}));
  backend.gate->close_session(session_cookie(request));
  Response response = json_response({{"name", who.name}});
  response.headers.emplace_back("Set-Cookie", access::clear_cookie());
  respond(std::move(response));
}

void whoami(const Backend&, const Principal& who, const Request& request, Respond respond) {
  json::object answer = to_json(who);
  // For a page that was loaded anew.
  if (who.via == Via::session) answer["csrf_token"] = access::csrf_token(session_cookie(request));
  respond(json_response(answer));
}

constexpr std::array kEndpoints{
    Endpoint{"POST", "/api/v1/login", kBodyBytesMax, Guard::none(), login},
    Endpoint{"POST", "/api/v1/logout", 0, Guard::known(), logout},
    Endpoint{"GET", "/api/v1/whoami", 0, Guard::known(), whoami},
};

}  // namespace

std::span<const Endpoint> login_endpoints() { return kEndpoints; }

}  // namespace vakt::api
