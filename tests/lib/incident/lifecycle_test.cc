#include "incident/lifecycle.h"

#include <gtest/gtest.h>

namespace vakt::incident {
namespace {

const Time kNow = from_unix_seconds(1'795'000'000);  // 2026-11-18T09:06:40Z

Incident fresh() {
  Incident i;
  i.id = {1, 2};
  i.number = 7;
  return i;
}

Action action(ActionKind kind, std::string text = "") {
  Action a;
  a.kind = kind;
  a.actor = "ada";
  a.role = "analyst";
  a.text = std::move(text);
  return a;
}

Action states(std::vector<Statement> statements, std::string text = "") {
  Action a = action(ActionKind::state_facts, std::move(text));
  a.statements = std::move(statements);
  return a;
}

TEST(Lifecycle, AnEntrySaysWhoInWhichRoleAndWhy) {
  Incident i = fresh();
  const auto entry = apply(i, action(ActionKind::contain, "blocked"), kNow);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->actor, "ada");
  EXPECT_EQ(entry->role, "analyst");
  EXPECT_EQ(entry->kind, "contained");
  EXPECT_EQ(entry->text, "new -> contained: blocked");
  EXPECT_EQ(i.revision, 2u);
  EXPECT_EQ(i.acknowledged_at, kNow);
}

TEST(Lifecycle, WhenItHappenedMayBeEarlierThanWhenItIsSaid) {
  Incident i = fresh();
  Action contain = action(ActionKind::contain);
  contain.at = kNow - std::chrono::hours(2);
  ASSERT_TRUE(apply(i, contain, kNow));
  EXPECT_EQ(i.contained_at, kNow - std::chrono::hours(2));
  Action later = action(ActionKind::restore);
  later.at = kNow + std::chrono::seconds(1);
  const auto refused = apply(i, later, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "'at' is in the future");
}

TEST(Lifecycle, AnAcknowledgementEndsWhenNobodyGoesOn) {
  Incident i = fresh();
  Action ack = action(ActionKind::acknowledge);
  ack.until = kNow + std::chrono::hours(4);
  ASSERT_TRUE(apply(i, ack, kNow));
  const Action expire = action(ActionKind::expire_acknowledgement);
  EXPECT_FALSE(apply(i, expire, *ack.until - Duration(1))) << "it goes on";
  ack.until = kNow + std::chrono::hours(8);
  EXPECT_TRUE(apply(i, ack, kNow)) << "it is renewed";
  EXPECT_FALSE(apply(i, expire, kNow + std::chrono::hours(5)));
  const auto over = apply(i, expire, *ack.until);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->kind, "acknowledgement_expired");
  EXPECT_EQ(i.state, State::fresh);
  EXPECT_TRUE(i.decided()) << "somebody has looked at it";
  EXPECT_EQ(i.acknowledged_at, kNow) << "what was measured stays";
  EXPECT_FALSE(apply(i, expire, kNow + std::chrono::hours(9)));

  ASSERT_TRUE(apply(i, ack, kNow));
  ASSERT_TRUE(apply(i, action(ActionKind::investigate), kNow));
  EXPECT_FALSE(i.acknowledged_until) << "somebody went on";
  ack.until = kNow;
  Incident other = fresh();
  EXPECT_FALSE(apply(other, ack, kNow));
}

TEST(Lifecycle, ReopeningNeedsAReason) {
  Incident i = fresh();
  EXPECT_FALSE(apply(i, action(ActionKind::reopen, "why"), kNow)) << "it is not closed";
  Action close = action(ActionKind::close);
  close.disposition = Disposition::benign;
  ASSERT_TRUE(apply(i, close, kNow));
  EXPECT_FALSE(apply(i, action(ActionKind::reopen), kNow));
  const auto reopened = apply(i, action(ActionKind::reopen, "it is back"), kNow);
  ASSERT_TRUE(reopened);
  EXPECT_EQ(reopened->text, "it is back");
  EXPECT_EQ(i.state, State::investigating);
  EXPECT_EQ(i.disposition, Disposition::none);
  EXPECT_FALSE(i.closed_at);
}

TEST(Lifecycle, WhatPeopleMergedTheyCanTakeApart) {
  Incident i = fresh();
  Action merge = action(ActionKind::merge, "one attacker");
  EXPECT_FALSE(apply(i, merge, kNow)) << "into which?";
  merge.into = i.id;
  EXPECT_FALSE(apply(i, merge, kNow)) << "into itself";
  merge.into = IncidentId{3, 4};
  ASSERT_TRUE(apply(i, merge, kNow));
  EXPECT_EQ(i.merged_into, merge.into);
  EXPECT_FALSE(apply(i, action(ActionKind::acknowledge), kNow)) << "act on the other";
  EXPECT_TRUE(apply(i, action(ActionKind::note, "seen"), kNow));
  ASSERT_TRUE(apply(i, action(ActionKind::unmerge), kNow));
  EXPECT_FALSE(i.merged_into);
  EXPECT_FALSE(apply(i, action(ActionKind::unmerge), kNow));

  i.merged_into = IncidentId{3, 4};  // by detection
  const auto refused = apply(i, action(ActionKind::unmerge), kNow);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("one episode"), std::string::npos);
}

