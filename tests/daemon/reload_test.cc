// Rules read again while the daemon runs: by the API, by a call, by watching the files.
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <sstream>
#include <thread>

#include "harness.h"

namespace vakt::test {
namespace {

using api::ReloadReport;

ReloadReport reload(Harness& harness) {
  std::promise<ReloadReport> told;
  harness.app->reload([&](ReloadReport report) { told.set_value(std::move(report)); });
  return told.get_future().get();
}

// Beside its place first, as an editor does.
void write(const Harness& harness, const std::string& name, const std::string& text) {
  const std::string path = harness.dir() + "/rules/" + name;
  std::ofstream(path + ".new") << text;
  std::filesystem::rename(path + ".new", path);
}

std::string rule(const std::string& id, const std::string& word) {
  return "title: Somebody said " + word + "\nid: " + id +
         "\nlevel: high\nlogsource: {product: test}\ndetection:\n  said:\n    message|contains: " +
         word + "\n  condition: said\n";
}

std::string metrics_page(Harness& harness) {
  return ask(harness.app->api_port(), {"GET", "/metrics", {}, ""}).body;
}

bool shows(Harness& harness, const std::string& line) {
  return ("\n" + metrics_page(harness)).find("\n" + line + "\n") != std::string::npos;
}

void say(Harness& harness, const std::string& words) {
  EXPECT_EQ(ask(harness.app->port("web"),
                {"POST", "/api/v1/events", {}, "{\"message\":\"" + words + "\"}\n"})
                .status,
            200);
}

TEST(Reload, ANewRuleMatchesAndOldOnesGoOnCounting) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  say(harness, "a needle and a thread");
  write(harness, "thread.yml", rule("thread", "thread"));
  const ReloadReport report = reload(harness);
  EXPECT_TRUE(report.done) << report.error;
  EXPECT_EQ(report.rules, 2u);
  EXPECT_EQ(report.added, 1u);
  EXPECT_EQ(report.changed + report.removed, 0u);
  say(harness, "a needle and a thread");
  const std::string list = harness.incidents().body;
  EXPECT_NE(list.find("Somebody said thread"), std::string::npos) << list;
  EXPECT_EQ(list.find("INC-3"), std::string::npos) << "the needle's incident goes on: " << list;
  EXPECT_TRUE(shows(harness, "vakt_rule_matches_total{rule=\"needle\",state=\"live\"} 2"));
  EXPECT_TRUE(shows(harness, "vakt_rule_matches_total{rule=\"thread\",state=\"live\"} 1"));
  EXPECT_TRUE(shows(harness, "vakt_rules_loaded{state=\"live\"} 2"));
  EXPECT_TRUE(shows(harness, "vakt_incidents_opened_total{rule=\"needle\",severity=\"high\"} 1"));
}

TEST(Reload, ARemovedRuleIsSilentAndItsIncidentFinal) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  say(harness, "needle");
  std::filesystem::remove(harness.dir() + "/rules/needle.yml");
  write(harness, "other.yml", rule("other", "other"));
  const ReloadReport report = reload(harness);
  EXPECT_TRUE(report.done) << report.error;
  EXPECT_EQ(report.removed, 1u);
  say(harness, "needle");
  const std::string list = harness.incidents().body;
  EXPECT_NE(list.find("\"provisional\":false"), std::string::npos) << list;
  EXPECT_NE(list.find("\"event_count\":1"), std::string::npos) << list;
  // And a restart finds all of it as it was.
  EXPECT_TRUE(harness.app->stop());
  harness.app.reset();
  ASSERT_NO_FATAL_FAILURE(harness.start());
  EXPECT_EQ(harness.incidents().body, list);
}

std::string counting(const std::string& word, int threshold) {
  return "title: Said " + word + "\nid: said\nname: said\nlevel: low\n" +
         "logsource: {product: test}\ndetection:\n  said:\n    message|contains: " + word +
         "\n  condition: said\n---\ntitle: Said often\nid: often\nlevel: high\ncorrelation:\n" +
         "  type: event_count\n  rules: [said]\n  group-by: [who]\n  timespan: 1h\n" +
         "  condition: {gte: " + std::to_string(threshold) + "}\n";
}

void say_by(Harness& harness, const std::string& who, const std::string& words, int times) {
  for (int i = 0; i < times; ++i) say(harness, words + "\",\"who\":\"" + who);
}

