#include "event/batch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "event/field_names.h"

namespace vakt::event {
namespace {

TEST(Arena, AddressesStayAndContentIsCopied) {
  Arena arena(64);
  std::vector<std::string_view> views;
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26)));
    std::string gone = texts.back();
    views.push_back(arena.copy(gone));
    gone.assign(gone.size(), '!');
  }
  for (std::size_t i = 0; i < views.size(); ++i) EXPECT_EQ(views[i], texts[i]);
  EXPECT_TRUE(arena.copy("").empty());
}

TEST(Arena, KeepsItsMemoryAfterTheFirstUse) {
  Arena arena(64);
  const auto use = [&] {
    for (int i = 0; i < 100; ++i) arena.allocate(50);
  };
  use();
  arena.clear();
  const std::size_t kept = arena.capacity_bytes();
  EXPECT_GE(kept, 5000u);
  const char* first = arena.allocate(50);
  for (int i = 0; i < 99; ++i) arena.allocate(50);
  EXPECT_EQ(arena.capacity_bytes(), kept);
  arena.clear();
  EXPECT_EQ(arena.allocate(50), first);
}

TEST(Arena, DoesNotKeepWhatOneHugeBatchNeeded) {
  Arena arena(64 * 1024);
  for (int i = 0; i < 40; ++i) arena.allocate(100'000);
  arena.clear();
  EXPECT_LE(arena.capacity_bytes(), 1u << 20);
}

TEST(Batch, HoldsFramesFieldsAndTheRawBlock) {
  Batch batch(100, 10);
  Event& first = batch.add("one");
  EXPECT_EQ(first.raw, "one");
  batch.add_field(kMessage, ValueKind::string, "m1");
  batch.add_field(kUserName, ValueKind::string, "u1");
  batch.add("");
  batch.add("three");
  batch.add_field(kMessage, ValueKind::string, "m3");
  batch.add_field(kMessage, ValueKind::null, "");

  EXPECT_EQ(batch.raw(), "one\n\nthree\n");
  ASSERT_EQ(batch.size(), 3u);
  const auto events = batch.events();
  EXPECT_EQ(events[1].raw, "");
  EXPECT_EQ(batch.fields(events[0]).size(), 2u);
  EXPECT_EQ(batch.fields(events[1]).size(), 0u);
  EXPECT_EQ(batch.fields(events[2]).size(), 2u);
  ASSERT_NE(batch.find(events[0], kUserName), nullptr);
  EXPECT_EQ(batch.find(events[0], kUserName)->text, "u1");
  EXPECT_EQ(batch.find(events[2], kMessage)->text, "m3");  // the first of that name
  EXPECT_EQ(batch.find(events[1], kMessage), nullptr);
  // 64 bytes may be read after any frame.
  unsigned sum = 0;
  for (std::size_t i = 0; i < kPaddingBytes; ++i)
    sum += static_cast<unsigned char>(events[2].raw.data()[events[2].raw.size() + i]);
  EXPECT_GE(sum, static_cast<unsigned>('\n'));
}

TEST(Batch, RoomEndsWithBytesOrWithEvents) {
  Batch by_bytes(10, 100);
  EXPECT_TRUE(by_bytes.has_room(9));
  EXPECT_FALSE(by_bytes.has_room(10));  // the separator needs one
  by_bytes.add("12345");
  EXPECT_TRUE(by_bytes.has_room(3));
  EXPECT_FALSE(by_bytes.has_room(4));
  Batch by_events(1000, 2);
  by_events.add("a");
  by_events.add("b");
  EXPECT_FALSE(by_events.has_room(0));
}

TEST(BatchDeathTest, AddWithoutRoomIsABug) {
  Batch batch(4, 1);
  EXPECT_DEATH(batch.add("too long"), "batch has room");
}

TEST(Batch, ClearKeepsTheMemory) {
  Batch batch(1000, 100);
  const auto fill = [&] {
    for (int i = 0; i < 50; ++i) {
      batch.add("frame");
      batch.add_field(kMessage, ValueKind::string, batch.text().copy("text"));
    }
    batch.add_source("s", false);
  };
  fill();
  const char* raw = batch.raw().data();
  const std::size_t capacity = batch.capacity_bytes();
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.raw(), "");
  EXPECT_TRUE(batch.sources().empty());
  fill();
  EXPECT_EQ(batch.raw().data(), raw);
  EXPECT_EQ(batch.capacity_bytes(), capacity);
}

TEST(Batch, ASourceHasOneEntryInEachLane) {
  Batch batch(100, 10);
  EXPECT_EQ(batch.add_source("a", false), 0u);
  EXPECT_EQ(batch.add_source("b", false), 1u);
  EXPECT_EQ(batch.add_source("a", true), 2u);
  EXPECT_EQ(batch.add_source("a", false), 0u);
  EXPECT_EQ(batch.add_source("a", true), 2u);
  ASSERT_EQ(batch.sources().size(), 3u);
  EXPECT_EQ(batch.sources()[2].name, "a");
  EXPECT_TRUE(batch.sources()[2].historic);
  EXPECT_EQ(batch.sources()[0].event_time_max, kTimeMin);
  batch.clear();
  EXPECT_EQ(batch.add_source("b", true), 0u);
}

}  // namespace
}  // namespace vakt::event
