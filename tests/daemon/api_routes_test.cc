// The API over a real store and real sockets.

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "cli/client.h"
#include "cli/incidents_view.h"
#include "daemon/api_rig.h"

namespace vakt::api {
namespace {

cli::ApiAnswer ask(const Rig& rig, std::string method, std::string target, std::string body = "",
                   std::string token = kToken) {
  auto answer = cli::ask(rig.url(),
                         {std::move(method), std::move(target), std::move(token), std::move(body)});
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? *answer : cli::ApiAnswer{};
}

boost::json::object parsed(const cli::ApiAnswer& answer) {
  boost::system::error_code error;
  const auto value = boost::json::parse(answer.body, error);
  EXPECT_FALSE(error) << answer.body;
  return value.is_object() ? value.get_object() : boost::json::object();
}

TEST(ApiRoutes, StatusOfEveryKindOfRequest) {
  struct Row {
    std::string method, target, body;
    int status;
    std::string contains;
  };
  const std::string actions = "/api/v1/incidents/1/actions";
  const std::vector<Row> rows{
      {"GET", "/-/healthy", "", 200, "healthy"},
      {"GET", "/-/ready", "", 200, "ready"},
      {"GET", "/metrics", "", 200, "vakt_up 1"},
      {"GET", "/api/v1/incidents", "", 200, "INC-3"},
      {"GET", "/api/v1/incidents?state=odd", "", 400, "acknowledged"},
      {"GET", "/api/v1/incidents?severity=odd", "", 400, "critical"},
      {"GET", "/api/v1/incidents?limit=0", "", 400, "1000"},
      {"GET", "/api/v1/incidents?limit=1001", "", 400, "1000"},
      {"GET", "/api/v1/incidents?before=x", "", 400, "number"},
      {"GET", "/api/v1/incidents?include_closed=maybe", "", 400, "true or false"},
      {"GET", "/api/v1/incidents?storm=INC-99", "", 404, "there is no incident"},
      {"GET", "/api/v1/incidents?stat=new", "", 400, "'stat'"},
      {"GET", "/api/v1/incidents/99", "", 404, "not_found"},
      {"GET", "/api/v1/incidents/INC-1", "", 200, "timeline"},
      {"GET", "/api/v1/incidents/1?evidence=x", "", 400, "1000"},
      {"POST", "/api/v1/incidents", "{}", 405, "GET, HEAD"},
      {"POST", actions, "", 400, "JSON object"},
      {"POST", actions, "[]", 400, "JSON object"},
      {"POST", actions, "{\"actor\":\"ada\"}", 400, "'action' is missing"},
      {"POST", actions, "{\"action\":\"explode\",\"actor\":\"ada\"}", 400, "investigate"},
      {"POST", actions, "{\"action\":\"ack\"}", 400, "name of who acts"},
      {"POST", actions, "{\"action\":\"ack\",\"actor\":7}", 400, "not a text"},
      {"POST", actions, "{\"action\":\"ack\",\"actor\":\"\xff\"}", 400, ""},
      {"POST", actions, "{\"action\":\"ack\",\"actr\":\"ada\"}", 400, "'actr'"},
      {"POST", actions, "{\"action\":\"close\",\"actor\":\"ada\"}", 400, "disposition"},
      {"POST", actions, "{\"action\":\"note\",\"text\":\"x\",\"actor\":\"ada\",\"into\":\"2\"}",
       400, "belongs to merge"},
      {"POST", actions, "{\"action\":\"ack\",\"actor\":\"ada\",\"facts\":{\"caused_by\":[\"2\"]}}",
       400, "belongs to set"},
      {"POST", actions,
       "{\"action\":\"note\",\"text\":\"x\",\"actor\":\"ada\",\"at\":\"2023-11-14T22:20:00Z\"}",
       400, "belongs to a step"},
      {"POST", actions, "{\"action\":\"close\",\"actor\":\"ada\",\"disposition\":\"odd\"}", 400,
       "benign"},
      {"POST", actions, "{\"action\":\"ack\",\"actor\":\"ada\",\"expected_revision\":9}", 409,
       "revision 1"},
      {"POST", "/api/v1/incidents/99/actions", "{\"action\":\"ack\",\"actor\":\"ada\"}", 404, ""},
      {"POST", actions,
       "{\"action\":\"note\",\"actor\":\"ada\",\"text\":\"" + std::string(20'000, 'x') + "\"}", 413,
       "at most"},
      {"POST", actions, std::string(300'000, ' '), 413, "262144"},
  };
  const Rig rig;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.method + " " + row.target + " " + row.body.substr(0, 80));
    const auto answer = ask(rig, row.method, row.target, row.body);
    EXPECT_EQ(answer.status, row.status) << answer.body;
    EXPECT_NE(answer.body.find(row.contains), std::string::npos) << answer.body;
  }
}

TEST(ApiRoutes, OnlyTheTokenOpensIncidents) {
  struct Row {
    std::string target, token;
    int status;
  };
  const std::vector<Row> rows{
      {"/api/v1/incidents", "", 401},
      {"/api/v1/incidents", "wrong", 401},
      {"/api/v1/incidents", std::string(kToken) + "x", 401},
      {"/api/v1/incidents/1", "", 401},
      {"/api/v1/incidents", kToken, 200},
      {"/-/healthy", "", 200},
      {"/-/ready", "", 200},
      {"/metrics", "", 200},
  };
  Rig rig;
  for (const Row& row : rows)
    EXPECT_EQ(ask(rig, "GET", row.target, "", row.token).status, row.status)
        << row.target << " with " << row.token;
  EXPECT_EQ(ask(rig, "POST", "/api/v1/incidents/1/actions", "{}", "wrong").status, 401);
  EXPECT_EQ(rig.auth_failures, 5);
  EXPECT_FALSE(is_authorised("Bearer ", sha256_hex("")));
  EXPECT_FALSE(is_authorised("Bearer x", ""));
  EXPECT_FALSE(is_authorised("Basic x", sha256_hex("x")));
  EXPECT_TRUE(is_authorised("bearer x", sha256_hex("x")));
}

TEST(ApiRoutes, ListFiltersAndPages) {
  struct Row {
    std::string query;
    std::vector<std::string> names;
    std::string next;
  };
  const std::vector<Row> rows{
      {"", {"INC-3", "INC-2", "INC-1"}, ""},
      {"?severity=critical", {"INC-2"}, ""},
      {"?rule=rule-b", {"INC-3"}, ""},
      {"?limit=2", {"INC-3", "INC-2"}, "2"},
      {"?limit=2&before=INC-2", {"INC-1"}, ""},
      {"?state=acknowledged", {}, ""},
      {"?include_closed=true", {"INC-3", "INC-2", "INC-1"}, ""},
      {"?storm=INC-2", {}, ""},
  };
  const Rig rig;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.query);
    const auto answer = parsed(ask(rig, "GET", "/api/v1/incidents" + row.query));
    std::vector<std::string> names;
    for (const auto& i : answer.at("incidents").as_array())
      names.push_back(cli::text_at(i.as_object(), "name"));
    EXPECT_EQ(names, row.names);
    EXPECT_EQ(cli::text_at(answer, "next_before"), row.next);
  }
}

TEST(ApiRoutes, AnIncidentIsWhole) {
  const Rig rig;
  const auto answer = ask(rig, "GET", "/api/v1/incidents/2");
  EXPECT_TRUE(is_valid_utf8(answer.body));
  EXPECT_EQ(answer.body.find('\x1b'), std::string::npos);
  const auto i = parsed(answer);
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"name", "INC-2"},
      {"number", "2"},
      {"revision", "1"},
      {"rule.id", "rule-a"},
      {"rule.author", "Ada"},
      {"severity", "critical"},
      {"state", "new"},
      {"first_event_time", "2023-11-14T22:13:20Z"},
      {"opened_by.event_time", "2023-11-14T22:13:50Z"},
      {"opened_by.origin", "fedcba9876543210"},
      {"opened_by.sequence", "4"},
      {"event_count", "12"},
      {"peak", "10"},
      {"threshold", "5"},
      {"window", "5m"},
      {"provisional", "true"},
      {"historic", "false"},
      {"disposition", ""},
      {"owner", ""},
  };
  for (const auto& [path, value] : wanted) EXPECT_EQ(cli::text_at(i, path), value) << path;
  EXPECT_EQ(i.at("group").as_object().at("user.name").as_string(),
            "root\x1b[31m\xEF\xBF\xBD<script>\"");
  const auto& evidence = i.at("evidence").as_array().at(0).as_object();
  EXPECT_EQ(evidence.at("fields").as_object().at("source.port").as_string(), "4022");
  EXPECT_EQ(evidence.at("flags").as_array().at(0).as_string(), "bad_utf8");
  EXPECT_EQ(i.at("timeline").as_array().at(0).as_object().at("kind").as_string(), "opened");
}

