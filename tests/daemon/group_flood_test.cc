// A flood of groups through the daemon: more than its memory may hold, and nothing is lost.
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "harness.h"

namespace vakt::test {
namespace {

constexpr std::string_view kCounting = R"(title: Said pin
id: said
name: said
level: low
logsource: {product: test}
detection:
  said:
    message|contains: pin
  condition: said
---
title: Said often
id: often
level: high
correlation:
  type: event_count
  rules: [said]
  group-by: [who]
  timespan: 1h
  condition: {gte: 4}
)";

class GroupFlood : public ::testing::Test {
 protected:
  GroupFlood() {
    config::Config config = Harness::listeners();
    config.memory_groups_bytes = 256 * 1024;
    harness_ = std::make_unique<Harness>(config);
    std::ofstream(harness_->dir() + "/rules/count.yml") << kCounting;
  }
  void post(const std::string& lines) {
    EXPECT_EQ(ask(harness_->app->port("web"), {"POST", "/api/v1/events", {}, lines}).status, 200);
  }
  static std::string pin_of(const std::string& who) {
    return R"({"message":"pin","who":")" + who + "\"}\n";
  }
  // So many groups of one event each.
  void flood(int from, int to) {
    for (int i = from; i < to;) {
      std::string lines;
      for (const int end = std::min(to, i + 50); i < end; ++i)
        lines += pin_of("n" + std::to_string(i));
      post(lines);
    }
  }
  // Of a metric without labels, or of its only series.
  double metric(const std::string& name) {
    const std::string page = ask(harness_->app->api_port(), {"GET", "/metrics", {}, ""}).body;
    const std::size_t at = page.find("\n" + name);
    if (at == std::string::npos) return 0;
    const std::size_t value = page.find(' ', at);
    return std::stod(page.substr(value + 1, page.find('\n', value) - value - 1));
  }

  std::unique_ptr<Harness> harness_;
};

TEST_F(GroupFlood, GoesThroughTheStoreAndHidesNothing) {
  ASSERT_NO_FATAL_FAILURE(harness_->start());
  EXPECT_EQ(metric("vakt_correlation_state_limit_bytes"), 256 * 1024);
  for (int round = 0; round < 3; ++round) {
    post(pin_of("anna"));
    flood(round * 1'000, round * 1'000 + 1'000);
  }
  EXPECT_EQ(harness_->incidents().body.find("INC-1"), std::string::npos);
  // A restart finds memory and store as they were.
  EXPECT_TRUE(harness_->app->stop());
  harness_->app.reset();
  ASSERT_NO_FATAL_FAILURE(harness_->start());
  post(pin_of("anna"));
  const std::string list = harness_->incidents().body;
  EXPECT_NE(list.find("\"event_count\":4"), std::string::npos) << list;
  EXPECT_EQ(list.find("INC-2"), std::string::npos) << list;
  EXPECT_GT(metric("vakt_correlation_groups_in_store"), 2'000);
  EXPECT_EQ(metric("vakt_correlation_groups_evicted_total"), 0);
  EXPECT_EQ(metric("vakt_correlation_groups_fetched_total"), 1);
}

// Tables cannot be read while `broken` is set.
class UnreadableEnv : public rocksdb::EnvWrapper {
 public:
  UnreadableEnv() : rocksdb::EnvWrapper(rocksdb::Env::Default()) {}

  rocksdb::Status NewRandomAccessFile(const std::string& name,
                                      std::unique_ptr<rocksdb::RandomAccessFile>* file,
                                      const rocksdb::EnvOptions& options) override {
    std::unique_ptr<rocksdb::RandomAccessFile> real;
    const auto status = target()->NewRandomAccessFile(name, &real, options);
    if (status.ok()) *file = std::make_unique<File>(std::move(real), broken);
    return status;
  }

  std::atomic<bool> broken{false};

 private:
  class File : public rocksdb::RandomAccessFile {
   public:
    File(std::unique_ptr<rocksdb::RandomAccessFile> file, const std::atomic<bool>& broken)
        : file_(std::move(file)), broken_(broken) {}
    rocksdb::Status Read(std::uint64_t offset, std::size_t n, rocksdb::Slice* result,
                         char* scratch) const override {
      if (broken_) return rocksdb::Status::IOError("bad sector");
      return file_->Read(offset, n, result, scratch);
    }

   private:
    std::unique_ptr<rocksdb::RandomAccessFile> file_;
    const std::atomic<bool>& broken_;
  };
};

TEST_F(GroupFlood, AGroupThatCannotBeReadStopsIngestionAndLosesNothing) {
  UnreadableEnv env;
  ASSERT_NO_FATAL_FAILURE(harness_->start({&env}));
  for (int i = 0; i < 3; ++i) post(pin_of("anna"));
  flood(0, 3'000);
  // From tables on disk, not from what is still in memory.
  EXPECT_TRUE(harness_->app->stop());
  harness_->app.reset();
  ASSERT_NO_FATAL_FAILURE(harness_->start({&env}));
  ASSERT_GT(metric("vakt_correlation_groups_in_store"), 2'000);

  env.broken = true;
  const HttpRequest anna{"POST", "/api/v1/events", {}, pin_of("anna")};
  const HttpAnswer failed = ask(harness_->app->port("web"), anna);
  EXPECT_EQ(failed.status, 503) << failed.body;
  EXPECT_EQ(metric("vakt_storage_healthy"), 0);

  env.broken = false;
  EXPECT_TRUE(eventually([&] { return ask(harness_->app->port("web"), anna).status == 200; }));
  const std::string list = harness_->incidents().body;
  EXPECT_NE(list.find("\"event_count\":4"), std::string::npos) << list;
  EXPECT_EQ(list.find("INC-2"), std::string::npos) << list;
  harness_.reset();  // before its disk
}

}  // namespace
}  // namespace vakt::test
