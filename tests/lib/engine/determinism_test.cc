// Random streams through the whole state machine: against the oracle, and against itself after a
// recovery at every point.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "engine/input_codec.h"
#include "lib/engine/rules_by_hand.h"
#include "sim/oracle.h"

namespace vakt::engine {
namespace {

using std::chrono::seconds;
using testing::at;
using testing::CountingRule;
using testing::Hits;
using testing::make_engine;

struct Arrival {
  Time time;
  Time received;
  std::string ip;
  std::string user;
};

struct World {
  std::vector<CountingRule> rules;
  std::vector<std::vector<Arrival>> batches;
};

// Sources deliver within the allowed disorder of 60 s; received times never go back.
World random_world(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto pick = [&](std::uint64_t n) { return random() % n; };
  World world;
  for (std::uint64_t r = 0; r < 1 + pick(3); ++r)
    world.rules.push_back({static_cast<std::int64_t>(1 + pick(120)), 1 + pick(5), pick(2) == 0});
  std::int64_t clock = 100;
  for (std::uint64_t b = 0; b < 5 + pick(30); ++b) {
    auto& batch = world.batches.emplace_back();
    for (std::uint64_t i = 0; i < pick(8); ++i) {
      clock += static_cast<std::int64_t>(pick(6) == 0 ? pick(300) : pick(4));
      const auto late = static_cast<std::int64_t>(pick(61));
      batch.push_back({at(clock - late), at(clock), "ip" + std::to_string(pick(3)),
                       "u" + std::to_string(pick(4))});
    }
  }
  return world;
}

Input make_input(Hits& hits, const std::vector<Arrival>& batch, Time now) {
  Time newest = kTimeMin;
  for (const Arrival& a : batch) {
    hits.add(a.time, a.ip, a.user, 0, 0, a.received);
    newest = std::max(newest, a.time);
  }
  if (!batch.empty()) hits.mark("s", newest, batch.back().received);
  return {now, hits.input()};
}

using Detections = std::multiset<
    std::tuple<std::string, std::string, Time, Time, Time, std::uint64_t, std::uint64_t>>;

Detections of_oracle(const World& world) {
  Detections out;
  for (std::size_t r = 0; r < world.rules.size(); ++r) {
    std::map<std::string, std::vector<oracle::Event>> groups;
    std::uint64_t order = 0;
    for (const auto& batch : world.batches)
      for (const Arrival& a : batch) groups[a.ip].push_back({a.time, order++, hash64(a.user)});
    for (const auto& [ip, events] : groups)
      for (const auto& e : oracle::episodes(events, seconds(world.rules[r].window_s),
                                            world.rules[r].threshold, world.rules[r].distinct))
        if (e.crossing_time)
          out.emplace("count-" + std::to_string(r), ip, e.first, e.last, *e.crossing_time, e.events,
                      e.peak);
  }
  return out;
}

void take(std::map<std::uint64_t, incident::Incident>& seen, const Effects& effects) {
  for (const auto& i : effects.incidents) seen[i.number] = i;
}

Detections of_engine(const std::map<std::uint64_t, incident::Incident>& seen) {
  Detections out;
  for (const auto& [number, i] : seen) {
    if (i.merged_into || i.members > 0) continue;  // a storm is about incidents, not events
    EXPECT_TRUE(i.final);
    const incident::Detection& d = i.detection;
    out.emplace(d.rule_id, d.group[0].second, d.first_event_time, d.last_event_time,
                d.opened_event_time, d.event_count, d.peak);
  }
  return out;
}

TEST(Engine, AgreesWithTheOracleOverRandomWorlds) {
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const World world = random_world(seed);
    Engine engine = make_engine(testing::rules(world.rules));
    std::map<std::uint64_t, incident::Incident> seen;
    Time now = at(0);
    for (const auto& batch : world.batches) {
      if (!batch.empty()) now = batch.back().received;
      Hits hits;
      take(seen, engine.apply(make_input(hits, batch, now)));
      ASSERT_EQ(engine.counters().late_counted, 0u) << seed;
    }
    take(seen, engine.apply({now, EndOfInput{}}));
    ASSERT_EQ(of_engine(seen), of_oracle(world)) << "seed " << seed;
    ASSERT_EQ(engine.groups(), 0u);
    ASSERT_EQ(engine.state_bytes(), 0u);
  }
}

// The log of inputs, as the store keeps it.
Input reread(const std::string& record, Time now, const HitsInput& original, LoggedInput& logged) {
  logged = *decode_input(record);
  EXPECT_EQ(logged.event_count, original.event_count);
  return {now, HitsInput{logged.event_count, original.hits, logged.sources}};
}

TEST(Engine, ACheckpointAndTheLaterInputsGiveTheSameState) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const World world = random_world(seed);
    const auto set = testing::rules(world.rules);
    Engine straight = make_engine(set);
    Engine recovered = make_engine(set);
    std::mt19937_64 random(seed);
    Time now = at(0);
    for (const auto& batch : world.batches) {
      if (!batch.empty()) now = batch.back().received;
      if (random() % 3 == 0) {
        Engine fresh = make_engine(set);
        ASSERT_TRUE(fresh.restore(recovered.checkpoint()));
        recovered = std::move(fresh);
      }
      Hits hits;
      const Input input = make_input(hits, batch, now);
      LoggedInput logged;
      const std::string record = encode_input(input);
      const Input again = reread(record, now, std::get<HitsInput>(input.what), logged);
      straight.apply(input);
      recovered.apply(again);
      if (random() % 4 == 0) {
        now += seconds(random() % 200);
        straight.apply({now, Tick{}});
        recovered.apply({now, Tick{}});
      }
      ASSERT_TRUE(straight.checkpoint() == recovered.checkpoint()) << "seed " << seed;
    }
  }
}

TEST(Engine, ATornCheckpointIsRefusedAndChangesNothing) {
  const World world = random_world(3);
  const auto set = testing::rules(world.rules);
  Engine engine = make_engine(set);
  Time now = at(0);
  for (const auto& batch : world.batches) {
    if (!batch.empty()) now = batch.back().received;
    Hits hits;
    engine.apply(make_input(hits, batch, now));
  }
  const std::string good = engine.checkpoint();
  Engine other = make_engine(set);
  const std::string empty = other.checkpoint();
  for (std::size_t n = 0; n < good.size(); ++n) ASSERT_FALSE(other.restore(good.substr(0, n))) << n;
  EXPECT_EQ(other.checkpoint(), empty);
}

}  // namespace
}  // namespace vakt::engine
