// What the API does with accounts. Nobody is deleted: a name in a timeline stays somebody's.
#include <fmt/format.h>

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
using access::Permission;
using http::Request;
using http::Respond;

constexpr std::uint64_t kBodyBytesMax = 16 * 1024;

tl::unexpected<Error> no_such_user() { return fail(Errc::not_found, "there is no such user"); }

// Changes one user, and answers with what became of it.
void change_user(const Backend& backend, std::string name, store::AuditNote note,
                 std::function<Result<void>(access::User&, access::Users, Time)> change,
                 Respond respond) {
  Gate& gate = *backend.gate;
  AccessBook& book = gate.book();
  const auto decide = [name, change = std::move(change), now = gate.now()](
                          const AccessBook::Contents& now_there) -> Result<store::AccessChanges> {
    const access::User* found = now_there.user(name);
    if (found == nullptr) return no_such_user();
    access::User user = *found;
    if (const auto ok = change(user, now_there.users, now); !ok)
      return tl::make_unexpected(ok.error());
    store::AccessChanges changes;
    changes.users.push_back(std::move(user));
    return changes;
  };
  const auto answer = [&gate, name, respond = std::move(respond)](const Result<void>& done) {
    if (!done) return respond(error_of(done.error()));
    const auto contents = gate.book().contents();
    const access::User* user = contents->user(name);
    if (user == nullptr) return respond(error_of(no_such_user().value()));
    if (user->disabled) gate.revoke_sessions(name);
    respond(json_response(to_json(*user)));
  };
  book.change(decide, std::move(note), answer);
}

void list(const Backend& backend, const Principal&, const Request&, Respond respond) {
  const auto contents = backend.gate->book().contents();
  json::array rows;
  for (const access::User& user : contents->users) rows.push_back(to_json(user));
  respond(json_response({{"users", std::move(rows)}}));
}

void show(const Backend& backend, const Principal&, const Request& request, Respond respond) {
  const auto contents = backend.gate->book().contents();
  const access::User* user = contents->user(request.captures.at(0));
  if (user == nullptr) return respond(error_of(no_such_user().value()));
  respond(json_response(to_json(*user)));
}

Result<access::NewUser> read_new_user(std::string_view text) {
  const auto body = Body::read(text, {"name", "display_name", "email", "roles"});
  if (!body) return tl::make_unexpected(body.error());
  const auto name = body->text("name");
  const auto display_name = body->text_if_any("display_name");
  const auto email = body->text_if_any("email");
  const auto names = body->texts("roles");
  if (!name) return tl::make_unexpected(name.error());
  if (!display_name) return tl::make_unexpected(display_name.error());
  if (!email) return tl::make_unexpected(email.error());
  if (!names) return tl::make_unexpected(names.error());
  const auto roles = read_roles(*names);
  if (!roles) return tl::make_unexpected(roles.error());
  // A timeline could not tell such a user from the token in the daemon's file.
  if (*name == kBootstrapName)
    return fail(Errc::invalid, fmt::format("nobody can be called {}", kBootstrapName));
  return access::NewUser{*name, display_name->value_or(*name), *email, *roles};
}

// What the request asks for: it holds no secret.
store::AuditNote note_of(const Principal& who, std::string action, const std::string& name,
                         const std::string& payload) {
  return audit_note(who, Permission::manage_users, std::move(action), name, payload);
}

void add(const Backend& backend, const Principal& who, const Request& request, Respond respond) {
  const auto wanted = read_new_user(request.body);
  if (!wanted) return respond(error_of(wanted.error()));
  AccessBook& book = backend.gate->book();
  const auto decide = [wanted = *wanted, now = backend.gate->now()](
                          const AccessBook::Contents& there) -> Result<store::AccessChanges> {
    auto user = access::create_user(wanted, there.users, now);
    if (!user) return tl::make_unexpected(user.error());
    store::AccessChanges changes;
    changes.users.push_back(std::move(*user));
    return changes;
  };
  book.change(decide, note_of(who, "user.created", wanted->name, request.body),
              [&book, name = wanted->name, respond = std::move(respond)](const Result<void>& done) {
                if (!done) return respond(error_of(done.error()));
                respond(json_response(to_json(*book.contents()->user(name))));
              });
}

struct Patch {
  std::optional<access::Roles> roles;
  std::optional<bool> disabled;
};

Result<Patch> read_patch(std::string_view text) {
  const auto body = Body::read(text, {"roles", "disabled"});
  if (!body) return tl::make_unexpected(body.error());
  Patch patch;
  if (body->has("roles")) {
    const auto names = body->texts("roles");
    if (!names) return tl::make_unexpected(names.error());
    const auto roles = read_roles(*names);
    if (!roles) return tl::make_unexpected(roles.error());
    patch.roles = *roles;
  }
  if (body->has("disabled")) {
    const auto disabled = body->flag("disabled");
    if (!disabled) return tl::make_unexpected(disabled.error());
    patch.disabled = *disabled;
  }
  if (!patch.roles && !patch.disabled)
    return fail(Errc::invalid, "nothing is to change: give 'roles' or 'disabled'");
  return patch;
}