TEST(Lifecycle, FactsAreStatedAllOrNone) {
  Incident i = fresh();
  const auto refused =
      apply(i, states({{FactId::tlp, {}, "red"}, {FactId::kind, {}, "odd"}}), kNow);
  EXPECT_FALSE(refused);
  EXPECT_TRUE(i.facts.all().empty());
  EXPECT_EQ(i.revision, 1u);
  EXPECT_FALSE(i.decided());

  const auto stated = apply(
      i, states({{FactId::tlp, {}, "red"}, {FactId::kind, {}, "near_miss"}}, "said Eva"), kNow);
  ASSERT_TRUE(stated);
  EXPECT_EQ(stated->kind, "facts");
  EXPECT_EQ(stated->text, "tlp: none -> red; kind: none -> near_miss: said Eva");
  EXPECT_TRUE(i.decided());
  EXPECT_EQ(apply(i, states({{FactId::tlp, {}, "red"}}), kNow).error().message,
            "INC-7 says so already");
  EXPECT_FALSE(apply(i, states({}), kNow));
}

TEST(Lifecycle, DecidingSignificanceSaysWhen) {
  Incident i = fresh();
  ASSERT_TRUE(apply(i, states({{FactId::significant, {}, "yes"}}), kNow));
  EXPECT_EQ(i.facts.time(FactId::significance_decided_at), kNow);
  const Time earlier = kNow - std::chrono::hours(1);
  ASSERT_TRUE(apply(i,
                    states({{FactId::significant, {}, "no"},
                            {FactId::significance_decided_at, {}, format_rfc3339(earlier)}}),
                    kNow));
  EXPECT_EQ(i.facts.time(FactId::significance_decided_at), earlier);
}

TEST(Lifecycle, SayingADecisionAgainDoesNotMoveIt) {
  Incident i = fresh();
  ASSERT_TRUE(apply(i, states({{FactId::significant, {}, "yes"}}), kNow));
  const Time later = kNow + std::chrono::hours(24);
  EXPECT_FALSE(apply(i, states({{FactId::significant, {}, "yes"}}), later));
  ASSERT_TRUE(
      apply(i, states({{FactId::significant, {}, "yes"}, {FactId::tlp, {}, "red"}}), later));
  EXPECT_EQ(i.facts.time(FactId::significance_decided_at), kNow);
  ASSERT_TRUE(apply(i, states({{FactId::significant, {}, std::nullopt}}), later));
  EXPECT_FALSE(i.facts.time(FactId::significance_decided_at));
}

TEST(Lifecycle, ChangingAwarenessNeedsAReason) {
  Incident i = fresh();
  const Statement first{FactId::aware_at, {}, "2026-11-18T08:00:00Z"};
  const Statement other{FactId::aware_at, {}, "2026-11-18T08:30:00Z"};
  const Statement none{FactId::aware_at, {}, std::nullopt};
  ASSERT_TRUE(apply(i, states({first}), kNow)) << "the first needs none";
  for (const Statement& change : {other, none}) {
    const auto refused = apply(i, states({change}), kNow);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("stated by ada"), std::string::npos);
  }
  ASSERT_TRUE(apply(i, states({other}, "the call log says so"), kNow));
  EXPECT_EQ(i.facts.find(FactId::aware_at)->reason, "the call log says so");
}

TEST(Lifecycle, WhoReadAnOlderOneIsTold) {
  Incident i = fresh();
  Action note = action(ActionKind::note, "first");
  note.expected_revision = 1;
  ASSERT_TRUE(apply(i, note, kNow));
  const auto late = apply(i, note, kNow);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::conflict);
}

}  // namespace
}  // namespace vakt::incident
