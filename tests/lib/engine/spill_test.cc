// Groups that lie in the store: where they lie changes nothing that is concluded.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

#include "lib/engine/memory_groups.h"
#include "lib/engine/rules_by_hand.h"
#include "store/incident_codec.h"

namespace vakt::engine {
namespace {

using std::chrono::seconds;
using testing::at;
using testing::CountingRule;
using testing::Hits;
using testing::MemoryGroups;

std::shared_ptr<const Detectors> detectors_of(const rule::RuleSet& set) {
  const event::FieldNames names;
  return std::make_shared<const Detectors>(std::make_shared<const rule::RuleSet>(set), names,
                                           rule::Level::high, correlate::Forms{.few = 3});
}

// All that an input has changed, as text.
std::string encoded(const Effects& effects) {
  std::string bytes;
  ByteWriter out(bytes);
  const auto add = [&](incident::IncidentId id) {
    out.be64(id.high);
    out.be64(id.low);
  };
  for (const incident::Incident& i : effects.incidents) store::encode_incident(i, bytes);
  for (const incident::TimelineEntry& entry : effects.timeline) {
    add(entry.incident);
    out.varint(entry.index);
    out.bytes(entry.kind);
    out.bytes(entry.text);
  }
  for (const store::EvidenceRow& row : effects.evidence) {
    add(row.incident);
    out.varint(row.index);
    out.varint(row.sequence);
  }
  for (const incident::IncidentId id : effects.opened) add(id);
  if (effects.answer) out.bytes(*effects.answer ? "done" : effects.answer->error().message);
  return bytes;
}

// An engine that keeps all in memory beside one that spills all it can, at random moments, loses
// its memory, and reads itself back.
class Twins {
 public:
  explicit Twins(std::uint64_t seed) : random_(seed) {
    std::vector<CountingRule> counting;
    for (std::uint64_t r = 0; r < 1 + pick(3); ++r)
      counting.push_back({static_cast<std::int64_t>(1 + pick(200)), 1 + pick(4), pick(2) == 0});
    for (rule::RuleSet& set : sets_) set = *testing::rules(counting);
    for (rule::Correlation& c : sets_[0].correlations) c.when_final = pick(3) == 0;
    sets_[1].correlations = sets_[0].correlations;
    if (pick(2) == 0) sets_[1].correlations.front().detection_hash = {9, 9};
    for (rule::RuleSet& set : sets_) {
      for (rule::Correlation& c : set.correlations)
        if (pick(3) == 0) c.disorder = seconds(pick(300));
      set.rules[1].quiet = seconds(60 + pick(3'000));
    }
    if (pick(2) == 0)
      for (rule::RuleSet& set : sets_) {
        set.correlations.front().timespan = seconds(1 + pick(20));
        set.correlations.front().threshold = 1;
        add_outer(set, seconds(20 + pick(200)));
      }
    options_.storm.groups = pick(2) == 0 ? 0 : 3;
    options_.storm.window = seconds(60);
    options_.episode_max = seconds(pick(2) == 0 ? 100 : 100'000);
    options_.spill_above = 0;
    options_.spill_to = pick(3) == 0 ? 3'000 : 0;
    options_.spill_portion = 1 + pick(5);
    rows_->compacts = pick(2) == 0;
    plain_ = std::make_unique<Engine>(detectors_of(sets_[0]), 42, options_);
    options_.spilled = rows_;
    spilling_ = std::make_unique<Engine>(detectors_of(sets_[0]), 42, options_);
    kept_ = spilling_->checkpoint();
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (::testing::Test::HasFailure()) return;
      store_something();
    }
    apply({now_, EndOfInput{}});
    EXPECT_EQ(plain_->groups(), 0u);
    EXPECT_EQ(spilling_->groups(), 0u);
    EXPECT_EQ(spilling_->groups_spilled(), 0u);
    EXPECT_EQ(spilling_->state_bytes(), 0u);
    checkpoint();
    EXPECT_TRUE(rows_->rows().empty());
  }

  std::uint64_t spilled = 0;
  std::uint64_t fetched = 0;
  std::uint64_t incidents_spilled = 0;
  int crashes = 0;

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  // Two moments at which the first one holds.
  static void add_outer(rule::RuleSet& set, Duration timespan) {
    rule::Correlation c = set.correlations.front();
    c.meta.id = "outer";
    c.type = rule::CorrelationType::event_count;
    c.members = {{true, 0}};
    c.value_fields.clear();
    c.timespan = timespan;
    c.threshold = 2;
    c.when_final = false;
    c.detection_hash.high += 1'000;
    set.correlations.push_back(c);
  }

  void step() {
    const std::uint64_t kind = pick(40);
    now_ += seconds(pick(8) == 0 ? pick(400) : pick(5));
    if (kind < 4) return apply({now_, Tick{}});
    if (kind < 8) return act();
    if (kind == 8 && pick(4) == 0) return apply({now_, EndOfInput{}});
    if (kind == 9 && pick(3) == 0) return change_rules();
    hits();
  }

  void hits() {
    Hits& hits = hits_.emplace_back();
    Time newest[2] = {kTimeMin, kTimeMin};
    for (std::uint64_t i = 0; i < 1 + pick(6); ++i) {
      const bool historic = pick(5) == 0;
      const std::uint64_t behind = pick(6) == 0 ? pick(900) : pick(61);
      const Time time = now_ - seconds(behind) - seconds(historic ? 500'000 : 0);
      newest[historic] = std::max(newest[historic], time);
      hits.add(time, "ip" + std::to_string(pick(12)), "u" + std::to_string(pick(4)),
               pick(6) == 0 ? 1 : 0, static_cast<std::uint16_t>(historic ? event::kHistoric : 0),
               now_);
    }
    for (const bool historic : {false, true})
      if (newest[historic] != kTimeMin) hits.mark("s", newest[historic], now_, historic);
    apply({now_, hits.input()});
  }

  void act() {
    if (known_.empty()) return;
    auto of = known_.begin();
    std::advance(of, static_cast<std::ptrdiff_t>(pick(known_.size())));
    Command command;
    command.incident = of->second.id;
    command.loaded = of->second;
    command.action.kind = std::array{incident::ActionKind::note, incident::ActionKind::acknowledge,
                                     incident::ActionKind::close}[pick(3)];
    command.action.actor = "anna";
    command.action.text = "because";
    command.action.disposition = incident::Disposition::true_positive;
    apply({now_, command});
  }

  void change_rules() {
    std::swap(sets_[0], sets_[1]);
    apply({now_, RulesChange{detectors_of(sets_[0]), "other"}});
    checkpoint();
  }

  void apply(const Input& input) {
    const Effects expected = plain_->apply(input);
    inputs_.push_back(input);
    const Effects found = spilling_->apply(input);
    ASSERT_FALSE(found.failure);
    ASSERT_EQ(encoded(found), encoded(expected)) << "input " << plain_->inputs();
    ASSERT_EQ(spilling_->watermark(false), plain_->watermark(false));
    for (const incident::Incident& i : expected.incidents) known_[i.number] = i;
  }

  void store_something() {
    const std::uint64_t kind = pick(10);
    if (kind == 0) {
      crash();
    } else if (spilling_->checkpoint_on_its_way()) {
      if (kind < 4)
        store();
      else if (kind < 7)
        keep();
    } else if (kind < 6) {
      take();
    }
  }

  void take() {
    on_its_way_ = spilling_->take_checkpoint();
    on_its_way_at_ = inputs_.size();
    stored_ = false;
    for (const std::uint64_t n : on_its_way_.spilled) spilled += n;
    for (const store::GroupRow& row : on_its_way_.groups.put)
      if (row.key[0] == store::kIncidentRow) ++incidents_spilled;
  }

  // The engine learns of it later.
  void store() {
    if (std::exchange(stored_, true)) return;
    rows_->apply(on_its_way_.groups);
    for (const auto& [key, value] : rows_->rows())
      if (key[0] != store::kGroupRow) {
        ASSERT_TRUE(rows_->rows().contains(value)) << "a timer or incident of no group";
      }
    kept_ = on_its_way_.state;
    inputs_.erase(inputs_.begin(), inputs_.begin() + static_cast<std::ptrdiff_t>(on_its_way_at_));
  }

  void keep() {
    store();
    spilling_->checkpoint_kept();
  }

  void checkpoint() {
    if (spilling_->checkpoint_on_its_way()) keep();
    take();
    keep();
  }

  // What was on its way is lost.
  void crash() {
    ++crashes;
    fetched += spilling_->counters().groups_fetched;
    spilling_ = std::make_unique<Engine>(detectors_of(sets_[0]), 42, options_);
    ASSERT_TRUE(spilling_->restore(kept_));
    for (const Input& input : inputs_) ASSERT_FALSE(spilling_->apply(input).failure);
  }

  std::mt19937_64 random_;
  rule::RuleSet sets_[2];
  EngineOptions options_;
  std::shared_ptr<MemoryGroups> rows_ = std::make_shared<MemoryGroups>();
  std::unique_ptr<Engine> plain_;
  std::unique_ptr<Engine> spilling_;
  Time now_ = at(1'000'000);
  std::deque<Hits> hits_;
  std::map<std::uint64_t, incident::Incident> known_;
  std::string kept_;
  std::vector<Input> inputs_;  // since it
  Checkpoint on_its_way_;
  std::size_t on_its_way_at_ = 0;
  bool stored_ = false;
};

TEST(Spill, WhereAGroupLiesChangesNothing) {
  std::uint64_t spilled = 0;
  std::uint64_t fetched = 0;
  std::uint64_t incidents = 0;
  int crashes = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Twins twins(seed);
    twins.run(120);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    spilled += twins.spilled;
    fetched += twins.fetched;
    incidents += twins.incidents_spilled;
    crashes += twins.crashes;
  }
  EXPECT_GT(spilled, 40'000u);
  EXPECT_GT(fetched, 20'000u);
  EXPECT_GT(incidents, 4'000u);
  EXPECT_GT(crashes, 2'000);
}

// A group of its own per hit beside one that comes every ten minutes.
TEST(Spill, AFloodOfGroupsHidesNothing) {
  const auto rows = std::make_shared<MemoryGroups>();
  EngineOptions options;
  options.state_bytes_max = 256 * 1024;
  options.spill_above = 192 * 1024;
  options.spill_to = 96 * 1024;
  options.spilled = rows;
  Engine engine = testing::make_engine(testing::rules({{14'400, 20, false}}), options);
  std::vector<incident::Incident> opened;
  std::size_t bytes_most = 0;
  for (int step = 0; step < 20; ++step) {
    for (int part = 0; part < 20; ++part) {
      Hits hits;
      const Time time = at(step * 600 + part);
      if (part == 7) hits.add(time, "192.0.2.1", "x");
      for (int i = 0; i < 50; ++i) hits.add(time, fmt::format("10.{}.{}.{}", step, part, i), "x");
      hits.mark("s", time, time);
      const Effects effects = engine.apply({time, hits.input()});
      for (const incident::Incident& i : effects.incidents) opened.push_back(i);
      bytes_most = std::max(bytes_most, engine.state_bytes());
      if (!engine.wants_checkpoint()) continue;
      rows->apply(engine.take_checkpoint().groups);
      engine.checkpoint_kept();
    }
  }
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].detection.group[0].second, "192.0.2.1");
  EXPECT_EQ(opened[0].detection.event_count, 20u);
  EXPECT_EQ(engine.counters().groups_refused, 0u);
  EXPECT_LT(bytes_most, options.state_bytes_max);
  EXPECT_GT(engine.groups_spilled(), 19'000u);
}

// Who floods makes room; what other rules count stays in memory.
TEST(Spill, TakesFromTheRuleThatTakesMost) {
  const auto rows = std::make_shared<MemoryGroups>();
  EngineOptions options;
  options.spill_above = 192 * 1024;
  options.spill_to = 96 * 1024;
  options.spilled = rows;
  rule::RuleSet set = *testing::rules({{600, 5, false}, {600, 5, false}});
  set.correlations[1].group_by = {"user.name"};
  Engine engine(detectors_of(set), 42, options);
  for (int i = 0; !engine.wants_checkpoint(); ++i) {
    Hits hits;
    hits.add(at(i), fmt::format("10.0.{}.{}", i / 256, i % 256), fmt::format("u{}", i % 10));
    hits.mark("s", at(0), at(i));
    engine.apply({at(i), hits.input()});
  }
  const auto checkpoint = engine.take_checkpoint();
  EXPECT_GT(checkpoint.spilled.at(0), 50u);
  EXPECT_EQ(checkpoint.spilled.at(1), 0u);
  EXPECT_EQ(engine.groups_of(1), 10u);
  const std::size_t before = engine.state_bytes();
  EXPECT_GT(engine.groups_of(0), 50u) << "nothing leaves before it is stored";
  rows->apply(checkpoint.groups);
  engine.checkpoint_kept();
  EXPECT_LT(engine.state_bytes(), before / 2 + 4096);
}

// A flood of which each event opens an incident.
class Opening {
 public:
  explicit Opening(std::uint64_t storm_groups) {
    options_.set_state_bytes_max(64 * 1024);
    options_.storm.groups = storm_groups;
    options_.spilled = rows_;
    engine_ =
        std::make_unique<Engine>(testing::make_engine(testing::rules({{60, 1, false}}), options_));
    pass(at(1'000));
  }
  void pass(Time now) {
    Hits hits;
    hits.mark("s", now, now);
    engine_->apply({now, hits.input()});
  }
  void hit(int i, Time time, Time now) {
    Hits hits;
    hits.add(time, fmt::format("10.0.{}.{}", i / 256, i % 256), "x", 0, 0, now);
    engine_->apply({now, hits.input()});
    if (!engine_->wants_checkpoint()) return;
    ++tries;
    rows_->apply(engine_->take_checkpoint().groups);
    engine_->checkpoint_kept();
  }
  std::uint64_t refused() const { return engine_->counters().groups_refused; }
  Engine& engine() { return *engine_; }
  int tries = 0;

 private:
  std::shared_ptr<MemoryGroups> rows_ = std::make_shared<MemoryGroups>();
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
};

TEST(Spill, LateGroupsWithIncidentsLeaveAndComeBackInReceivedTime) {
  Opening flood(20);
  for (int i = 0; i < 2'000; ++i) flood.hit(i, at(0), at(1'001));
  EXPECT_EQ(flood.refused(), 0u);
  EXPECT_GT(flood.engine().groups_spilled(), 1'500u);
  const Effects before = flood.engine().apply({at(1'300), Tick{}});
  EXPECT_TRUE(before.incidents.empty());
  const Effects after = flood.engine().apply({at(1'302), Tick{}});
  EXPECT_EQ(after.incidents.size(), 2'000u);
  for (const incident::Incident& i : after.incidents) EXPECT_TRUE(i.final);
  EXPECT_EQ(flood.engine().groups_spilled(), 0u);
}

// Where incidents may yet join a storm. The tries to make room do not take over, and refusals end.
TEST(Spill, WhereNothingCanLeaveItIsTriedNowAndThen) {
  Opening flood(1'000'000);
  int tries_until_full = 0;
  for (int i = 0; i < 500; ++i) {
    flood.hit(i, at(1'000), at(1'001));
    if (flood.refused() == 0) tries_until_full = flood.tries;
  }
  const std::uint64_t refused = flood.refused();
  EXPECT_GT(refused, 300u);
  EXPECT_EQ(flood.engine().groups_spilled(), 0u);
  EXPECT_LE(tries_until_full, 2);
  EXPECT_GE(flood.tries - tries_until_full, static_cast<int>(refused / 17));
  EXPECT_LE(flood.tries - tries_until_full, static_cast<int>(refused / 15));

  flood.pass(at(3'000));
  EXPECT_EQ(flood.engine().groups(), 0u);
  flood.hit(1'000, at(3'000), at(3'001));
  EXPECT_EQ(flood.refused(), refused);
}

// An engine with one group, all of which leaves memory at a checkpoint.
class OneGroup {
 public:
  OneGroup() {
    options_.spill_above = 0;
    options_.spill_to = 0;
    options_.spilled = rows_;
    engine_ =
        std::make_unique<Engine>(testing::make_engine(testing::rules({{600, 2, false}}), options_));
    hit();
  }
  Effects hit() {
    Hits hits;
    hits.add(at(0), "192.0.2.1", "x");
    return engine_->apply({at(0), hits.input()});
  }
  void keep(const Checkpoint& checkpoint) {
    rows_->apply(checkpoint.groups);
    engine_->checkpoint_kept();
    ASSERT_EQ(engine_->groups(), 0u);
  }
  Engine& engine() { return *engine_; }
  MemoryGroups& rows() { return *rows_; }

 private:
  std::shared_ptr<MemoryGroups> rows_ = std::make_shared<MemoryGroups>();
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
};

TEST(Spill, ARowThatCannotBeReadIsSaid) {
  OneGroup group;
  group.keep(group.engine().take_checkpoint());
  group.rows().fails = true;
  const Effects effects = group.hit();
  ASSERT_TRUE(effects.failure);
  EXPECT_EQ(effects.failure->message, "the disk is gone");
}

TEST(Spill, ADamagedRowIsSaid) {
  OneGroup group;
  Checkpoint checkpoint = group.engine().take_checkpoint();
  ASSERT_EQ(checkpoint.groups.put.size(), 1u);
  std::string& value = checkpoint.groups.put.front().value;
  value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
  group.keep(checkpoint);
  const Effects effects = group.hit();
  ASSERT_TRUE(effects.failure);
  EXPECT_NE(effects.failure->message.find("damaged"), std::string::npos);
}

}  // namespace
}  // namespace vakt::engine
