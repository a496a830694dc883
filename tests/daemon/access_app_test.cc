// Users and tokens in the whole daemon: they outlive it, and its event intake asks for them.
#include <gtest/gtest.h>

#include <string>

#include "daemon/access_rig.h"
#include "daemon/breaking_env.h"

namespace vakt::test {
namespace {

class AccessApp : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(harness_.start({&env_})); }

  HttpAnswer call(const std::string& method, const std::string& target, const std::string& token,
                  const std::string& body = "") {
    return ask(harness_.app->api_port(),
               {method, target, {{"Authorization", "Bearer " + token}}, body});
  }
  void add_user(const std::string& name, const std::string& role) {
    const auto answer = call("POST", "/api/v1/users", harness_.token(),
                             R"({"name":")" + name + R"(","roles":[")" + role + R"("]})");
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  std::string issue(const std::string& owner, const std::string& scope) {
    const auto answer =
        call("POST", "/api/v1/tokens", harness_.token(),
             R"({"name":"t","owner":")" + owner + R"(","scopes":[")" + scope + R"("]})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return cli::text_at(api::parsed(answer), "token");
  }
  int send_event(const std::string& token) {
    return ask(harness_.app->port("web"), {"POST",
                                           "/api/v1/events",
                                           {{"Authorization", "Bearer " + token}},
                                           "{\"message\":\"needle\",\"host\":\"a\"}\n"})
        .status;
  }

  BreakingEnv env_{rocksdb::Env::Default()};  // outlives the harness
  Harness harness_;
};

TEST_F(AccessApp, ARestartKeepsUsersAndTokens) {
  add_user("ada", "analyst");
  const std::string token = issue("ada", "work-incidents");
  const std::string gone = issue("ada", "work-incidents");
  ASSERT_EQ(call("DELETE", "/api/v1/tokens/" + gone.substr(5, 16), harness_.token()).status, 200);
  const std::string password = R"({"password":"correct horse battery"})";
  ASSERT_EQ(call("POST", "/api/v1/users/ada/password", harness_.token(), password).status, 200);
  EXPECT_TRUE(harness_.app->stop());
  harness_.app.reset();
  ASSERT_NO_FATAL_FAILURE(harness_.start({&env_}));
  const HttpAnswer who = call("GET", "/api/v1/whoami", token);
  EXPECT_EQ(who.status, 200) << who.body;
  EXPECT_NE(who.body.find(R"("name":"ada")"), std::string::npos) << who.body;
  EXPECT_EQ(call("GET", "/api/v1/whoami", gone).status, 401);
  EXPECT_EQ(call("GET", "/api/v1/users/ada", token).status, 403);
  const std::string credentials = R"({"name":"ada","password":"correct horse battery"})";
  const HttpAnswer in = ask(harness_.app->api_port(), {"POST", "/api/v1/login", {}, credentials});
  EXPECT_EQ(in.status, 200) << in.body;
}

TEST_F(AccessApp, TheTimelineNamesTheOwnerOfTheToken) {
  add_user("ada", "analyst");
  const std::string token = issue("ada", "work-incidents");
  EXPECT_EQ(send_event(harness_.token()), 200);
  const std::string act = "/api/v1/incidents/1/actions";
  EXPECT_EQ(call("POST", act, token, R"({"action":"ack","actor":"eve"})").status, 403);
  EXPECT_EQ(call("POST", act, token, R"({"action":"ack"})").status, 200);
  const HttpAnswer incident = call("GET", "/api/v1/incidents/1", harness_.token());
  EXPECT_NE(incident.body.find(R"("actor":"ada","role":"analyst")"), std::string::npos)
      << incident.body;
}

TEST_F(AccessApp, AFailedStoreLosesNoUserAndInventsNone) {
  add_user("ada", "analyst");
  const std::string token = issue("ada", "read-incidents");
  const std::string bo = R"({"name":"bo","roles":["admin"]})";
  env_.broken = true;
  const HttpAnswer failed = call("POST", "/api/v1/users", harness_.token(), bo);
  EXPECT_EQ(failed.status, 503) << failed.body;
  EXPECT_EQ(call("GET", "/api/v1/users/bo", harness_.token()).status, 404);
  EXPECT_EQ(call("GET", "/api/v1/whoami", token).status, 200) << "who was known stays known";
  EXPECT_EQ(call("DELETE", "/api/v1/users/ada", harness_.token()).status, 503);
  env_.broken = false;
  // The failed commit may have reached the disk all the same: then he is there now.
  EXPECT_TRUE(eventually([&] {
    const int status = call("POST", "/api/v1/users", harness_.token(), bo).status;
    return status == 200 || status == 409;
  }));
  const std::string users = call("GET", "/api/v1/users", harness_.token()).body;
  for (const char* name : {R"("name":"ada")", R"("name":"bo")"})
    EXPECT_NE(users.find(name), std::string::npos) << users;
  EXPECT_EQ(call("GET", "/api/v1/whoami", token).status, 200);
}

TEST_F(AccessApp, EventsNeedThePermissionToSendThem) {
  add_user("ops", "admin");
  const std::string shipper = issue("ops", "ingest-events");
  const std::string reader = issue("ops", "read-incidents");
  EXPECT_EQ(send_event(harness_.token()), 200);
  EXPECT_EQ(send_event(shipper), 200);
  EXPECT_EQ(send_event(reader), 403);
  EXPECT_EQ(call("DELETE", "/api/v1/tokens/" + shipper.substr(5, 16), harness_.token()).status,
            200);
  EXPECT_EQ(send_event(shipper), 401);
  EXPECT_EQ(harness_.rejected("web", metrics::Rejected::auth), 2u);
}

}  // namespace
}  // namespace vakt::test
