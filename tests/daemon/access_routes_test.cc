// Who may do what over HTTP: every route for every role, and what ends a token.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "api/endpoint.h"
#include "daemon/access_rig.h"

namespace vakt::api {
namespace {

using access::Permission;
using access::Role;

// Written down once more, apart from the tables and from lib/access: who gets in, by name.
const std::map<std::string, std::string>& let_in() {
  static const std::string all = "viewer analyst rule-admin reporter admin";
  static const std::map<std::string, std::string> rows{
      {"GET /-/healthy", "everybody"},
      {"GET /-/ready", "everybody"},
      {"GET /metrics", "everybody"},
      {"POST /api/v1/login", "everybody"},
      {"POST /-/reload", "rule-admin"},
      {"GET /api/v1/rules/statistics", all},
      {"GET /api/v1/facts", all},
      {"GET /api/v1/incidents", all},
      {"GET /api/v1/incidents/{ref}", all},
      {"GET /api/v1/kpi", all},
      {"GET /api/v1/audit/entries", "reporter admin"},
      {"GET /api/v1/audit/checkpoint", all},
      {"GET /api/v1/audit/key", all},
      {"POST /api/v1/audit/verify", all},
      {"POST /api/v1/incidents/{ref}/actions", "analyst reporter"},
      {"GET /api/v1/users", "admin"},
      {"POST /api/v1/users", "admin"},
      {"GET /api/v1/users/{name}", "admin"},
      {"PATCH /api/v1/users/{name}", "admin"},
      {"DELETE /api/v1/users/{name}", "admin"},
      {"POST /api/v1/users/{name}/password", "admin"},
      {"GET /api/v1/tokens", all},
      {"POST /api/v1/tokens", all},  // his own; see ATokenIssuesNone
      {"DELETE /api/v1/tokens/{id}", all},
      {"POST /api/v1/logout", all},
      {"GET /api/v1/whoami", all},
  };
  return rows;
}

std::string target_of(std::string path) {
  for (const auto& [capture, value] :
       {std::pair{"{ref}", "1"}, {"{name}", "nobody"}, {"{id}", "none"}})
    if (const auto at = path.find(capture); at != std::string::npos)
      path.replace(at, std::string(capture).size(), value);
  return path;
}

TEST(AccessRoutes, EveryRouteForEveryRole) {
  Rig rig;
  std::map<std::string, std::string> tokens;
  for (const access::RoleRow& row : access::kRoleTable)
    tokens[std::string(to_string(row.role))] = rig.add_role(row.role);
  std::set<std::string> seen;
  for (const Endpoint& endpoint : all_endpoints()) {
    const std::string route = std::string(endpoint.method) + " " + endpoint.path;
    SCOPED_TRACE(route);
    EXPECT_TRUE(seen.insert(route).second) << "twice in the tables";
    const auto row = let_in().find(route);
    if (row == let_in().end()) {
      ADD_FAILURE() << "a new route: write down who gets in";
      continue;
    }
    const std::string target = target_of(endpoint.path);
    const std::string body = endpoint.body_bytes_max > 0 ? "{}" : "";
    const bool open = row->second == "everybody";
    const auto nobody = ask(rig, endpoint.method, target, {}, body);
    EXPECT_EQ(nobody.status == 401, !open) << nobody.status << nobody.body;
    EXPECT_NE(ask(rig, endpoint.method, target, bearer(kToken), body).status, 403);
    for (const auto& [role, token] : tokens) {
      const auto answer = ask(rig, endpoint.method, target, bearer(token), body);
      const bool listed = (" " + row->second + " ").find(" " + role + " ") != std::string::npos;
      EXPECT_EQ(answer.status != 403, open || listed) << role << ": " << answer.body;
      EXPECT_NE(answer.status, 401) << role;
      EXPECT_NE(answer.status, 0) << role;
    }
  }
  EXPECT_EQ(seen.size(), let_in().size()) << "a route is gone";
}

TEST(AccessRoutes, WhoIsRefusedHearsWhatIsMissing) {
  Rig rig;
  const auto refused = ask(rig, "POST", "/api/v1/incidents/1/actions",
                           bearer(rig.add_role(Role::viewer)), R"({"action":"ack"})");
  EXPECT_EQ(refused.status, 403);
  const auto body = parsed(refused);
  EXPECT_EQ(cli::text_at(body, "error.code"), "forbidden");
  EXPECT_EQ(cli::text_at(body, "error.permission"), "work-incidents");
  EXPECT_EQ(boost::json::serialize(body.at("error").as_object().at("roles")), R"(["analyst"])");
  EXPECT_EQ(cli::text_at(body, "error.message"),
            "this needs the permission work-incidents (roles: analyst), which viewer (viewer, with "
            "the scopes of the token) does not have");
  const auto unknown = ask(rig, "GET", "/api/v1/incidents", {});
  expect(unknown, 401, "Authorization: Bearer TOKEN");
  EXPECT_TRUE(unknown.has("WWW-Authenticate: Bearer")) << unknown.head;
}

TEST(AccessRoutes, WhoWorksOnIncidentsDoesNotStartStatutoryClocks) {
  Rig rig;
  const std::string act = "/api/v1/incidents/1/actions";
  const std::string analyst = bearer(rig.add_role(Role::analyst)).front().second;
  const std::string reporter = bearer(rig.add_role(Role::reporter)).front().second;
  const std::string aware = R"({"action":"set","facts":{"aware_at":"2023-11-14T22:20:00Z"}})";
  const std::string both = R"({"action":"set","facts":{"significant":"yes","tlp":"red"}})";
  const std::string work = R"({"action":"set","facts":{"tlp":"red"}})";
  const auto as = [&](const std::string& who, const std::string& body) {
    return ask(rig, "POST", act, {{"Authorization", who}}, body);
  };
  expect(as(analyst, aware), 403, "assert-awareness");
  expect(as(analyst, both), 403, "assert-significance");
  expect(as(analyst, work), 200, R"("tlp":"red")");
  expect(as(reporter, work), 403, "work-incidents");
  expect(as(reporter, both), 403, "work-incidents");
  expect(as(reporter, aware), 200, "2023-11-14T22:20:00Z");
  expect(as(reporter, R"({"action":"set","facts":{"significant":"yes"}})"), 200);
  const auto i = parsed(ask(rig, "GET", "/api/v1/incidents/1", bearer(kToken)));
  EXPECT_EQ(cli::text_at(i.at("timeline").as_array().back().as_object(), "role"), "reporter");
}

TEST(AccessRoutes, ATokenMayNoMoreThanItsScopesAndItsOwner) {
  Rig rig;
  rig.add_user("ada", {Role::analyst, Role::admin});
  const std::string reading = rig.add_token("ada", {Permission::read_incidents});
  const std::string working = rig.add_token("ada", {Permission::work_incidents});
  const std::string act = "/api/v1/incidents/1/actions";
  expect(ask(rig, "GET", "/api/v1/incidents", bearer(reading)), 200);
  expect(ask(rig, "POST", act, bearer(reading), R"({"action":"ack"})"), 403, "work-incidents");
  expect(ask(rig, "GET", "/api/v1/users", bearer(reading)), 403, "manage-users");
  expect(ask(rig, "GET", "/api/v1/incidents", bearer(working)), 403, "read-incidents");
  expect(ask(rig, "POST", act, bearer(working), R"({"action":"ack"})"), 200, "acknowledged");
  // The owner loses a role, and with it the token.
  rig.add_user("root", {Role::admin});
  expect(ask(rig, "PATCH", "/api/v1/users/ada", bearer(kToken), R"({"roles":["viewer"]})"), 200);
  expect(ask(rig, "POST", act, bearer(working), R"({"action":"investigate"})"), 403, "ada (viewer");
}

TEST(AccessRoutes, ATokenThatEndedIsNobodys) {
  Rig rig;
  const std::string target = "/api/v1/incidents";
  rig.add_user("ada", {Role::analyst});
  const std::string expiring = rig.add_token("ada", {}, rig.now() + std::chrono::hours(1));
  const std::string revoked = rig.add_token("ada");
  const std::string owners = rig.add_token("ada");
  for (const std::string& token : {expiring, revoked, owners})
    expect(ask(rig, "GET", target, bearer(token)), 200);
  const std::string id = revoked.substr(5, 16);
  expect(ask(rig, "DELETE", "/api/v1/tokens/" + id, bearer(kToken)), 200, R"("state":"revoked")");
  expect(ask(rig, "GET", target, bearer(revoked)), 401, "not any more");
  rig.seconds += 3'599;
  expect(ask(rig, "GET", target, bearer(expiring)), 200);
  ++rig.seconds;
  expect(ask(rig, "GET", target, bearer(expiring)), 401, "not any more");
  expect(ask(rig, "DELETE", "/api/v1/users/ada", bearer(kToken)), 200, R"("disabled":true)");
  expect(ask(rig, "GET", target, bearer(owners)), 401, "not any more");
  expect(ask(rig, "PATCH", "/api/v1/users/ada", bearer(kToken), R"({"disabled":false})"), 200);
  expect(ask(rig, "GET", target, bearer(owners)), 200);
  std::string typed = owners;
  typed[40] = typed[40] == 'a' ? 'b' : 'a';
  expect(ask(rig, "GET", target, bearer(typed)), 401, "typing error");
  EXPECT_EQ(rig.auth_failures, 4);
}

TEST(AccessRoutes, WrongTokensAreSlowedDownAndRightOnesAreNot) {
  Rig rig;
  const std::string good = rig.add_role(Role::viewer);
  const std::string target = "/api/v1/incidents";
  for (int i = 0; i <= access::GuessLimiter::kFreeForPeer; ++i)
    expect(ask(rig, "GET", target, bearer("wrong")), 401);
  const auto waits = ask(rig, "GET", target, bearer("wrong"));
  EXPECT_EQ(waits.status, 429);
  EXPECT_TRUE(waits.has("Retry-After: 1")) << waits.head;
  expect(ask(rig, "GET", target, bearer(good)), 200);
  expect(ask(rig, "GET", target, bearer(kToken)), 200);
  rig.seconds += 2;
  expect(ask(rig, "GET", target, bearer("wrong")), 401);
}

TEST(AccessRoutes, PeersAreCountedByAddressOrNetwork) {
  EXPECT_EQ(peer_key("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(peer_key("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(peer_key("2001:db8:1:2::7"), peer_key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(peer_key("2001:db8:1:2::7"), peer_key("2001:db8:1:3::7"));
}

TEST(AccessRoutes, NobodyActsUnderAnotherName) {
  Rig rig;
  rig.add_user("ada", {Role::viewer, Role::analyst});
  const std::string token = rig.add_token("ada");
  const std::string act = "/api/v1/incidents/1/actions";
  expect(ask(rig, "POST", act, bearer(token), R"({"action":"ack","actor":"eve"})"), 403,
         "ada cannot act under another name");
  const auto before = parsed(ask(rig, "GET", "/api/v1/incidents/1", bearer(token)));
  EXPECT_EQ(cli::text_at(before, "state"), "new");
  expect(ask(rig, "POST", act, bearer(token), R"({"action":"ack"})"), 200);
  expect(ask(rig, "POST", act, bearer(token), R"({"action":"note","actor":"ada","text":"x"})"),
         200);
  // Only the bootstrap token, which is nobody's, names somebody.
  expect(ask(rig, "POST", act, bearer(kToken), R"({"action":"note","text":"x"})"), 400, "who acts");
  expect(ask(rig, "POST", act, bearer(kToken), R"({"action":"note","actor":"bo","text":"x"})"),
         200);
  const auto after = parsed(ask(rig, "GET", "/api/v1/incidents/1", bearer(token)));
  EXPECT_EQ(cli::text_at(after, "owner"), "ada");
  std::vector<std::string> said;
  for (const auto& entry : after.at("timeline").as_array())
    said.push_back(cli::text_at(entry.as_object(), "actor") + "/" +
                   cli::text_at(entry.as_object(), "role"));
  EXPECT_EQ(said, (std::vector<std::string>{"vakt/", "ada/analyst", "ada/analyst", "bo/"}));
}

TEST(AccessRoutes, AUseIsKeptToTheMinute) {
  Rig rig;
  rig.add_user("ada", {Role::viewer});
  const std::string token = rig.add_token("ada");
  const std::string id = token.substr(5, 16);
  const auto last_used = [&] { return rig.store().token(id)->last_used; };
  EXPECT_FALSE(last_used());
  const Time first = rig.now();
  expect(ask(rig, "GET", "/api/v1/whoami", bearer(token)), 200);
  EXPECT_EQ(last_used(), first);
  rig.seconds += 60;
  expect(ask(rig, "GET", "/api/v1/whoami", bearer(token)), 200);
  EXPECT_EQ(last_used(), first);
  ++rig.seconds;
  expect(ask(rig, "GET", "/api/v1/whoami", bearer(token)), 200);
  EXPECT_EQ(last_used(), rig.now());
}

TEST(AccessRoutes, WhoAmI) {
  Rig rig;
  const std::string token = rig.add_role(Role::reporter);
  const auto who = parsed(ask(rig, "GET", "/api/v1/whoami", bearer(token)));
  EXPECT_EQ(cli::text_at(who, "name"), "reporter");
  EXPECT_EQ(cli::text_at(who, "via"), "token");
  EXPECT_EQ(cli::text_at(who, "token"), token.substr(5, 16));
  EXPECT_EQ(boost::json::serialize(who.at("roles")), R"(["reporter"])");
  const auto root = parsed(ask(rig, "GET", "/api/v1/whoami", bearer(kToken)));
  EXPECT_EQ(cli::text_at(root, "name"), "api.token");
  EXPECT_EQ(cli::text_at(root, "via"), "bootstrap");
  EXPECT_EQ(root.at("permissions").as_array().size(), access::kPermissions);
}

}  // namespace
}  // namespace vakt::api
