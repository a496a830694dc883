// The daemon as a whole: what it concludes, how it stops and starts, and what it does when the
// store fails.
#include "app/app.h"

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "breaking_env.h"
#include "harness.h"

namespace vakt::test {
namespace {

TEST(App, AHitBecomesAnIncident) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  Client client(SOCK_STREAM, harness.app->port("tcp"));
  EXPECT_TRUE(client.send("<13>Nov 24 12:00:00 host app: a needle in here\n"));
  harness.at_rest("tcp", 1);
  const HttpAnswer list = harness.incidents();
  EXPECT_EQ(list.status, 200);
  EXPECT_NE(list.body.find("INC-1"), std::string::npos) << list.body;
  EXPECT_EQ(ask(harness.app->api_port(), {"GET", "/-/ready", {}, ""}).status, 200);
  const HttpAnswer acted =
      ask(harness.app->api_port(),
          {"POST",
           "/api/v1/incidents/INC-1/actions",
           {{"Authorization", "Bearer " + harness.token()}, {"Content-Type", "application/json"}},
           "{\"action\":\"ack\",\"actor\":\"anna\"}"});
  EXPECT_EQ(acted.status, 200) << acted.body;
  const auto acknowledged = static_cast<std::size_t>(incident::State::acknowledged);
  const auto high = static_cast<std::size_t>(rule::Level::high);
  EXPECT_TRUE(eventually([&] {
    return metrics::get(harness.app->counters().incidents_open[acknowledged][high]) == 1;
  }));
}

TEST(App, StateSurvivesARestart) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  const std::string first_token = harness.token();
  {
    Client client(SOCK_STREAM, harness.app->port("tcp"));
    EXPECT_TRUE(client.send("<13>Nov 24 12:00:00 host app: needle one\n"));
  }
  harness.at_rest("tcp", 1);
  EXPECT_TRUE(harness.app->stop());
  harness.app.reset();
  ASSERT_NO_FATAL_FAILURE(harness.start());
  EXPECT_EQ(harness.token(), first_token);
  const auto fresh = static_cast<std::size_t>(incident::State::fresh);
  const auto high = static_cast<std::size_t>(rule::Level::high);
  EXPECT_EQ(metrics::get(harness.app->counters().incidents_open[fresh][high]), 1u);
  {
    // The same episode: no second incident.
    Client client(SOCK_STREAM, harness.app->port("tcp"));
    EXPECT_TRUE(client.send("<13>Nov 24 12:00:01 host app: needle two\n"));
  }
  harness.at_rest("tcp", 1);
  const std::string list = harness.incidents().body;
  EXPECT_NE(list.find("INC-1"), std::string::npos);
  EXPECT_EQ(list.find("INC-2"), std::string::npos) << list;
}

TEST(App, TheTokenIsItsOwnersAlone) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  struct stat status {};
  ASSERT_EQ(::stat(harness.config().api.token_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(harness.token().size(), 5u + 43u);
  EXPECT_EQ(harness.token().substr(0, 5), "vakt_");
}

TEST(App, APortThatIsTakenIsSaid) {
  Harness first;
  ASSERT_NO_FATAL_FAILURE(first.start());
  config::Config config = Harness::listeners();
  config.listeners[1].address.port = first.app->api_port();
  Harness second(config);
  const auto started = app::App::start(second.config());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message,
            "listener tcp: cannot bind 127.0.0.1:" + std::to_string(first.app->api_port()) +
                ": Address already in use");
}

TEST(App, StopsUnderLoadWithoutLoss) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  std::atomic<std::uint64_t> acknowledged{0};
  std::thread http([&, port = harness.app->port("web")] {
    while (true) {
      const HttpAnswer answer = ask(port, {"POST", "/api/v1/events", {}, "{\"a\":1}\n{\"a\":2}\n"});
      if (answer.status != 200) return;
      acknowledged += 2;
    }
  });
  std::thread tcp([port = harness.app->port("tcp")] {
    Client client(SOCK_STREAM, port);
    const std::string line = "<13>Nov 24 12:00:00 host app: line\n";
    while (client.send(line)) {
    }
  });
  EXPECT_TRUE(
      eventually([&] { return acknowledged.load() > 100 && harness.committed("tcp") > 1'000; }));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(harness.app->stop());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  tcp.join();
  http.join();
  for (const char* name : {"tcp", "web"})
    harness.at_rest(name, metrics::get(harness.app->listener(name).received));
  EXPECT_GE(harness.committed("web"), acknowledged.load());
  const std::uint64_t committed = harness.committed("web") + harness.committed("tcp");
  harness.app.reset();
  store::Options options;
  options.path = harness.config().data_dir + "/store";
  const auto store = store::Store::open(options);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->next_sequence(), committed);
}

TEST(App, ASenderThatFinishedBeforeTheStopIsNotReset) {
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start());
  Client client(SOCK_STREAM, harness.app->port("tcp"));
  EXPECT_TRUE(client.send("<13>one\n<13>two without an end"));
  EXPECT_TRUE(harness.app->stop());
  EXPECT_EQ(client.wait_for_end(), 0);
  EXPECT_EQ(harness.committed("tcp"), 2u);
}

TEST(App, AFailedCommitIsAnsweredAndTheStoreComesBack) {
  BreakingEnv env(rocksdb::Env::Default());
  Harness harness;
  ASSERT_NO_FATAL_FAILURE(harness.start({&env}));
  const std::uint16_t web = harness.app->port("web");
  const HttpRequest needle{"POST", "/api/v1/events", {}, "{\"message\":\"needle\"}\n"};
  EXPECT_EQ(ask(web, needle).status, 200);

  env.broken = true;
  const HttpAnswer failed = ask(web, needle);
  EXPECT_EQ(failed.status, 503) << failed.body;
  EXPECT_TRUE(failed.has("Retry-After"));
  EXPECT_EQ(metrics::get(harness.app->counters().store_healthy), 0u);
  EXPECT_EQ(ask(harness.app->api_port(), {"GET", "/-/ready", {}, ""}).status, 503);
  EXPECT_EQ(ask(harness.app->api_port(), {"GET", "/metrics", {}, ""}).status, 200);
  EXPECT_EQ(ask(web, needle).status, 503) << "nothing is taken in meanwhile";

  env.broken = false;
  EXPECT_TRUE(eventually([&] { return metrics::get(harness.app->counters().store_healthy) == 1; }));
  EXPECT_TRUE(eventually([&] { return ask(web, needle).status == 200; }));
  const auto& counters = harness.app->listener("web");
  harness.at_rest("web", metrics::get(counters.received));
  EXPECT_EQ(harness.committed("web"), 2u);
  EXPECT_EQ(metrics::get(counters.dropped[static_cast<std::size_t>(metrics::Dropped::store)]), 1u);
  // The engine forgot what was not committed: both needles are of one incident.
  const std::string list = harness.incidents().body;
  EXPECT_NE(list.find("INC-1"), std::string::npos) << list;
  EXPECT_EQ(list.find("INC-2"), std::string::npos) << list;
  EXPECT_TRUE(harness.app->stop());
}

}  // namespace
}  // namespace vakt::test
