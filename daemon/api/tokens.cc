// What the API does with tokens. Everybody has his own; those of others are an administrator's.
#include <fmt/format.h>

#include <array>
#include <utility>

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
constexpr std::size_t kTokensOfOwnerMax = 100;

// A token sees and ends nothing but itself: a stolen one cannot end its siblings.
bool may_see(const Principal& who, const access::Token& token) {
  return who.may(Permission::manage_tokens) ||
         (who.name == token.owner && (who.via == Via::session || who.token_id == token.id));
}

void list(const Backend& backend, const Principal& who, const Request&, Respond respond) {
  const auto contents = backend.gate->book().contents();
  json::array rows;
  for (const access::Token& token : contents->tokens)
    if (may_see(who, token))
      rows.push_back(to_json(token, contents->user(token.owner), backend.gate->now()));
  respond(json_response({{"tokens", std::move(rows)}}));
}

struct Wanted {
  access::NewToken token;
  std::string owner;
};

Result<Wanted> read_wanted(std::string_view text, const Principal& who) {
  const auto body = Body::read(text, {"name", "owner", "scopes", "expires"});
  if (!body) return tl::make_unexpected(body.error());
  const auto name = body->text("name");
  const auto owner = body->text_if_any("owner");
  const auto names = body->texts("scopes");
  const auto expires = body->time_if_any("expires");
  if (!name) return tl::make_unexpected(name.error());
  if (!owner) return tl::make_unexpected(owner.error());
  if (!names) return tl::make_unexpected(names.error());
  if (!expires) return tl::make_unexpected(expires.error());
  if (!*owner && who.is_bootstrap())
    return fail(Errc::invalid, "'owner': the name of a user is wanted");
  const auto scopes = read_scopes(*names);
  if (!scopes) return tl::make_unexpected(scopes.error());
  return Wanted{{*name, *scopes, *expires}, owner->value_or(who.name)};
}

// Nullopt: he may. Without the permission for those of others a token issues none, or a stolen one
// would outlive its revocation.
std::optional<http::Response> may_not_issue(const Principal& who, const Wanted& wanted) {
  if (who.may(Permission::manage_tokens)) return std::nullopt;
  if (wanted.owner == who.name && who.via == Via::session) return std::nullopt;
  return forbidden(who, Permission::manage_tokens);
}

// An owner has a bounded number of tokens. Dead ones go first: the audit log knows of them.
Result<store::AccessChanges> decide_on(const access::Token& token, Time now,
                                       const AccessBook::Contents& there) {
  if (there.token(token.id) != nullptr)
    return fail(Errc::unavailable, "the token's id is taken: try again");
  store::AccessChanges changes;
  std::size_t alive = 0;
  for (const access::Token& other : there.tokens) {
    if (other.owner != token.owner) continue;
    if (other.revoked || (other.expires && *other.expires <= now))
      changes.removed_tokens.push_back(other.id);
    else
      ++alive;
  }
  if (alive >= kTokensOfOwnerMax)
    return fail(Errc::conflict,
                fmt::format("{} has {} tokens: revoke some first", token.owner, alive));
  if (alive + changes.removed_tokens.size() < kTokensOfOwnerMax) changes.removed_tokens.clear();
  changes.tokens.push_back(token);
  return changes;
}

void issue(const Backend& backend, const Principal& who, const Request& request, Respond respond) {
  const auto wanted = read_wanted(request.body, who);
  if (!wanted) return respond(error_of(wanted.error()));
  if (auto refusal = may_not_issue(who, *wanted)) return respond(std::move(*refusal));
  const Time now = backend.gate->now();
  const auto contents = backend.gate->book().contents();
  const access::User* owner = contents->user(wanted->owner);
  if (owner == nullptr) return respond(error_of({Errc::invalid, "'owner': there is no such user"}));
  std::string random = random_bytes(access::kTokenRandomBytes);
  const access::WipeAtEnd wipe_random(random);
  auto issued = access::issue_token(random, wanted->token, *owner, std::nullopt, now);
  if (!issued) return respond(error_of(issued.error()));
  // The answer is made here, so that the text lives on in it alone.
  json::object answer = to_json(issued->record, owner, now);
  answer["token"] = issued->text;
  const access::WipeAtEnd wipe_text(issued->text);
  const auto decide = [token = issued->record, now](const AccessBook::Contents& there) {
    return decide_on(token, now, there);
  };
  auto note =
      audit_note(who, Permission::manage_tokens, "token.issued", issued->record.id, request.body);
  backend.gate->book().change(
      decide, std::move(note),
      [answer = std::move(answer), respond = std::move(respond)](const Result<void>& done) {
        respond(done ? json_response(answer) : error_of(done.error()));
      });
}

void revoke(const Backend& backend, const Principal& who, const Request& request, Respond respond) {
  Gate& gate = *backend.gate;
  const std::string& id = request.captures.at(0);
  const auto contents = gate.book().contents();
  const access::Token* token = contents->token(id);
  // Whose ids exist is nobody else's business.
  if (token == nullptr || !may_see(who, *token))
    return respond(error_of({Errc::not_found, "there is no such token"}));
  const auto decide =
      [id, now = gate.now()](const AccessBook::Contents& there) -> Result<store::AccessChanges> {
    const access::Token* found = there.token(id);
    if (found == nullptr) return fail(Errc::not_found, "there is no such token");
    access::Token revoked = *found;
    access::revoke(revoked, now);
    store::AccessChanges changes;
    changes.tokens.push_back(std::move(revoked));
    return changes;
  };
  auto note = audit_note(who, Permission::manage_tokens, "token.revoked", id, "{}");
  gate.book().change(
      decide, std::move(note), [&gate, id, respond = std::move(respond)](const Result<void>& done) {
        if (!done) return respond(error_of(done.error()));
        const auto there = gate.book().contents();
        const access::Token* revoked = there->token(id);
        respond(json_response(to_json(*revoked, there->user(revoked->owner), gate.now())));
      });
}

constexpr std::array kEndpoints{
    Endpoint{"GET", "/api/v1/tokens", 0, Guard::known(), list},
    Endpoint{"POST", "/api/v1/tokens", kBodyBytesMax, Guard::known(), issue},
    Endpoint{"DELETE", "/api/v1/tokens/{id}", 0, Guard::known(), revoke},
};

}  // namespace

std::span<const Endpoint> token_endpoints() { return kEndpoints; }

}  // namespace vakt::api
