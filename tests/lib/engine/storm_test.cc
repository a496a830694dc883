#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/engine.h"
#include "lib/engine/rules_by_hand.h"

namespace vakt::engine {
namespace {

using incident::ActionKind;
using incident::Incident;
using incident::State;
using testing::at;
using testing::Hits;

// Incidents as last stored, and which were news.
class Desk {
 public:
  explicit Desk(const EngineOptions& options = {})
      : engine_(testing::make_engine(testing::rules({{60, 1, false}}), options)) {}
  explicit Desk(std::shared_ptr<const rule::RuleSet> rules)
      : engine_(testing::make_engine(rules)) {}

  // One event each of `count` groups, `gap` seconds apart.
  void groups(int count, std::int64_t from, std::int64_t gap = 1, std::uint16_t flags = 0) {
    for (int i = 0; i < count; ++i) {
      Hits& hits = hits_.emplace_back();
      const std::int64_t s = from + i * gap;
      hits.add(at(s), "10." + std::to_string(from) + "." + std::to_string(i), "root", 0, flags);
      hits.mark("s", at(s), at(s), (flags & event::kHistoric) != 0);
      apply({at(s), hits.input()});
    }
  }
  void time(std::int64_t s) {
    Hits& hits = hits_.emplace_back();
    hits.mark("s", at(s), at(s));
    apply({at(s), hits.input()});
  }
  void act(std::uint64_t number, ActionKind kind, std::int64_t s) {
    Command command;
    command.incident = by_number_.at(number).id;
    command.loaded = by_number_.at(number);
    command.action.kind = kind;
    command.action.actor = "anna";
    command.action.text = "because";
    command.action.disposition = incident::Disposition::true_positive;
    apply({at(s), command});
  }
  void apply(const Input& input) {
    const Effects effects = engine_.apply(input);
    for (const Incident& i : effects.incidents) by_number_[i.number] = i;
    news_ += effects.opened.size();
    for (const store::EvidenceRow& row : effects.evidence) ++evidence_[row.incident];
  }
  // By a checkpoint and back, as a restart does.
  void restart() {
    const std::string state = engine_.checkpoint();
    ASSERT_TRUE(engine_.restore(state));
    EXPECT_EQ(engine_.checkpoint(), state);
  }

  const Incident& operator[](std::uint64_t number) const { return by_number_.at(number); }
  std::vector<Incident> storms() const {
    std::vector<Incident> out;
    for (const auto& [number, i] : by_number_)
      if (i.members > 0) out.push_back(i);
    return out;
  }
  std::size_t members() const {
    std::size_t out = 0;
    for (const auto& [number, i] : by_number_) out += i.storm ? 1 : 0;
    return out;
  }
  std::size_t size() const { return by_number_.size(); }
  std::size_t news() const { return news_; }
  std::size_t evidence_of(const Incident& i) { return evidence_[i.id]; }
  Engine& engine() { return engine_; }

