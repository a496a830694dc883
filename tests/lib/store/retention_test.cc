// What is merged keeps every event; what retention deletes is gone, and nothing else.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "fault_env.h"
#include "folder.h"
#include "history.h"

namespace vakt::store {
namespace {

struct Feed {
  explicit Feed(Options o) : options(std::move(o)) { reopen(); }
  void reopen() {
    store.reset();
    auto opened = Store::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  // One commit of `events` events, each with a hit; the first is evidence of incident `number`.
  void add(std::size_t events, std::size_t noise_bytes, Time now, bool with_checkpoint = false) {
    event::Batch batch((noise_bytes + 64) * events + 64, events);
    fill_batch(batch, store->next_sequence(), events, now, noise_bytes);
    Commit c;
    c.number = store->last_commit() + 1;
    c.now = now;
    c.batch = &batch;
    c.first_sequence = store->next_sequence();
    c.listener_names = {"syslog", "http"};
    for (std::size_t i = 0; i < events; ++i)
      c.hits.push_back({c.first_sequence + i, 0, "hit " + std::to_string(c.first_sequence + i)});
    c.evidence.push_back({{1, c.number}, 0, c.first_sequence, 0});
    if (with_checkpoint) c.checkpoint = "state";
    ASSERT_TRUE(commit_one(*store, c));
  }
  // Sequences that can be read; their bytes are checked.
  std::vector<std::uint64_t> sequences(std::size_t noise_bytes, std::uint64_t first = 0) {
    std::vector<std::uint64_t> found;
    const auto read = store->events(first, [&](const StoredEvent& e) {
      EXPECT_EQ(e.raw,
                "event " + std::to_string(e.sequence) + " " + noise(e.sequence, noise_bytes));
      EXPECT_EQ(e.source, "host-" + std::to_string(e.sequence % 5));
      EXPECT_EQ(e.listener, e.sequence % 2 == 0 ? "syslog" : "http");
      EXPECT_EQ(e.flags, e.sequence % 128);
      found.push_back(e.sequence);
      return true;
    });
    EXPECT_TRUE(read) << read.error().message;
    return found;
  }
  Options options;
  std::unique_ptr<Store> store;
};

std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = from; i < to; ++i) all.push_back(i);
  return all;
}

Options options_on(rocksdb::Env& env) {
  Options o;
  o.path = "/store";
  o.env = &env;
  o.memory_bytes = 8 << 20;
  return o;
}

TEST(Merging, KeepsEveryEventAndLeavesFewBlocks) {
  FaultEnv env;
  Options options = options_on(env);
  options.block_bytes_target = 64 * 1024;
  Feed feed(options);
  std::uint64_t events = 0;
  for (int i = 0; i < 600; ++i) {
    // Mostly small commits, and now and then one that is large enough by itself.
    const std::size_t count = i % 50 == 49 ? 300 : 1 + i % 7;
    feed.add(count, 200, kEpoch);
    events += count;
  }
  const std::uint64_t before = feed.store->stats().raw_blocks;
  EXPECT_EQ(before, 600u);
  EXPECT_EQ(feed.sequences(200), range(0, events));
  tidy(*feed.store, kEpoch);
  const Stats after = feed.store->stats();
  EXPECT_LT(after.raw_blocks, 60u);
  EXPECT_EQ(feed.sequences(200), range(0, events));
  // Each block is merged once; another round finds nothing.
  EXPECT_LE(after.raw_blocks_merged, before);
  tidy(*feed.store, kEpoch);
  EXPECT_EQ(feed.store->stats().raw_blocks_merged, after.raw_blocks_merged);
  // Any event can be found directly.
  for (std::uint64_t first = 0; first < events; first += 97)
    EXPECT_EQ(feed.sequences(200, first), range(first, events));
  EXPECT_TRUE(feed.sequences(200, events).empty());
  EXPECT_TRUE(feed.sequences(200, UINT64_MAX).empty());
  feed.reopen();
  EXPECT_EQ(feed.sequences(200), range(0, events));
  EXPECT_EQ(feed.store->stats().raw_blocks, after.raw_blocks);
  EXPECT_EQ(feed.store->stats().raw_block_bytes, after.raw_block_bytes);
}

TEST(Merging, LeavesTheGrowingEndAlone) {
  FaultEnv env;
  Options options = options_on(env);
  options.block_bytes_target = 64 * 1024;
  Feed feed(options);
  for (int i = 0; i < 20; ++i) {
    feed.add(1, 100, kEpoch);
    EXPECT_FALSE(*feed.store->maintain(kEpoch));
  }
  EXPECT_EQ(feed.store->stats().raw_blocks_merged, 0u);
  feed.reopen();
  EXPECT_FALSE(*feed.store->maintain(kEpoch));
  EXPECT_EQ(feed.store->stats().raw_blocks, 20u);
  // A large block behind it ends it.
  feed.add(500, 200, kEpoch);
  tidy(*feed.store, kEpoch);
  EXPECT_EQ(feed.store->stats().raw_blocks, 2u);
  EXPECT_EQ(feed.store->stats().raw_blocks_merged, 20u);
}

TEST(Merging, DoesNotDisturbAReader) {
  FaultEnv env;
  Options options = options_on(env);
  options.block_bytes_target = 16 * 1024;
  Feed feed(options);
  for (int i = 0; i < 400; ++i) feed.add(3, 100, kEpoch);
  std::uint64_t next = 0;
  const auto read = feed.store->events(0, [&](const StoredEvent& e) {
    EXPECT_EQ(e.sequence, next++);
    if (e.sequence % 100 == 50) {
      EXPECT_TRUE(feed.store->maintain(kEpoch).has_value());
    }
    return true;
  });
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(next, 1200u);
}

TEST(Retention, ByBytesDeletesTheOldestBlocks) {
  FaultEnv env;
  Options options = options_on(env);
  options.raw_bytes_max = 1 << 20;
  options.block_bytes_target = 64 * 1024;
  Feed feed(options);
  for (int i = 0; i < 100; ++i) {
    feed.add(50, 1000, kEpoch + std::chrono::seconds(i));
    tidy(*feed.store, kEpoch);
  }
  const Stats stats = feed.store->stats();
  EXPECT_LE(stats.raw_block_bytes, options.raw_bytes_max);
  EXPECT_GT(stats.raw_block_bytes, options.raw_bytes_max * 8 / 10);
  EXPECT_GT(stats.raw_blocks_deleted, 50u);
  const auto left = feed.sequences(1000);
  ASSERT_FALSE(left.empty());
  EXPECT_EQ(left, range(left.front(), 5000));
  // What an incident holds as evidence is a copy of its own.
  for (std::uint64_t number = 1; number <= 100; ++number) {
    const auto evidence = feed.store->evidence({1, number});
    ASSERT_TRUE(evidence);
    ASSERT_EQ(evidence->size(), 1u);
    EXPECT_EQ((*evidence)[0].hit, "hit " + std::to_string((number - 1) * 50));
  }
  feed.reopen();
  EXPECT_EQ(feed.sequences(1000), left);
  EXPECT_EQ(feed.store->stats().raw_block_bytes, stats.raw_block_bytes);
}

TEST(Retention, ByAgeDeletesRawEventsAndHitsAlone) {
  FaultEnv env;
  Options options = options_on(env);
  options.raw_age_max = std::chrono::hours(10);
  options.hit_age_max = std::chrono::hours(20);
  Feed feed(options);
  for (int hour = 0; hour < 48; ++hour) feed.add(10, 50, kEpoch + std::chrono::hours(hour), true);
  const Time now = kEpoch + std::chrono::hours(48);
  tidy(*feed.store, now);
  const auto left = feed.sequences(50);
  ASSERT_FALSE(left.empty());
  // Nothing younger is deleted, and what is older by more than a portion (10 h / 64) is.
  EXPECT_LE(left.front(), 380u);
  EXPECT_GE(left.front(), 370u);
  EXPECT_EQ(left, range(left.front(), 480));
  // Evidence made of hits that are still there works, and of deleted ones is empty, not an error.
  const auto copy_of = [&](std::uint64_t sequence, std::uint64_t id) {
    Commit c;
    c.number = feed.store->last_commit() + 1;
    c.now = now;
    c.evidence.push_back({{2, id}, 0, sequence, 0});
    EXPECT_TRUE(commit_one(*feed.store, c));
    return feed.store->evidence({2, id})->at(0).hit;
  };
  EXPECT_EQ(copy_of(285, 1), "hit 285");
  EXPECT_EQ(copy_of(265, 2), "");
  for (std::uint64_t number = 1; number <= 48; ++number)
    EXPECT_EQ(feed.store->evidence({1, number})->at(0).hit,
              "hit " + std::to_string((number - 1) * 10));
  // When nothing comes in any more, the last ones go too.
  tidy(*feed.store, now + std::chrono::hours(40));
  EXPECT_TRUE(feed.sequences(50).empty());
  EXPECT_EQ(feed.store->stats().raw_blocks, 0u);
  EXPECT_EQ(feed.store->stats().raw_block_bytes, 0u);
  EXPECT_EQ(copy_of(475, 3), "");
  feed.add(10, 50, now + std::chrono::hours(40));
  EXPECT_EQ(feed.sequences(50), range(480, 490));
}

TEST(Retention, NeverDeletesHitsThatRecoveryNeeds) {
  FaultEnv env;
  Options options = options_on(env);
  options.hit_age_max = std::chrono::hours(1);
  Feed feed(options);
  feed.add(10, 50, kEpoch, true);
  for (int hour = 1; hour < 20; ++hour) feed.add(10, 50, kEpoch + std::chrono::hours(hour));
  tidy(*feed.store, kEpoch + std::chrono::hours(100));
  std::uint64_t entries = 0;
  ASSERT_TRUE(feed.store->read_log(1, [&](const LogEntry& entry) {
    EXPECT_EQ(entry.number, 2 + entries++);
    EXPECT_EQ(entry.hits.size(), 10u);
    return true;
  }));
  EXPECT_EQ(entries, 19u);
}

TEST(Retention, GivesDiskSpaceBack) {
  const test::Folder folder;
  Options options;
  options.path = folder.path + "/store";
  options.memory_bytes = 8 << 20;
  options.raw_bytes_max = 16 << 20;
  options.durability = Durability::os;
  const auto disk_bytes = [&](std::string_view extension) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options.path))
      if (entry.path().extension() == extension) bytes += entry.file_size();
    return bytes;
  };
  Feed feed(options);
  for (int i = 0; i < 240; ++i) {
    feed.add(60, 9000, kEpoch + std::chrono::seconds(i));
    while (*feed.store->maintain(kEpoch)) {
    }
  }
  feed.reopen();  // lets background work end
  EXPECT_LE(feed.store->stats().raw_block_bytes, options.raw_bytes_max);
  EXPECT_LT(disk_bytes(".blob"), 40u << 20) << "of 130 MB written";
  feed.store.reset();
  // Deleted by age, with nothing coming in.
  feed.options.raw_age_max = std::chrono::hours(1);
  feed.reopen();
  tidy(*feed.store, kEpoch + std::chrono::hours(10));
  EXPECT_EQ(feed.store->stats().raw_blocks, 0u);
  feed.reopen();
  EXPECT_LT(disk_bytes(".blob"), 10u << 20);
  feed.store.reset();
}

}  // namespace
}  // namespace vakt::store
