// Rows of groups: with checkpoints, in order, and left out when they are over.
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <memory>
#include <string>
#include <vector>

#include "store/group_expiry.h"
#include "store/store.h"

namespace vakt::store {
namespace {

std::string group_key(char lane, std::string_view name) {
  return std::string{kGroupRow, lane}.append(name);
}

class GroupRows : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    Options options;
    options.path = "/store";
    options.env = env_.get();
    options.memory_bytes = 8 << 20;
    auto opened = Store::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  Commit commit(GroupChanges changes, bool checkpoint = true) {
    Commit out;
    out.number = ++number_;
    if (checkpoint) out.checkpoint = "state";
    out.groups = std::move(changes);
    return out;
  }
  void write(std::vector<Commit> commits) {
    std::vector<const Commit*> group;
    for (const Commit& c : commits) group.push_back(&c);
    ASSERT_TRUE(store_->commit(group));
  }
  std::vector<std::string> values(std::vector<std::string> keys) {
    const auto found = store_->group_rows(keys);
    EXPECT_TRUE(found);
    std::vector<std::string> out;
    for (const auto& value : *found) out.push_back(value.value_or("none"));
    return out;
  }

  std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::unique_ptr<Store> store_;
  std::uint64_t number_ = 0;
};

TEST_F(GroupRows, ChangeWithACheckpoint) {
  const std::string a = group_key(0, "a");
  const std::string b = group_key(0, "b");
  write({commit({{}, {}, {{a, "1"}, {b, "2"}}})});
  EXPECT_EQ(values({b, a, "c"}), (std::vector<std::string>{"2", "1", "none"}));
  open();
  EXPECT_EQ(values({b, a, "c"}), (std::vector<std::string>{"2", "1", "none"}));
  write({commit({{}, {a}, {}}, false)});
  EXPECT_EQ(values({a}), std::vector<std::string>{"1"}) << "without a checkpoint nothing changes";
}

// Ranges first, then single rows, then new ones; and one commit of a group after the other.
TEST_F(GroupRows, ChangeInOrder) {
  const std::string a = group_key(0, "a");
  const std::string b = group_key(0, "b");
  const std::string other = group_key(1, "a");
  std::vector<Commit> group;
  group.push_back(commit({{}, {}, {{a, "1"}, {b, "1"}, {other, "1"}}}));
  group.push_back(commit({{{group_key(0, ""), group_key(1, "")}}, {b}, {{b, "2"}}}));
  write(std::move(group));
  EXPECT_EQ(values({a, b, other}), (std::vector<std::string>{"none", "2", "1"}));
}

TEST_F(GroupRows, AreScannedInOrder) {
  GroupChanges changes;
  for (const char* name : {"c", "a", "d", "b"}) changes.put.push_back({group_key(0, name), name});
  write({commit(changes)});
  const auto rows = *store_->scan_group_rows(group_key(0, "b"), group_key(0, "e"), 2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value, "b");
  EXPECT_EQ(rows[1].value, "c");
  EXPECT_EQ(rows[1].key, group_key(0, "c"));
}

TEST(GroupExpiry, LeavesOutGroupsThatAreOver) {
  GroupExpiry expiry;
  const auto left_out = [&](const std::string& key, Time over, Time late = kTimeMin) {
    std::string value;
    ByteWriter out(value);
    out.be64(sortable(over));
    out.be64(sortable(late));
    return expiry.Filter(0, key, value, nullptr, nullptr);
  };
  const std::string live = group_key(0, "a");
  const std::string history = group_key(1, "a");
  const Time now = from_unix_seconds(1'800'000'000);
  EXPECT_FALSE(left_out(live, now)) << "until somebody says how late it is, nothing";
  GroupChanges changes;
  changes.over_until = {now, now - std::chrono::hours(100)};
  changes.late_until = {now, now};
  expiry.set(changes);
  EXPECT_TRUE(left_out(live, now));
  EXPECT_TRUE(left_out(live, now - std::chrono::hours(1)));
  EXPECT_FALSE(left_out(live, now + std::chrono::seconds(1)));
  EXPECT_FALSE(left_out(live, kTimeMax));
  EXPECT_TRUE(left_out(live, now, now));
  EXPECT_FALSE(left_out(live, now, now + std::chrono::seconds(1))) << "late events still count";
  EXPECT_FALSE(left_out(history, now));
  EXPECT_TRUE(left_out(history, now - std::chrono::hours(101)));
  EXPECT_FALSE(left_out(std::string{kTimerRow, 0}, now));
  EXPECT_FALSE(expiry.Filter(0, live, "short", nullptr, nullptr));
  changes.over_until[1] = kTimeMin;  // another session of history is about to begin
  expiry.lower(changes);
  EXPECT_FALSE(left_out(history, now - std::chrono::hours(101)));
  EXPECT_TRUE(left_out(live, now));
}

}  // namespace
}  // namespace vakt::store
