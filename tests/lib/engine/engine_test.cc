#include "engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "lib/engine/rules_by_hand.h"

namespace vakt::engine {
namespace {

using incident::ActionKind;
using incident::Disposition;
using incident::Incident;
using incident::State;
using std::chrono::seconds;
using testing::at;
using testing::Hits;
using testing::make_engine;

// All incidents as last stored.
class Seen {
 public:
  const Effects& take(Effects effects) {
    effects_ = std::move(effects);
    for (const Incident& i : effects_.incidents) by_number_[i.number] = i;
    return effects_;
  }
  Incident& operator[](std::uint64_t number) { return by_number_.at(number); }
  std::size_t size() const { return by_number_.size(); }

 private:
  Effects effects_;
  std::map<std::uint64_t, Incident> by_number_;
};

Input one_hit(Hits& hits, std::int64_t s, std::uint32_t rule = 0, std::uint16_t flags = 0) {
  hits.add(at(s), "192.0.2.1", "root", rule, flags);
  hits.mark("s", at(s), at(s), (flags & event::kHistoric) != 0);
  return {at(s), hits.input()};
}

Command command(const Incident& incident, ActionKind kind,
                Disposition disposition = Disposition::none) {
  Command c;
  c.incident = incident.id;
  c.action.kind = kind;
  c.action.actor = "anna";
  c.action.text = "because";
  c.action.disposition = disposition;
  return c;
}

TEST(Engine, OpensWhenTheThresholdIsReachedAndOnlyThen) {
  Engine engine = make_engine(testing::rules({{10, 3, false}}));
  Seen seen;
  std::deque<Hits> hits;
  for (int s = 0; s < 2; ++s)
    EXPECT_TRUE(seen.take(engine.apply(one_hit(hits.emplace_back(), s))).opened.empty());
  EXPECT_EQ(seen.take(engine.apply(one_hit(hits.emplace_back(), 2))).opened.size(), 1u);
  EXPECT_TRUE(seen.take(engine.apply(one_hit(hits.emplace_back(), 3))).opened.empty());
  const Incident& i = seen[1];
  EXPECT_EQ(i.detection.rule_id, "count-0");
  EXPECT_EQ(i.detection.first_event_time, at(0));
  EXPECT_EQ(i.detection.last_event_time, at(3));
  EXPECT_EQ(i.detection.opened_event_time, at(2));
  EXPECT_EQ(i.detection.opened_by, (event::Position{42, 2}));
  EXPECT_EQ(i.detection.event_count, 4u);
  EXPECT_EQ(i.detection.peak, 4u);
  EXPECT_EQ(i.evidence_entries, 4u);
  ASSERT_EQ(i.detection.group.size(), 1u);
  EXPECT_EQ(i.detection.group[0].second, "192.0.2.1");
  EXPECT_FALSE(i.final);
}

TEST(Engine, TheWatermarkMakesItFinal) {
  Engine engine = make_engine(testing::rules({{10, 1, false}}));
  Seen seen;
  std::deque<Hits> hits;
  seen.take(engine.apply(one_hit(hits.emplace_back(), 0)));
  // 60 s of disorder and a window of 10 s: not before 70 s.
  Hits others;
  others.mark("s", at(69), at(69));
  seen.take(engine.apply({at(69), others.input()}));
  EXPECT_FALSE(seen[1].final);
  Hits more;
  more.mark("s", at(70), at(70));
  seen.take(engine.apply({at(70), more.input()}));
  EXPECT_TRUE(seen[1].final);
  EXPECT_EQ(engine.groups(), 0u);
  EXPECT_EQ(engine.state_bytes(), 0u);
}

TEST(Engine, SilenceAdvancesTheWatermarkButASlowFeedDoesNot) {
  Engine engine = make_engine(testing::rules({{10, 1, false}}));
  Seen seen;
  std::deque<Hits> hits;
  seen.take(engine.apply(one_hit(hits.emplace_back(), 0)));
  seen.take(engine.apply({at(4), Tick{}}));
  EXPECT_EQ(engine.watermark(false), at(-60));
  seen.take(engine.apply({at(69), Tick{}}));
  EXPECT_FALSE(seen[1].final);
  seen.take(engine.apply({at(70), Tick{}}));
  EXPECT_TRUE(seen[1].final);
}

TEST(Engine, TwoEpisodesBridgedByALateArrivalMerge) {
  Engine engine = make_engine(testing::rules({{10, 2, false}}));
  Seen seen;
  std::deque<Hits> hits;
  for (const int s : {0, 1, 12, 13}) seen.take(engine.apply(one_hit(hits.emplace_back(), s)));
  ASSERT_EQ(seen.size(), 2u);
  seen.take(engine.apply(one_hit(hits.emplace_back(), 6)));
  EXPECT_EQ(seen[2].merged_into, seen[1].id);
  EXPECT_EQ(seen[1].detection.event_count, 5u);
  EXPECT_EQ(seen[1].detection.last_event_time, at(13));
  seen.take(engine.apply(one_hit(hits.emplace_back(), 14)));
  EXPECT_EQ(seen[1].detection.event_count, 6u);
}

TEST(Engine, WhatPeopleDecidedIsLinkedNotMerged) {
  Engine engine = make_engine(testing::rules({{10, 2, false}}));
  Seen seen;
  std::deque<Hits> hits;
  for (const int s : {0, 1, 12, 13}) seen.take(engine.apply(one_hit(hits.emplace_back(), s)));
  seen.take(engine.apply({at(13), command(seen[2], ActionKind::acknowledge)}));
  seen.take(engine.apply(one_hit(hits.emplace_back(), 6)));
  EXPECT_FALSE(seen[2].merged_into);
  EXPECT_EQ(seen[2].linked, std::vector{seen[1].id});
  EXPECT_EQ(seen[1].linked, std::vector{seen[2].id});
  EXPECT_EQ(seen[2].owner, "anna");
}

TEST(Engine, FurtherHitsReopenATruePositiveAndOnlyCountOtherwise) {
  for (const Disposition disposition : {Disposition::true_positive, Disposition::benign}) {
    Engine engine = make_engine(testing::rules({{10, 1, false}}));
    Seen seen;
    std::deque<Hits> hits;
    seen.take(engine.apply(one_hit(hits.emplace_back(), 0)));
    seen.take(engine.apply({at(1), command(seen[1], ActionKind::close, disposition)}));
    EXPECT_EQ(seen[1].state, State::closed);
    seen.take(engine.apply(one_hit(hits.emplace_back(), 2)));
    const bool reopened = disposition == Disposition::true_positive;
    EXPECT_EQ(seen[1].state, reopened ? State::investigating : State::closed);
    EXPECT_EQ(seen[1].hits_after_close, reopened ? 0u : 1u);
    EXPECT_EQ(seen.size(), 1u);
  }
}

TEST(Engine, ACommandOnAnIncidentOutOfMemoryUsesTheLoadedRecord) {
  Engine engine = make_engine(testing::rules({{10, 1, false}}));
  Seen seen;
  std::deque<Hits> hits;
  seen.take(engine.apply(one_hit(hits.emplace_back(), 0)));
  seen.take(engine.apply({at(5'000), Tick{}}));
  ASSERT_TRUE(seen[1].final);
  EXPECT_EQ(engine.find(seen[1].id), nullptr);
  Command c = command(seen[1], ActionKind::contain);
  EXPECT_EQ(engine.apply({at(5'001), c}).answer->error().code, Errc::not_found);
  c.loaded = seen[1];
  const Effects& effects = seen.take(engine.apply({at(5'002), c}));
  ASSERT_TRUE(effects.answer && *effects.answer);
  EXPECT_EQ(seen[1].state, State::contained);
  EXPECT_EQ(seen[1].contained_at, at(5'002));
  EXPECT_EQ(seen[1].acknowledged_at, at(5'002));
}

TEST(Engine, SingleRulesHaveAQuietPeriodPerHost) {
  Engine engine = make_engine(testing::rules({}));
  Seen seen;
  std::deque<Hits> hits;
  seen.take(engine.apply(one_hit(hits.emplace_back(), 0, 1)));
  seen.take(engine.apply(one_hit(hits.emplace_back(), 3599, 1)));
  EXPECT_EQ(seen.size(), 1u);
  seen.take(engine.apply(one_hit(hits.emplace_back(), 3599 + 3600, 1)));
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[2].detection.group[0].second, "h1");
}

TEST(Engine, HistoryHasALaneOfItsOwn) {
  Engine engine = make_engine(testing::rules({{10, 2, false}}));
  Seen seen;
  std::deque<Hits> hits;
  seen.take(engine.apply(one_hit(hits.emplace_back(), 0, 0, event::kHistoric)));
  EXPECT_FALSE(engine.watermark(false));
  seen.take(engine.apply(one_hit(hits.emplace_back(), 1)));  // live: another group state
  EXPECT_EQ(seen.size(), 0u);
  seen.take(engine.apply({at(250), Tick{}}));  // history does not follow the clock
  seen.take(engine.apply(one_hit(hits.emplace_back(), 1, 0, event::kHistoric)));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen[1].historic);
  EXPECT_FALSE(seen[1].late);
}

TEST(Engine, ALateEventCountsIsMarkedAndIsRemembered) {
  Engine engine = make_engine(testing::rules({{10, 2, false}}));
  Seen seen;
  std::deque<Hits> hits;
  Hits far;
  far.mark("s", at(1000), at(1000));
  engine.apply({at(1000), far.input()});
  const auto late = [&](std::int64_t s) {
    Hits& h = hits.emplace_back();
    h.add(at(s), "192.0.2.1", "root", 0, 0, at(1001));
    h.mark("s", at(s), at(1001));
    seen.take(engine.apply({at(1001), h.input()}));
  };
  late(100);
  late(101);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen[1].late);
  EXPECT_EQ(engine.counters().late_counted, 2u);
  EXPECT_FALSE(seen[1].final);  // remembered for five minutes of received time
  seen.take(engine.apply({at(1302), Tick{}}));
  EXPECT_TRUE(seen[1].final);
  EXPECT_EQ(engine.groups(), 0u);
}

// The events of an episode that is final are still remembered while a later one goes on; a late one
// that belongs to it does not find its crossing again.
TEST(Engine, ALateEventDoesNotReopenWhatIsFinal) {
  Engine engine = make_engine(testing::rules({{600, 3, true}}));
  Seen seen;
  std::deque<Hits> hits;
  const auto hit = [&](std::int64_t s, const std::string& user, std::int64_t received) {
    Hits& h = hits.emplace_back();
    h.add(at(s), "192.0.2.1", user, 0, 0, at(received));
    h.mark("s", at(s), at(received));
    return seen.take(engine.apply({at(received), h.input()})).opened.size();
  };
  hit(0, "root", 0);
  hit(10, "a", 10);
  EXPECT_EQ(hit(20, "b", 20), 1u);
  hit(640, "c", 640);
  EXPECT_FALSE(seen[1].final);
  Hits& progress = hits.emplace_back();
  progress.mark("s", at(690), at(690));
  seen.take(engine.apply({at(690), progress.input()}));
  EXPECT_TRUE(seen[1].final);
  EXPECT_EQ(hit(5, "root", 700), 0u);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[1].detection.event_count, 3u);
}

TEST(Engine, ASourceThatLagsFarBehindHoldsNothingBack) {
  Engine engine = make_engine(testing::rules({}));
  Hits marks;
  marks.mark("fast", at(1000), at(1000));
  marks.mark("slow", at(500), at(1000));
  engine.apply({at(1000), marks.input()});
  EXPECT_EQ(engine.watermark(false), at(440));
  Hits later;
  later.mark("fast", at(1101), at(1101));
  later.mark("slow", at(500), at(1101));
  engine.apply({at(1101), later.input()});
  EXPECT_EQ(engine.watermark(false), at(1041));
  EXPECT_EQ(engine.lagging_sources(), 1u);
}

TEST(Engine, ASilentSourceLeavesAfterFiveMinutes) {
  Engine engine = make_engine(testing::rules({}));
  Hits marks;
  marks.mark("a", at(0), at(0));
  marks.mark("b", at(0), at(0));
  engine.apply({at(0), marks.input()});
  for (const int s : {300, 301}) {
    Hits a;
    a.mark("a", at(s), at(s));
    engine.apply({at(s), a.input()});
    EXPECT_EQ(engine.watermark(false), s == 300 ? at(-60) : at(241)) << s;
  }
}

TEST(Engine, AFloodOfGroupsCannotPushOutASlowAttack) {
  EngineOptions options;
  options.state_bytes_max = 64 * 1024;
  Engine engine = make_engine(testing::rules({{7200, 3, false}}), options);
  Seen seen;
  std::deque<Hits> hits;
  for (int step = 0; step < 3; ++step) {
    seen.take(engine.apply(one_hit(hits.emplace_back(), step * 600)));
    Hits flood;
    for (int i = 0; i < 2000; ++i)
      flood.add(at(step * 600), "10." + std::to_string(step) + "." + std::to_string(i), "x");
    flood.mark("s", at(step * 600), at(step * 600));
    seen.take(engine.apply({at(step * 600), flood.input()}));
  }
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[1].detection.group[0].second, "192.0.2.1");
  EXPECT_GT(engine.counters().groups_refused, 0u);
  EXPECT_LE(engine.state_bytes(), options.state_bytes_max + 4096);
}

TEST(Engine, HitsWithoutTheGroupKeyAreCounted) {
  Engine engine = make_engine(testing::rules({{10, 1, true}}));
  event::Hit hit;
  hit.event_time = at(0);
  engine.apply({at(0), HitsInput{1, {&hit, 1}, {}}});
  EXPECT_EQ(engine.counters().ungrouped, 1u);
  EXPECT_EQ(engine.groups(), 0u);
}

Input change_to(std::int64_t s, const std::vector<testing::CountingRule>& counting) {
  const event::FieldNames names;
  return {at(s), RulesChange{std::make_shared<const Detectors>(testing::rules(counting), names,
                                                               rule::Level::high),
                             "v2"}};
}

TEST(Engine, ANewThresholdFindsTheCountsOfTheOldOne) {
  Engine engine = make_engine(testing::rules({{10, 5, false}}));
  Seen seen;
  std::deque<Hits> hits;
  for (const int s : {0, 1}) seen.take(engine.apply(one_hit(hits.emplace_back(), s)));
  seen.take(engine.apply(change_to(1, {{10, 3, false}, {10, 2, false}})));
  EXPECT_EQ(engine.groups(), 1u);
  EXPECT_EQ(seen.size(), 0u);
  EXPECT_EQ(seen.take(engine.apply(one_hit(hits.emplace_back(), 2))).opened.size(), 1u);
  EXPECT_EQ(seen[1].detection.event_count, 3u);
  // Its incident goes on through the next change, under the same number.
  seen.take(engine.apply(change_to(2, {{10, 3, false}})));
  seen.take(engine.apply(one_hit(hits.emplace_back(), 3)));
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[1].detection.event_count, 4u);
  EXPECT_FALSE(seen[1].final);
}

TEST(Engine, WithItsRuleAnIncidentIsFinal) {
  Engine engine = make_engine(testing::rules({{10, 9, false}, {10, 1, false}}));
  Seen seen;
  std::deque<Hits> hits;
  seen.take(engine.apply(one_hit(hits.emplace_back(), 0)));
  ASSERT_EQ(seen.size(), 1u);
  const auto& effects = seen.take(engine.apply(change_to(1, {{10, 9, false}})));
  EXPECT_TRUE(seen[1].final);
  ASSERT_EQ(effects.timeline.size(), 1u);
  EXPECT_EQ(effects.timeline[0].kind, "final");
  EXPECT_EQ(seen[1].timeline_entries, 2u);
  EXPECT_EQ(engine.find(seen[1].id), nullptr);
  EXPECT_EQ(engine.groups(), 1u) << "what the other rule counted stays";
}

TEST(Engine, EvidenceIsBoundedButCountsGoOn) {
  EngineOptions options;
  options.evidence_max = 5;
  Engine engine = make_engine(testing::rules({{10, 1, false}}), options);
  Seen seen;
  std::deque<Hits> hits;
  for (int s = 0; s < 20; ++s) seen.take(engine.apply(one_hit(hits.emplace_back(), s)));
  EXPECT_EQ(seen[1].evidence_entries, 5u);
  EXPECT_EQ(seen[1].detection.event_count, 20u);
}

}  // namespace
}  // namespace vakt::engine
