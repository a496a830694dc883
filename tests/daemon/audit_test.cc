// The audit log through the whole daemon: each change is an entry, and a store that was put back or
// changed is found.
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/incidents_view.h"
#include "harness.h"

namespace vakt::test {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

class Audit : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(harness_.start()); }

  json::object call(const std::string& method, const std::string& target,
                    const std::string& body = "") {
    const HttpAnswer answer =
        ask(harness_.app->api_port(),
            {method, target, {{"Authorization", "Bearer " + harness_.token()}}, body});
    EXPECT_EQ(answer.status, 200) << target << " " << answer.body;
    boost::system::error_code error;
    const json::value value = json::parse(answer.body, error);
    return !error && value.is_object() ? value.get_object() : json::object();
  }
  void open_incident() {
    EXPECT_EQ(
        ask(harness_.app->port("web"), {"POST", "/api/v1/events", {}, "{\"message\":\"needle\"}\n"})
            .status,
        200);
  }
  void note(const std::string& text) {
    call("POST", "/api/v1/incidents/1/actions",
         json::serialize(json::object{{"action", "note"}, {"actor", "ada"}, {"text", text}}));
  }
  std::string checkpoint() {
    return cli::text_at(call("GET", "/api/v1/audit/checkpoint"), "checkpoint");
  }
  json::object verify(const std::vector<std::string>& checkpoints = {}) {
    json::array list(checkpoints.begin(), checkpoints.end());
    return call("POST", "/api/v1/audit/verify",
                json::serialize(json::object{{"checkpoints", std::move(list)}}));
  }
  std::vector<std::string> actions() {
    std::vector<std::string> out;
    const json::object answer = call("GET", "/api/v1/audit/entries?limit=1000");
    for (const json::value& entry : cli::array_at(answer, "entries"))
      out.push_back(cli::text_at(entry.as_object(), "actor") + " " +
                    cli::text_at(entry.as_object(), "action"));
    return out;
  }
  void stop() {
    EXPECT_TRUE(harness_.app->stop());
    harness_.app.reset();
  }

  Harness harness_;
};

TEST_F(Audit, EachChangeIsAnEntryAndTheyVerify) {
  open_incident();
  note("seen");
  call("POST", "/-/reload");
  const std::vector<std::string> wanted{"vakt incident.opened", "ada incident.note",
                                        "vakt rules.changed"};
  EXPECT_TRUE(eventually([&] { return actions().size() >= wanted.size(); }));
  EXPECT_EQ(actions(), wanted);
  const std::string key = cli::text_at(call("GET", "/api/v1/audit/key"), "key");
  const std::string saved = checkpoint();
  EXPECT_NE(saved.find("\n3\n"), std::string::npos) << saved;

  stop();
  ASSERT_NO_FATAL_FAILURE(harness_.start());
  EXPECT_EQ(cli::text_at(call("GET", "/api/v1/audit/key"), "key"), key);
  note("again");
  const json::object verdict = verify({saved});
  EXPECT_EQ(cli::text_at(verdict, "whole"), "true") << json::serialize(verdict);
  EXPECT_EQ(cli::text_at(verdict, "size"), "4");
  EXPECT_EQ(cli::text_at(verdict, "signed_size"), "3");
  EXPECT_EQ(cli::text_at(verify({"no checkpoint"}), "finding.problem"), "checkpoint_refused");
}

TEST_F(Audit, AStoreThatWasPutBackIsFound) {
  open_incident();
  stop();
  const std::string data = harness_.config().data_dir;
  fs::copy(data, data + ".backup", fs::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(harness_.start());
  note("what somebody wants to be forgotten");
  const std::string saved = checkpoint();
  stop();
  fs::remove_all(data);
  fs::rename(data + ".backup", data);
  ASSERT_NO_FATAL_FAILURE(harness_.start());
  EXPECT_EQ(cli::text_at(verify(), "whole"), "true") << "it does not show by itself";
  const json::object verdict = verify({saved});
  EXPECT_EQ(cli::text_at(verdict, "finding.problem"), "log_truncated") << json::serialize(verdict);
  const std::string page = ask(harness_.app->api_port(), {"GET", "/metrics", {}, ""}).body;
  EXPECT_NE(page.find("\nvakt_audit_verify_success 0\n"), std::string::npos);
}

TEST_F(Audit, NothingIsSignedOverTheProofOfARestoredStore) {
  open_incident();
  stop();
  const std::string store = harness_.config().data_dir + "/store";
  fs::copy(store, store + ".backup", fs::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(harness_.start());
  note("what somebody wants to be forgotten");
  stop();  // leaves a checkpoint
  fs::remove_all(store);
  fs::rename(store + ".backup", store);
  ASSERT_NO_FATAL_FAILURE(harness_.start());
  EXPECT_EQ(cli::text_at(verify(), "finding.problem"), "log_truncated");
  EXPECT_EQ(cli::text_at(verify({"no checkpoint"}), "whole"), "false");
  EXPECT_TRUE(eventually([&] {
    const std::string page = ask(harness_.app->api_port(), {"GET", "/metrics", {}, ""}).body;
    return page.find("\nvakt_audit_verify_success 0\n") != std::string::npos;
  }));
  stop();
  ASSERT_NO_FATAL_FAILURE(harness_.start());
  EXPECT_EQ(cli::text_at(verify(), "finding.problem"), "log_truncated") << "it is still there";
}

}  // namespace
}  // namespace vakt::test
