// The desk through the whole daemon: what people state is kept, and who comes second is told.
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>

#include "base/time.h"
#include "cli/incidents_view.h"
#include "harness.h"

namespace vakt::test {
namespace {

namespace json = boost::json;

class Desk : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(harness_.start()); }

  void open_incident(const std::string& host) {
    const std::string line =
        R"({"message":"needle","host":")" + host + R"(","host.name":")" + host + "\"}\n";
    EXPECT_EQ(ask(harness_.app->port("web"), {"POST", "/api/v1/events", {}, line}).status, 200);
  }
  HttpAnswer call(const std::string& method, const std::string& target,
                  const std::string& body = "", const std::string& if_match = "") {
    HttpRequest request{method, target, {{"Authorization", "Bearer " + harness_.token()}}, body};
    if (!if_match.empty()) request.headers.emplace_back("If-Match", if_match);
    return ask(harness_.app->api_port(), request);
  }
  HttpAnswer act(const std::string& reference, const std::string& body,
                 const std::string& if_match = "") {
    return call("POST", "/api/v1/incidents/" + reference + "/actions", body, if_match);
  }
  json::object show(const std::string& reference) {
    const HttpAnswer answer = call("GET", "/api/v1/incidents/" + reference);
    boost::system::error_code error;
    const json::value value = json::parse(answer.body, error);
    EXPECT_FALSE(error) << answer.body;
    return value.is_object() ? value.get_object() : json::object();
  }

  Harness harness_;
};

TEST_F(Desk, FactsSurviveARestartAndTheSecondWriterIsTold) {
  open_incident("a");
  const HttpAnswer seen = call("GET", "/api/v1/incidents/1");
  EXPECT_TRUE(seen.has("ETag: \"1\"")) << seen.head;
  const std::string facts =
      R"({"action":"set","actor":"ada","text":"first look","facts":{"kind":"significant_incident",)"
      R"("affected":["integrity","availability"],"services":["shop"],"users_affected":1200,)"
      R"("users_affected_percent":12.5,"users_affected_estimated":true,)"
      R"("unavailable_from":{"shop":"2026-01-02T10:00:00+01:00"},"role":{"owner":"Eva"}}})";
  const HttpAnswer stated = act("1", facts, "\"1\"");
  ASSERT_EQ(stated.status, 200) << stated.body;
  EXPECT_TRUE(stated.has("ETag: \"2\"")) << stated.head;
  const HttpAnswer second = act("1", R"({"action":"ack","actor":"eve"})", "\"1\"");
  EXPECT_EQ(second.status, 412) << second.body;
  EXPECT_NE(second.body.find("revision 2"), std::string::npos) << second.body;

  EXPECT_TRUE(harness_.app->stop());
  harness_.app.reset();
  ASSERT_NO_FATAL_FAILURE(harness_.start());
  const json::object i = show("1");
  EXPECT_EQ(json::serialize(i.at("facts")),
            R"({"kind":"significant_incident","affected":["availability","integrity"],)"
            R"("services":["shop"],"users_affected":1200,"users_affected_percent":"12.5",)"
            R"("users_affected_estimated":true,)"
            R"("unavailable_from":{"shop":"2026-01-02T09:00:00Z"},"role":{"owner":"Eva"}})");
  EXPECT_EQ(cli::text_at(i, "owner"), "Eva");
  EXPECT_EQ(i.at("stated").as_array().size(), 9u);
  EXPECT_EQ(i.at("timeline").as_array().back().as_object().at("kind").as_string(), "facts");
  // A list replaces; {"add", "remove"} does not; null takes back.
  const std::string changes =
      R"({"action":"set","actor":"ada","facts":{"affected":["confidentiality"],)"
      R"("services":{"add":["db"]},"users_affected":null}})";
  ASSERT_EQ(act("1", changes).status, 200);
  const json::object after = show("1");
  const json::object& now = after.at("facts").as_object();
  EXPECT_EQ(json::serialize(now.at("affected")), R"(["confidentiality"])");
  EXPECT_EQ(json::serialize(now.at("services")), R"(["db","shop"])");
  EXPECT_FALSE(now.contains("users_affected"));
}

TEST_F(Desk, LinksAndMergesAreSaidOnBothSides) {
  for (const char* host : {"a", "b", "c"}) open_incident(host);
  ASSERT_EQ(act("2", R"({"action":"set","actor":"ada","facts":{"caused_by":["INC-1"]}})").status,
            200);
  const std::string first = cli::text_at(show("1"), "id");
  const std::string second = cli::text_at(show("2"), "id");
  const std::string third = cli::text_at(show("3"), "id");
  EXPECT_EQ(json::serialize(show("2").at("facts")), R"({"caused_by":[")" + first + "\"]}");
  EXPECT_EQ(json::serialize(show("1").at("facts")), R"({"causes":[")" + second + "\"]}");
  ASSERT_EQ(act("3", R"({"action":"merge","actor":"ada","into":"INC-1"})").status, 200);
  EXPECT_EQ(cli::text_at(show("3"), "merged_into"), first) << "its number goes on to work";
  EXPECT_NE(json::serialize(show("1").at("facts")).find(R"("duplicates":[")" + third),
            std::string::npos);
  EXPECT_EQ(harness_.incidents().body.find("INC-3"), std::string::npos);
  EXPECT_EQ(act("3", R"({"action":"ack","actor":"ada"})").status, 409);
  EXPECT_EQ(act("2", R"({"action":"merge","actor":"ada","into":"INC-3"})").status, 409)
      << "into what is merged itself";
  EXPECT_EQ(act("1", R"({"action":"merge","actor":"ada","into":"INC-2"})").status, 409)
      << "others were merged into it";
  ASSERT_EQ(act("3", R"({"action":"unmerge","actor":"ada"})").status, 200);
  EXPECT_NE(harness_.incidents().body.find("INC-3"), std::string::npos);
  EXPECT_EQ(json::serialize(show("1").at("facts")).find("duplicates"), std::string::npos);
  EXPECT_EQ(act("1", R"({"action":"merge","actor":"ada","into":"INC-99"})").status, 404);
}

TEST_F(Desk, AnAcknowledgementThatIsOverIsNewAgain) {
  open_incident("a");
  const Time until = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) +
                     std::chrono::milliseconds(300);
  ASSERT_EQ(
      act("1", R"({"action":"ack","actor":"ada","until":")" + format_rfc3339(until) + "\"}").status,
      200);
  EXPECT_TRUE(eventually([&] { return cli::text_at(show("1"), "state") == "new"; }));
  const json::object i = show("1");
  const json::object& last = i.at("timeline").as_array().back().as_object();
  EXPECT_EQ(last.at("kind").as_string(), "acknowledgement_expired");
  EXPECT_EQ(last.at("actor").as_string(), "vakt");
}

}  // namespace
}  // namespace vakt::test