TEST(Reload, AChangedThresholdKeepsItsState) {
  Harness harness;
  write(harness, "count.yml", counting("pin", 10));
  ASSERT_NO_FATAL_FAILURE(harness.start());
  say_by(harness, "anna", "pin", 3);
  say_by(harness, "bob", "pin", 5);
  write(harness, "count.yml", counting("pin", 4));
  const ReloadReport report = reload(harness);
  EXPECT_TRUE(report.done) << report.error;
  EXPECT_EQ(report.changed, 1u);
  EXPECT_TRUE(report.begin_anew.empty());
  EXPECT_EQ(harness.incidents().body.find("INC-1"), std::string::npos)
      << "it takes effect from here on";
  say_by(harness, "anna", "pin", 1);
  const std::string list = harness.incidents().body;
  EXPECT_NE(list.find("\"event_count\":4"), std::string::npos) << list;
  say_by(harness, "bob", "pin", 1);
  EXPECT_NE(harness.incidents().body.find("\"event_count\":6"), std::string::npos);
}

TEST(Reload, AChangedDetectionCountsAnewAndSaysSo) {
  Harness harness;
  write(harness, "count.yml", counting("pin", 4));
  ASSERT_NO_FATAL_FAILURE(harness.start());
  say_by(harness, "anna", "pin", 3);
  write(harness, "count.yml", counting("pins", 4));
  const ReloadReport report = reload(harness);
  EXPECT_TRUE(report.done) << report.error;
  EXPECT_EQ(report.begin_anew, (std::vector<std::string>{"often", "said"}));
  say_by(harness, "anna", "pins", 3);
  EXPECT_EQ(harness.incidents().body.find("INC-1"), std::string::npos);
  say_by(harness, "anna", "pins", 1);
  const std::string list = harness.incidents().body;
  EXPECT_NE(list.find("\"event_count\":4"), std::string::npos) << list;
}

TEST(Reload, ABadSetChangesNothing) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  write(harness, "needle.yml", rule("needle", "other"));
  write(harness, "broken.yml", "title: broken\nid: broken\nlogsource: {product: test}\n");
  const ReloadReport report = reload(harness);
  EXPECT_FALSE(report.done);
  ASSERT_FALSE(report.diagnostics.empty());
  EXPECT_NE(report.diagnostics.front().file.find("broken.yml"), std::string::npos);
  EXPECT_TRUE(shows(harness, "vakt_config_last_reload_successful 0"));
  EXPECT_TRUE(shows(harness, "vakt_reloads_total{result=\"refused\"} 1"));
  say(harness, "needle");
  EXPECT_NE(harness.incidents().body.find("INC-1"), std::string::npos)
      << "not even the good half of it is in use";
  std::filesystem::remove(harness.dir() + "/rules/broken.yml");
  EXPECT_TRUE(reload(harness).done);
  EXPECT_TRUE(shows(harness, "vakt_config_last_reload_successful 1"));
}

TEST(Reload, AnErrorThatWasThereBeforeIsLivedWith) {
  Harness harness;
  write(harness, "broken.yml", "title: broken\nid: broken\nlogsource: {product: test}\n");
  ASSERT_NO_FATAL_FAILURE(harness.start());
  write(harness, "thread.yml", rule("thread", "thread"));
  EXPECT_TRUE(reload(harness).done);
  write(harness, "broken2.yml", "title: broken\nid: broken2\nlogsource: {product: test}\n");
  EXPECT_FALSE(reload(harness).done);
}

TEST(Reload, WatchedFilesAreReadWhenTheyChange) {
  config::Config config = Harness::listeners();
  config.watch_rules = true;
  Harness harness(config);
  ASSERT_NO_FATAL_FAILURE(harness.start());
  write(harness, "thread.yml", rule("thread", "thread"));
  EXPECT_TRUE(eventually([&] { return shows(harness, "vakt_rules_loaded{state=\"live\"} 2"); }));
  say(harness, "thread");
  EXPECT_NE(harness.incidents().body.find("Somebody said thread"), std::string::npos);
}

TEST(Reload, TheApiTellsWhatBecameOfIt) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  const std::uint16_t port = harness.app->api_port();
  EXPECT_EQ(ask(port, {"POST", "/-/reload", {}, ""}).status, 401);
  const HttpRequest allowed{
      "POST", "/-/reload", {{"Authorization", "Bearer " + harness.token()}}, ""};
  const HttpAnswer done = ask(port, allowed);
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_NE(done.body.find("\"status\":\"reloaded\",\"rules\":1"), std::string::npos) << done.body;
  write(harness, "broken.yml", "title: [\n");
  const HttpAnswer refused = ask(port, allowed);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_NE(refused.body.find("broken.yml\",\"line\":"), std::string::npos) << refused.body;
}

