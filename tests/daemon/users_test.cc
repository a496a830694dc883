// Accounts, tokens and sessions over HTTP.
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <boost/json/array.hpp>
#include <sstream>

#include "daemon/access_rig.h"

namespace vakt::api {
namespace {

using access::Permission;
using access::Role;

constexpr const char* kPassword = "correct horse battery";

std::string credentials(const std::string& name, const std::string& password) {
  return R"({"name":")" + name + R"(","password":")" + password + R"("})";
}

// A session as a browser would hold it.
struct Browser {
  const Rig& rig;
  std::string cookie;
  std::string csrf;

  test::HttpAnswer log_in(const std::string& name, const std::string& password = kPassword) {
    auto answer = ask(rig, "POST", "/api/v1/login", {}, credentials(name, password));
    if (answer.status != 200) return answer;
    const auto at = answer.head.find("Set-Cookie: ");
    cookie = answer.head.substr(at + 12, answer.head.find(';', at) - at - 12);
    csrf = cli::text_at(parsed(answer), "csrf_token");
    return answer;
  }
  test::HttpAnswer get(const std::string& target) const {
    return ask(rig, "GET", target, {{"Cookie", "theme=dark; " + cookie}});
  }
  test::HttpAnswer post(const std::string& target, const std::string& body) const {
    return ask(rig, "POST", target, {{"Cookie", cookie}, {"X-CSRF-Token", csrf}}, body);
  }
};

void set_password(const Rig& rig, const std::string& name, const std::string& password) {
  expect(ask(rig, "POST", "/api/v1/users/" + name + "/password", bearer(kToken),
             R"({"password":")" + password + R"("})"),
         200, R"("has_password":true)");
}

TEST(Users, AreMadeChangedAndDisabled) {
  const Rig rig;
  const auto root = bearer(kToken);
  const auto made =
      ask(rig, "POST", "/api/v1/users", root,
          R"({"name":"ada","display_name":"Ada L.","email":"ada@example.org","roles":["admin"]})");
  expect(made, 200, R"("roles":["admin"],"disabled":false,"has_password":false)");
  expect(ask(rig, "GET", "/api/v1/users/ada", root), 200, "ada@example.org");
  expect(ask(rig, "GET", "/api/v1/users/eve", root), 404, "no such user");
  struct Row {
    std::string method, target, body;
    int status;
    std::string part;
  };
  const std::string users = "/api/v1/users";
  const std::vector<Row> rows{
      {"POST", users, R"({"name":"ada","roles":["viewer"]})", 409, "already"},
      {"POST", users, R"({"name":"Ada","roles":["viewer"]})", 400, "lower-case"},
      {"POST", users, R"({"name":"vakt","roles":["viewer"]})", 400, "vakt"},
      {"POST", users, R"({"name":"api.token","roles":["viewer"]})", 400, "api.token"},
      {"POST", users, R"({"name":"bo","roles":["boss"]})", 400, "viewer, analyst, rule-admin"},
      {"POST", users, R"({"name":"bo","roles":[]})", 400, "at least one role"},
      {"POST", users, R"({"name":"bo","roles":["viewer"],"x":1})", 400, "'x'"},
      {"POST", users, R"({"roles":["viewer"]})", 400, "'name'"},
      {"POST", users, "[]", 400, "JSON object"},
      {"PATCH", users + "/ada", R"({})", 400, "nothing is to change"},
      {"PATCH", users + "/ada", R"({"disabled":"yes"})", 400, "true or false"},
      {"PATCH", users + "/eve", R"({"disabled":true})", 404, "no such user"},
      {"PATCH", users + "/ada", R"({"roles":["viewer"]})", 409, "last enabled administrator"},
      {"PATCH", users + "/ada", R"({"disabled":true})", 409, "last enabled administrator"},
      {"DELETE", users + "/ada", "", 409, "last enabled administrator"},
      {"POST", users, R"({"name":"bo","roles":["admin"]})", 200, "bo"},
      {"PATCH", users + "/ada", R"({"roles":["analyst","reporter"]})", 200, R"(["analyst","rep)"},
      {"DELETE", users + "/ada", "", 200, R"("disabled":true)"},
      {"PATCH", users + "/ada", R"({"disabled":false})", 200, R"("disabled":false)"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.method + " " + row.target + " " + row.body);
    expect(ask(rig, row.method, row.target, root, row.body), row.status, row.part);
  }
  EXPECT_EQ(parsed(ask(rig, "GET", users, root)).at("users").as_array().size(), 2u);
  EXPECT_EQ(rig.store().user("ada")->roles, (access::Roles{Role::analyst, Role::reporter}));
}

TEST(Tokens, AreIssuedByWhoMay) {
  Rig rig;
  rig.add_user("ada", {Role::analyst});
  const std::string admin = rig.add_role(Role::admin);
  const std::string wanted = R"({"name":"laptop","owner":"ada","scopes":["read-incidents"]})";
  const auto issued = ask(rig, "POST", "/api/v1/tokens", bearer(admin), wanted);
  expect(issued, 200, R"("owner":"ada")");
  const std::string token = cli::text_at(parsed(issued), "token");
  expect(ask(rig, "GET", "/api/v1/whoami", bearer(token)), 200, R"("name":"ada")");
  // A token issues none, sees only itself, and ends only itself.
  expect(ask(rig, "POST", "/api/v1/tokens", bearer(token), wanted), 403, "manage-tokens");
  const std::string other = rig.add_token("ada").substr(5, 16);
  EXPECT_EQ(parsed(ask(rig, "GET", "/api/v1/tokens", bearer(token))).at("tokens").as_array().size(),
            1u);
  EXPECT_EQ(parsed(ask(rig, "GET", "/api/v1/tokens", bearer(admin))).at("tokens").as_array().size(),
            3u);
  expect(ask(rig, "DELETE", "/api/v1/tokens/" + other, bearer(token)), 404, "no such token");
  expect(ask(rig, "DELETE", "/api/v1/tokens/" + token.substr(5, 16), bearer(token)), 200);
  expect(ask(rig, "GET", "/api/v1/whoami", bearer(token)), 401);
  struct Row {
    std::string body, part;
  };
  const std::vector<Row> rows{
      {R"({"name":"x","owner":"ada","scopes":["manage-users"]})", "more than ada may do"},
      {R"({"name":"x","owner":"ada","scopes":[]})", "scope"},
      {R"({"name":"x","owner":"ada","scopes":["fly"]})", "read-incidents, read-rules"},
      {R"({"name":"x","owner":"eve","scopes":["read-rules"]})", "no such user"},
      {R"({"name":"x","scopes":["read-rules"]})", "'owner'"},
      {R"({"name":"x","owner":"ada","scopes":["read-rules"],"expires":"soon"})", "a time with"},
      {R"({"name":"x","owner":"ada","scopes":["read-rules"],"expires":"2000-01-01T00:00:00Z"})",
       "expired already"},
  };
  for (const Row& row : rows)
    expect(ask(rig, "POST", "/api/v1/tokens", bearer(kToken), row.body), 400, row.part);
}

TEST(Sessions, ChangeThingsOnlyWithTheirCsrfToken) {
  Rig rig;
  rig.add_user("ada", {Role::analyst});
  set_password(rig, "ada", kPassword);
  Browser browser{rig, "", ""};
  const auto answer = browser.log_in("ada");
  expect(answer, 200, R"("via":"session")");
  for (const char* attribute : {"__Host-vakt_session=", "HttpOnly", "Secure", "SameSite=Strict"})
    EXPECT_TRUE(answer.has(attribute)) << answer.head;
  expect(browser.get("/api/v1/incidents"), 200, "INC-1");
  expect(browser.get("/api/v1/whoami"), 200, browser.csrf);
  expect(browser.get("/api/v1/users"), 403, "manage-users");
  const std::string act = "/api/v1/incidents/1/actions";
  const std::string ack = R"({"action":"ack"})";
  expect(ask(rig, "POST", act, {{"Cookie", browser.cookie}}, ack), 403, "X-CSRF-Token");
  expect(ask(rig, "POST", act, {{"Cookie", browser.cookie}, {"X-CSRF-Token", "x"}}, ack), 403);
  Browser other{rig, "", ""};
  expect(other.log_in("ada"), 200);
  std::swap(other.csrf, browser.csrf);
  expect(browser.post(act, ack), 403, "csrf");
  std::swap(other.csrf, browser.csrf);
  expect(browser.post(act, ack), 200, R"("owner":"ada")");
  const auto token = browser.post("/api/v1/tokens", R"({"name":"t","scopes":["read-rules"]})");
  expect(token, 200, R"("owner":"ada")");
  expect(browser.post("/api/v1/tokens", R"({"name":"t","owner":"bo","scopes":["read-rules"]})"),
         403);
  expect(browser.post("/api/v1/logout", ""), 200);
  expect(browser.get("/api/v1/incidents"), 401, "log in again");
  expect(other.get("/api/v1/incidents"), 200);
}

TEST(Sessions, EndWithThePasswordTheAccountAndTheTime) {
  Rig rig;
  rig.add_user("ada", {Role::viewer});
  set_password(rig, "ada", kPassword);
  Browser browser{rig, "", ""};
  expect(browser.log_in("ada"), 200);
  set_password(rig, "ada", "another long password");
  expect(browser.get("/api/v1/whoami"), 401, "log in again");
  expect(browser.log_in("ada"), 401, "name or the password");
  expect(browser.log_in("ada", "another long password"), 200);
  expect(ask(rig, "DELETE", "/api/v1/users/ada", bearer(kToken)), 200);
  expect(browser.get("/api/v1/whoami"), 401, "log in again");
  expect(browser.log_in("ada", "another long password"), 401, "name or the password");
  expect(ask(rig, "PATCH", "/api/v1/users/ada", bearer(kToken), R"({"disabled":false})"), 200);
  expect(browser.get("/api/v1/whoami"), 401);
  expect(browser.log_in("ada", "another long password"), 200);
  rig.seconds += 29 * 60;
  expect(browser.get("/api/v1/whoami"), 200);
  rig.seconds += 30 * 60;
  expect(browser.get("/api/v1/whoami"), 401);
}

TEST(Sessions, ChangeTheirOwnPasswordWithTheOldOne) {
  Rig rig;
  rig.add_user("ada", {Role::viewer});
  rig.add_user("bo", {Role::viewer});
  set_password(rig, "ada", kPassword);
  Browser browser{rig, "", ""};
  expect(browser.log_in("ada"), 200);
  const std::string target = "/api/v1/users/ada/password";
  const std::string both =
      R"({"password":"another long password","old_password":"correct horse battery"})";
  expect(browser.post("/api/v1/users/bo/password", both), 403, "manage-users");
  expect(ask(rig, "POST", target, bearer(rig.add_token("ada")), both), 403, "manage-users");
  expect(browser.post(target, R"({"password":"another long password"})"), 400, "old_password");
  expect(browser.post(target, R"({"password":"another long one","old_password":"wrong"})"), 403,
         "old_password");
  expect(browser.log_in("ada"), 200);
  expect(browser.post(target, both), 200, R"("has_password":true)");
  expect(browser.get("/api/v1/whoami"), 401, "log in again");
  expect(browser.log_in("ada"), 401);
  expect(browser.log_in("ada", "another long password"), 200);
}

TEST(Sessions, GuessingWaits) {
  Rig rig;
  rig.add_user("ada", {Role::viewer});
  set_password(rig, "ada", kPassword);
  Browser browser{rig, "", ""};
  for (int i = 0; i <= access::GuessLimiter::kFreeForName; ++i)
    expect(browser.log_in("ada", "wrong password"), 401);
  const auto waits = browser.log_in("ada");
  EXPECT_EQ(waits.status, 429) << "the right one has to wait too, or waiting would tell";
  EXPECT_TRUE(waits.has("Retry-After: 1")) << waits.head;
  rig.seconds += 1;
  expect(browser.log_in("ada"), 200);
  EXPECT_EQ(rig.auth_failures, access::GuessLimiter::kFreeForName + 1);
  expect(browser.log_in("nobody"), 401, "name or the password");
}

TEST(Passwords, FollowThePolicy) {
  Rig rig;
  rig.add_user("ada", {Role::viewer});
  const std::string target = "/api/v1/users/ada/password";
  const auto root = bearer(kToken);
  expect(ask(rig, "POST", target, root, R"({"password":"short"})"), 400, "12");
  expect(ask(rig, "POST", target, root, R"({"password":7})"), 400, "'password'");
  expect(ask(rig, "POST", "/api/v1/users/eve/password", root,
             R"({"password":"correct horse battery"})"),
         404, "no such user");
  EXPECT_FALSE(rig.store().user("ada")->password);
}

// Everything that handles a secret, with every log line kept: it is in none of them, and in no
// answer but the one that issues it.
TEST(Secrets, AppearNowhere) {
  std::ostringstream lines;
  const auto before = spdlog::default_logger();
  const auto logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
  logger->set_level(spdlog::level::trace);
  spdlog::set_default_logger(logger);
  std::string answers;
  std::string token, cookie;
  {
    Rig rig;
    const auto keep = [&](const test::HttpAnswer& answer) { answers += answer.head + answer.body; };
    const auto root = bearer(kToken);
    rig.add_user("ada", {Role::analyst});
    const std::string path = "/api/v1/users/ada";
    keep(ask(rig, "POST", path + "/password", root, credentials("x", kPassword)));
    keep(ask(rig, "POST", path + "/password", root, R"({"password":"correct horse battery"})"));
    keep(ask(rig, "POST", "/api/v1/users", root, credentials("bo", kPassword)));
    Browser browser{rig, "", ""};
    browser.log_in("ada");
    cookie = browser.cookie.substr(browser.cookie.find('=') + 1);
    keep(browser.get("/api/v1/whoami"));
    token = cli::text_at(
        parsed(browser.post("/api/v1/tokens", R"({"name":"t","scopes":["work-incidents"]})")),
        "token");
    ASSERT_EQ(token.size(), 71u);
    const auto act = "/api/v1/incidents/1/actions";
    keep(ask(rig, "POST", act, bearer(token), R"({"action":"ack"})"));
    keep(ask(rig, "GET", "/api/v1/users", bearer(token)));
    keep(ask(rig, "POST", "/api/v1/login", {}, credentials("ada", kPassword + std::string("x"))));
    keep(ask(rig, "GET", "/api/v1/incidents/1", root));
    keep(ask(rig, "DELETE", "/api/v1/tokens/" + token.substr(5, 16), root));
    keep(ask(rig, "GET", "/api/v1/whoami", bearer(token)));
    keep(ask(rig, "GET", "/api/v1/whoami", bearer(token + "x")));
    keep(browser.post("/api/v1/logout", ""));
    for (const char* target : {"/api/v1/users", "/api/v1/users/ada", "/api/v1/tokens", "/metrics"})
      keep(ask(rig, "GET", target, root));
  }
  spdlog::set_default_logger(before);
  const std::string log = lines.str();
  EXPECT_NE(log.find("API token " + token.substr(5, 16)), std::string::npos) << log;
  const std::string secret = token.substr(22, access::kSecretDigits);
  for (const std::string& hidden :
       {std::string(kPassword), secret, cookie, std::string("argon2"), std::string(kToken)}) {
    ASSERT_GE(hidden.size(), 6u);
    EXPECT_EQ(log.find(hidden), std::string::npos) << log;
    EXPECT_EQ(answers.find(hidden), std::string::npos) << answers;
  }
}

}  // namespace
}  // namespace vakt::api
