// The small parts that sources are made of.
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <thread>
#include <vector>

#include "source/budget.h"
#include "source/fair_share.h"
#include "source/gzip.h"
#include "source/limited_log.h"
#include "source/ndjson.h"
#include "source/queue.h"
#include "source/retry_keys.h"
#include "source/ticket.h"

namespace vakt::source {
namespace {

using Steady = std::chrono::steady_clock;

TEST(Queue, KeepsOrderAndItsBound) {
  Queue<int> queue(2);
  int one = 1, two = 2, three = 3;
  EXPECT_TRUE(queue.try_push(one));
  EXPECT_TRUE(queue.try_push(two));
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(queue.try_push(three));
  EXPECT_TRUE(queue.push_now(three));
  EXPECT_EQ(queue.try_pop(), 1);
  EXPECT_EQ(queue.try_pop(), 2);
  EXPECT_EQ(queue.try_pop(), 3);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(Queue, WhatIsInAClosedQueueComesOut) {
  Queue<int> queue(2);
  int one = 1, two = 2;
  EXPECT_TRUE(queue.push(one));
  queue.close();
  EXPECT_FALSE(queue.push(two));
  EXPECT_FALSE(queue.push_now(two));
  EXPECT_FALSE(queue.finished());
  EXPECT_EQ(queue.pop(Steady::now() + std::chrono::hours(1)), 1);
  EXPECT_TRUE(queue.finished());
  EXPECT_EQ(queue.pop(Steady::now() + std::chrono::hours(1)), std::nullopt);
}

TEST(Queue, ANudgeEndsOneWait) {
  Queue<int> queue(1);
  queue.nudge();
  EXPECT_EQ(queue.pop(Steady::now() + std::chrono::hours(1)), std::nullopt);
  EXPECT_FALSE(queue.finished());
}

TEST(Queue, NothingIsLostBetweenThreads) {
  constexpr int kEach = 20'000;
  Queue<int> queue(8);
  std::vector<std::thread> pushers;
  for (int t = 0; t < 3; ++t)
    pushers.emplace_back([&queue] {
      for (int i = 1; i <= kEach; ++i) {
        int item = i;
        ASSERT_TRUE(queue.push(item));
      }
    });
  std::uint64_t sum = 0;
  for (int i = 0; i < 3 * kEach; ++i) {
    const auto item = queue.pop(Steady::now() + std::chrono::minutes(1));
    ASSERT_TRUE(item);
    sum += static_cast<std::uint64_t>(*item);
  }
  for (auto& pusher : pushers) pusher.join();
  EXPECT_EQ(sum, 3ull * kEach * (kEach + 1) / 2);
}

TEST(Budget, Levels) {
  Budget budget(1'000);
  Charge charge;
  charge.set(budget, 799);
  EXPECT_FALSE(budget.streams_stopped());
  charge.set(budget, 800);
  EXPECT_TRUE(budget.streams_stopped());
  EXPECT_FALSE(budget.requests_stopped());
  charge.set(budget, 900);
  EXPECT_TRUE(budget.requests_stopped());
  EXPECT_FALSE(charge.try_set(budget, 1'001));
  EXPECT_EQ(charge.bytes(), 900u);
  EXPECT_TRUE(charge.try_set(budget, 1'000));
  charge.set(budget, 700);
  EXPECT_TRUE(budget.streams_stopped()) << "streams start again below 70 %";
  charge.set(budget, 699);
  EXPECT_FALSE(budget.streams_stopped());
  charge.reset();
  EXPECT_EQ(budget.used(), 0u);
}

TEST(Budget, AMovedChargeIsGivenBackOnce) {
  Budget budget(1'000);
  {
    Charge first;
    first.set(budget, 100);
    Charge second = std::move(first);
    Charge third;
    third.set(budget, 50);
    third = std::move(second);
    EXPECT_EQ(budget.used(), 100u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(Ticket, IsDoneWithItsLastPart) {
  std::vector<bool> told;
  const auto then = [&](bool committed) { told.push_back(committed); };
  Ticket good(then);
  good.add();
  good.add();
  good.done(true);
  good.done(true);
  EXPECT_TRUE(told.empty());
  good.done(true);
  Ticket bad(then);
  bad.add();
  bad.done(false);
  bad.done(true);
  EXPECT_EQ(told, (std::vector<bool>{true, false}));
}

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

TEST(Gzip, GivesBackWhatWasPacked) {
  std::string noise;
  for (int i = 0; i < 200'000; ++i) noise += static_cast<char>('a' + (i * 7919 % 101) % 26);
  const auto any = [](std::size_t) { return true; };
  for (const std::string& text : {std::string(), std::string("x"), noise}) {
    std::string out;
    EXPECT_EQ(inflate_gzip(gzip(text), {}, any, out), GzipError::none);
    EXPECT_EQ(out, text);
  }
  std::string out;
  EXPECT_EQ(inflate_gzip(gzip("one\n") + gzip("two\n"), {}, any, out), GzipError::none);
  EXPECT_EQ(out, "one\ntwo\n");
}

TEST(Gzip, RefusesWhatIsBrokenOrTooMuch) {
  const auto any = [](std::size_t) { return true; };
  std::string out;
  const std::string whole = gzip("some text, some text, some text");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(inflate_gzip(whole.substr(0, size), {}, any, out), GzipError::broken) << size;
  EXPECT_EQ(inflate_gzip("no gzip at all", {}, any, out), GzipError::broken);
  std::string flipped = whole;
  flipped[flipped.size() - 6] ^= 1;
  EXPECT_EQ(inflate_gzip(flipped, {}, any, out), GzipError::broken);
  const std::string bomb = gzip(std::string(8 << 20, '0'));
  EXPECT_EQ(inflate_gzip(bomb, {}, any, out), GzipError::too_large) << "its ratio is over 100";
  GzipLimits limits;
  limits.ratio_max = 100'000;
  EXPECT_EQ(inflate_gzip(bomb, limits, any, out), GzipError::none);
  limits.bytes_max = (8 << 20) - 1;
  EXPECT_EQ(inflate_gzip(bomb, limits, any, out), GzipError::too_large);
  const auto little = [](std::size_t bytes) { return bytes < 1 << 20; };
  limits.bytes_max = 64 << 20;
  EXPECT_EQ(inflate_gzip(bomb, limits, little, out), GzipError::no_memory);
}

TEST(Lines, OfABody) {
  struct Row {
    std::string body;
    std::string lines;  // number=text, joined by '|'
    std::uint64_t empty;
  };
  const Row rows[] = {
      {"", "", 0},
      {"\n", "", 1},
      {"a", "1=a", 0},
      {"a\n", "1=a", 0},
      {"a\r\nb", "1=a|2=b", 0},
      {"\n\na\n \t\r\nb\n", "3=a|5=b", 3},
      {"abcdef\ng", "1=abcd+|2=g", 0},
  };
  for (const Row& row : rows) {
    std::string lines;
    const auto empty = each_line(row.body, 4, [&](std::uint64_t number, const framing::Frame& f) {
      lines += (lines.empty() ? "" : "|") + std::to_string(number) + "=" + std::string(f.bytes) +
               (f.truncated ? "+" : "");
    });
    EXPECT_EQ(lines, row.lines);
    EXPECT_EQ(empty, row.empty);
  }
}

TEST(Lines, TheAnswer) {
  LineReport report;
  report.add(1, false);
  report.add(3, true);
  EXPECT_EQ(report.json(),
            "{\"accepted\":1,\"malformed\":1,\"first_errors\":[{\"line\":3,"
            "\"error\":\"not a record in the expected format\"}]}\n");
}

TEST(RetryKeys, TheFirstWorksTheOthersWait) {
  RetryKeys keys;
  std::string got;
  const auto waiter = [&](const Answer& answer) { got += answer.body; };
  EXPECT_EQ(keys.claim("k", hash128("body"), waiter), RetryKeys::Claim::owner);
  EXPECT_EQ(keys.claim("k", hash128("body"), waiter), RetryKeys::Claim::waiting);
  EXPECT_EQ(keys.claim("k", hash128("other"), waiter), RetryKeys::Claim::conflict);
  EXPECT_EQ(keys.claim("l", hash128("other"), waiter), RetryKeys::Claim::owner);
  keys.finish("k", {200, "done"});
  EXPECT_EQ(got, "done");
  EXPECT_EQ(keys.claim("k", hash128("other"), waiter), RetryKeys::Claim::owner);
}

TEST(LimitedLog, OnceASourceAMinute) {
  LimitedLog log;
  const Time now = from_unix_seconds(1'000'000'020);  // the start of a minute
  const LimitedLog::Trouble trouble{"tcp", "10.0.0.1", "broken", "\x01\x02"};
  EXPECT_TRUE(log.report(trouble, now));
  EXPECT_FALSE(log.report(trouble, now + std::chrono::seconds(59)));
  EXPECT_TRUE(log.report({"tcp", "10.0.0.2", "broken", ""}, now));
  EXPECT_TRUE(log.report(trouble, now + std::chrono::seconds(60)));
}

TEST(FairShare, CountsBySender) {
  FairShare shares;
  const auto place = FairShare::place("10.0.0.1");
  shares.add(place, 10);
  shares.add(place, 5);
  shares.remove(place, 10);
  EXPECT_EQ(shares.held(place), 5u);
}

}  // namespace
}  // namespace vakt::source