// Somebody has to hear that what was hidden no longer is.
TEST(Reload, AnExpiredFilterIsLoggedOnce) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  {
    Harness harness;
    ASSERT_NO_FATAL_FAILURE(harness.start());
    write(harness, "filter.yml",
          "title: Drill\nid: drill\nlogsource: {product: test}\nfilter:\n  rules: [needle]\n"
          "  drill:\n    message|contains: drill\n  condition: not drill\n"
          "vakt: {owner: soc, reason: weekly drill, expires: 2020-01-01}\n");
    EXPECT_TRUE(reload(harness).done);
    say(harness, "a needle");
    EXPECT_EQ(log.str().find("expired"), std::string::npos) << "it would have hidden nothing";
    say(harness, "a drill needle");
    say(harness, "a drill needle");
    EXPECT_TRUE(harness.app->stop());
  }
  spdlog::set_default_logger(before);
  const std::string wanted =
      "the filter drill (owner: soc, reason: weekly drill) expired at 2020-01-02T00:00:00Z and "
      "hides events of rule needle no longer";
  const std::size_t at = log.str().find(wanted);
  ASSERT_NE(at, std::string::npos) << log.str();
  EXPECT_EQ(log.str().find(wanted, at + 1), std::string::npos) << log.str();
}

// What events carried is known across rule sets and processes.
TEST(Reload, StatisticsOfEventsGoOn) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  const auto statistics = [&] {
    return ask(
        harness.app->api_port(),
        {"GET", "/api/v1/rules/statistics", {{"Authorization", "Bearer " + harness.token()}}, ""});
  };
  EXPECT_EQ(ask(harness.app->api_port(), {"GET", "/api/v1/rules/statistics", {}, ""}).status, 401);
  say(harness, "one");
  const auto shows_events = [&](int count) {
    const std::string body = statistics().body;
    const std::string wanted = "\"events\":" + std::to_string(count) + ",\"fields\":[";
    return body.find(wanted) != std::string::npos ? std::string() : body;
  };
  EXPECT_EQ(shows_events(1), "");
  write(harness, "thread.yml", rule("thread", "thread"));
  EXPECT_TRUE(reload(harness).done);
  say(harness, "two");
  EXPECT_EQ(shows_events(2), "");
  EXPECT_TRUE(harness.app->stop());
  harness.app.reset();
  ASSERT_NO_FATAL_FAILURE(harness.start());
  say(harness, "three");
  EXPECT_EQ(shows_events(3), "");
}

// Every line is matched by one set or the other, the count of its group is of all of them, and the
// daemon is never without rules: one incident, no hole.
TEST(Reload, NothingIsLostOrDoubledUnderLoad) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> needles{0};
  std::vector<std::thread> senders;
  for (int s = 0; s < 3; ++s)
    senders.emplace_back([&] {
      Client client(SOCK_STREAM, harness.app->port("tcp"));
      std::string many = "<13>Nov 24 12:00:00 host app: a needle in here\n";
      for (int i = 0; i < 49; ++i) many += "<13>Nov 24 12:00:00 host app: nothing in here\n";
      while (!stop.load() && client.send(many)) needles += 1;
    });
  for (int i = 0; i < 25; ++i) {
    std::string changed(Harness::kRules);
    changed.replace(changed.find("level: high"), 11,
                    i % 2 == 0 ? "level: critical" : "level: high");
    write(harness, "needle.yml", changed);
    EXPECT_TRUE(reload(harness).done);
    const std::uint64_t before = needles.load();
    EXPECT_TRUE(eventually([&] { return needles.load() > before + 10; }));
  }
  stop.store(true);
  for (std::thread& sender : senders) sender.join();
  harness.at_rest("tcp", 50 * needles.load());
  EXPECT_EQ(harness.committed("tcp"), 50 * needles.load());
  EXPECT_TRUE(shows(harness, "vakt_rule_matches_total{rule=\"needle\",state=\"live\"} " +
                                 std::to_string(needles.load())));
  const std::string list = harness.incidents().body;
  EXPECT_NE(list.find("\"event_count\":" + std::to_string(needles.load())), std::string::npos)
      << list;
  EXPECT_EQ(list.find("INC-2"), std::string::npos) << list;
}

TEST(Reload, AStopDoesNotWaitForIt) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  std::atomic<int> answers{0};
  for (int i = 0; i < 50; ++i) harness.app->reload([&](const ReloadReport&) { ++answers; });
  EXPECT_TRUE(harness.app->stop());
  EXPECT_EQ(answers.load(), 50);
  harness.app->reload([&](const ReloadReport& report) {
    EXPECT_FALSE(report.done);
    ++answers;
  });
  EXPECT_EQ(answers.load(), 51);
}

}  // namespace
}  // namespace vakt::test