 private:
  Engine engine_;
  std::deque<Hits> hits_;
  std::map<std::uint64_t, Incident> by_number_;
  std::map<incident::IncidentId, std::size_t> evidence_;
  std::size_t news_ = 0;
};

TEST(Storm, ThousandsOfGroupsAreOneStorm) {
  Desk desk;
  desk.groups(3'000, 0, 0);
  ASSERT_EQ(desk.storms().size(), 1u);
  const Incident storm = desk.storms().front();
  EXPECT_EQ(desk.size(), 3'001u);
  EXPECT_EQ(desk.members(), 3'000u);
  EXPECT_EQ(desk.news(), 20u);  // 19 before it was known to be a storm, and the storm
  EXPECT_EQ(storm.members, 3'000u);
  EXPECT_EQ(storm.detection.event_count, 3'000u);
  EXPECT_EQ(storm.detection.peak, 3'000u);
  EXPECT_EQ(storm.threshold, 20u);
  EXPECT_TRUE(storm.detection.group.empty());
  EXPECT_EQ(storm.detection.rule_id, "count-0");
  EXPECT_EQ(desk.evidence_of(storm), 1'000u);
  for (std::uint64_t number = 1; number < 20; ++number) EXPECT_EQ(desk[number].storm, storm.id);
}

// Incidents of a rule that waits open long after their events; they are a storm all the same.
TEST(Storm, IsOneOfARuleThatWaitsToo) {
  rule::RuleSet rules = *testing::rules({{60, 1, false}});
  rules.correlations[0].when_final = true;
  rules.correlations[0].comparisons = {{rule::Comparison::Op::gte, 1'000'000}};
  rules.correlations[0].disorder = std::chrono::minutes(15);
  Desk desk(std::make_shared<const rule::RuleSet>(std::move(rules)));
  desk.groups(60, 0, 2);
  EXPECT_EQ(desk.news(), 0u);
  for (std::int64_t s = 120; s < 1'500; ++s) desk.time(s);
  EXPECT_EQ(desk.storms().size(), 1u);
  EXPECT_EQ(desk.news(), 20u);
}

TEST(Storm, FewOrSlowOnesAreNone) {
  Desk desk;
  desk.groups(19, 0);
  desk.groups(100, 1'000, 600);
  EXPECT_TRUE(desk.storms().empty());
  EXPECT_EQ(desk.news(), 119u);
}

TEST(Storm, EndsAWindowAfterItsLatestMember) {
  Desk desk;
  desk.groups(30, 0);
  EXPECT_FALSE(desk.storms().at(0).final);
  desk.time(29 + 600 + 59);
  EXPECT_FALSE(desk.storms().at(0).final);
  desk.time(29 + 600 + 60);  // the allowed disorder
  EXPECT_TRUE(desk.storms().at(0).final);
  EXPECT_FALSE(desk.engine().waits_for_time());
  desk.groups(30, 10'000);
  EXPECT_EQ(desk.storms().size(), 2u);
  EXPECT_EQ(desk.members(), 60u);
}

TEST(Storm, ASecondOneBeforeTheWatermarkKnewTheEndOfTheFirst) {
  EngineOptions options;
  options.watermark.disorder = std::chrono::hours(1);
  Desk desk(options);
  desk.groups(25, 0);
  desk.groups(25, 1'000);
  ASSERT_EQ(desk.storms().size(), 2u);
  EXPECT_TRUE(desk.storms()[0].final);
  EXPECT_FALSE(desk.storms()[1].final);
}

// Windows of 60 s are over long before the storm's ten minutes: the records are changed all the
// same.
TEST(Storm, TakesInIncidentsWhoseEpisodeIsOver) {
  Desk desk;
  desk.groups(25, 0, 25);
  ASSERT_EQ(desk.storms().size(), 1u);
  EXPECT_TRUE(desk[1].final);
  EXPECT_TRUE(desk[1].storm);
  desk.time(5'000);
  EXPECT_FALSE(desk.engine().waits_for_time());
  EXPECT_EQ(desk.engine().find(desk[1].id), nullptr);
  EXPECT_EQ(desk.engine().find(desk[25].id), nullptr);
}

TEST(Storm, LeavesWhatAPersonWorksOnAlone) {
  Desk desk;
  desk.groups(19, 0);
  desk.act(3, ActionKind::acknowledge, 19);
  desk.groups(1, 20);
  const Incident storm = desk.storms().at(0);
  EXPECT_FALSE(desk[3].storm);
  EXPECT_EQ(desk[3].linked, std::vector{storm.id});
  EXPECT_EQ(storm.linked, std::vector{desk[3].id});
  EXPECT_EQ(desk.members(), 19u);
  EXPECT_TRUE(desk[4].left_to_storm());
  desk.act(4, ActionKind::acknowledge, 30);
  EXPECT_FALSE(desk[4].left_to_storm());
  EXPECT_EQ(desk[4].storm, storm.id);
}

TEST(Storm, AClosedTruePositiveIsReopenedByAFurtherMember) {
  Desk desk;
  desk.groups(25, 0);
  const std::uint64_t number = desk.storms().at(0).number;
  desk.act(number, ActionKind::close, 26);
  EXPECT_EQ(desk[number].state, State::closed);
  desk.groups(1, 30);
  EXPECT_EQ(desk[number].state, State::investigating);
}

TEST(Storm, HistoryHasItsOwn) {
  Desk desk;
  desk.groups(15, 0);
  desk.groups(15, 20, 1, event::kHistoric);
  EXPECT_TRUE(desk.storms().empty());
  desk.groups(15, 40, 1, event::kHistoric);
  ASSERT_EQ(desk.storms().size(), 1u);
  EXPECT_TRUE(desk.storms()[0].historic);
}

TEST(Storm, OutlivesARestart) {
  Desk desk;
  Desk steady;
  for (const std::int64_t from : {0, 15, 30, 45}) {
    desk.groups(12, from);
    steady.groups(12, from);
    desk.restart();
  }
  EXPECT_EQ(desk.engine().checkpoint(), steady.engine().checkpoint());
  ASSERT_EQ(desk.storms().size(), 1u);
  EXPECT_EQ(desk.storms()[0].members, 48u);
}

TEST(Storm, CanBeSwitchedOff) {
  for (const std::uint64_t groups : {0, 1}) {
    EngineOptions options;
    options.storm.groups = groups;
    Desk desk(options);
    desk.groups(100, 0);
    EXPECT_TRUE(desk.storms().empty());
    EXPECT_EQ(desk.news(), 100u);
  }
}

}  // namespace
}  // namespace vakt::engine