TEST(ApiRoutes, ActionsAreCommitted) {
  const Rig rig;
  const std::string target = "/api/v1/incidents/1/actions";
  const auto done =
      ask(rig, "POST", target, "{\"action\":\"ack\",\"actor\":\"ada\",\"expected_revision\":1}");
  EXPECT_EQ(done.status, 200) << done.body;
  const auto i = parsed(ask(rig, "GET", "/api/v1/incidents/1"));
  EXPECT_EQ(cli::text_at(i, "state"), "acknowledged");
  EXPECT_EQ(cli::text_at(i, "owner"), "ada");
  EXPECT_EQ(cli::text_at(i, "revision"), "2");
  EXPECT_EQ(cli::text_at(i, "times.acknowledged_at"), "2023-11-14T22:30:00Z");
  EXPECT_EQ(i.at("timeline").as_array().size(), 2u);
  EXPECT_EQ(ask(rig, "POST", target, "{\"action\":\"ack\",\"actor\":\"eve\"}").status, 409);
}

TEST(ApiRoutes, NotReadySaysWhy) {
  Rig rig;
  rig.ready = false;
  const auto answer = ask(rig, "GET", "/-/ready");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("the store failed"), std::string::npos);
  EXPECT_EQ(ask(rig, "GET", "/-/healthy").status, 200);
}

}  // namespace
}  // namespace vakt::api