Result<void> apply(const Patch& patch, access::User& user, access::Users everybody, Time now) {
  if (patch.roles)
    if (const auto ok = access::set_roles(user, *patch.roles, everybody, now); !ok) return ok;
  if (!patch.disabled) return {};
  if (*patch.disabled) return access::disable(user, everybody, now);
  access::enable(user, now);
  return {};
}

void change(const Backend& backend, const Principal& who, const Request& request, Respond respond) {
  const auto patch = read_patch(request.body);
  if (!patch) return respond(error_of(patch.error()));
  const std::string& name = request.captures.at(0);
  change_user(
      backend, name, note_of(who, "user.changed", name, request.body),
      [patch = *patch](access::User& user, access::Users everybody, Time now) {
        return apply(patch, user, everybody, now);
      },
      std::move(respond));
}

void disable(const Backend& backend, const Principal& who, const Request& request,
             Respond respond) {
  const std::string& name = request.captures.at(0);
  change_user(
      backend, name, note_of(who, "user.disabled", name, "{}"),
      [](access::User& user, access::Users everybody, Time now) {
        return access::disable(user, everybody, now);
      },
      std::move(respond));
}

struct NewPassword {
  std::string user;
  std::string password;
  std::optional<std::string> old_password;  // of who changes his own
  std::string peer;
  Principal who;
};

// Nullopt: it is the old one. A session alone does not suffice: it may be left open, or stolen.
std::optional<http::Response> refuse_old(const Backend& backend, const access::User& user,
                                         NewPassword& wanted) {
  const access::WipeAtEnd wipe(*wanted.old_password);
  Gate& gate = *backend.gate;
  if (const Duration wait = gate.wait_for_guess(user.name, wanted.peer); wait > Duration(0))
    return too_many_attempts(wait);
  const auto right = access::matches(&user, *wanted.old_password);
  if (!right) return error_of(right.error());
  if (*right) return std::nullopt;
  gate.guess_failed(user.name, wanted.peer);
  if (backend.auth_failed) backend.auth_failed();
  return forbidden("'old_password' is wrong");
}

// On the thread that may take its time; the account gets the ready hash, if it is still there then.
void hash_and_store(const Backend& backend, NewPassword& wanted, Respond respond) {
  const access::WipeAtEnd wipe(wanted.password);
  const std::string& name = wanted.user;
  const auto contents = backend.gate->book().contents();
  const access::User* found = contents->user(name);
  if (found == nullptr) return respond(error_of(no_such_user().value()));
  if (wanted.old_password)
    if (auto refusal = refuse_old(backend, *found, wanted)) return respond(std::move(*refusal));
  access::User hashed = *found;
  if (const auto ok = access::set_password(hashed, wanted.password,
                                           random_bytes(access::kSaltBytes), backend.gate->now());
      !ok)
    return respond(error_of(ok.error()));
  change_user(
      backend, name, note_of(wanted.who, "user.password_changed", name, "{}"),
      [hashed, before = found->password, own = wanted.old_password.has_value()](
          access::User& user, access::Users, Time now) -> Result<void> {
        if (own && user.password != before)
          return fail(Errc::conflict, "the password was changed meanwhile");
        user.password = hashed.password;
        user.password_changed = user.changed = now;
        return {};
      },
      [&backend, name, respond = std::move(respond)](http::Response response) {
        backend.gate->revoke_sessions(name);
        respond(std::move(response));
      });
}

void set_password(const Backend& backend, const Principal& who, const Request& request,
                  Respond respond) {
  const std::string& name = request.captures.at(0);
  const bool own = who.via == Via::session && who.name == name;
  if (!own && !who.may(Permission::manage_users))
    return respond(forbidden(who, Permission::manage_users));
  auto body = Body::read(request.body, {"password", "old_password"});
  if (!body) return respond(error_of(body.error()));
  // Shared: a function that is copied would leave copies of the passwords behind.
  const auto wanted = std::make_shared<NewPassword>(NewPassword{name, {}, {}, request.peer, who});
  auto password = body->take_secret("password");
  if (!password) return respond(error_of(password.error()));
  const access::WipeAtEnd wipe(*password);
  wanted->password = *password;
  if (own) {
    auto old_password = body->take_secret("old_password");
    if (!old_password) return respond(error_of(old_password.error()));
    const access::WipeAtEnd wipe_old(*old_password);
    wanted->old_password = *old_password;
  }
  const bool taken = backend.passwords->post(
      [&backend, wanted, respond] { hash_and_store(backend, *wanted, respond); });
  if (!taken) respond(error_of({Errc::unavailable, "too many passwords wait: try again"}));
}

constexpr std::array kEndpoints{
    Endpoint{"GET", "/api/v1/users", 0, Permission::manage_users, list},
    Endpoint{"POST", "/api/v1/users", kBodyBytesMax, Permission::manage_users, add},
    Endpoint{"GET", "/api/v1/users/{name}", 0, Permission::manage_users, show},
    Endpoint{"PATCH", "/api/v1/users/{name}", kBodyBytesMax, Permission::manage_users, change},
    Endpoint{"DELETE", "/api/v1/users/{name}", 0, Permission::manage_users, disable},
    Endpoint{"POST", "/api/v1/users/{name}/password", kBodyBytesMax, Guard::known(), set_password},
};

}  // namespace

std::span<const Endpoint> user_endpoints() { return kEndpoints; }

}  // namespace vakt::api
