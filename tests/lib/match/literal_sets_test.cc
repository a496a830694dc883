#include "match/literal_sets.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lib/match/support.h"

namespace vakt::match {
namespace {

using namespace testing;

std::vector<std::vector<AtomId>> shared(std::vector<std::vector<AtomId>> sets) {
  std::vector<std::vector<AtomId>*> pointers;
  for (auto& set : sets) pointers.push_back(&set);
  share_alike(pointers);
  return sets;
}

using Sets = std::vector<std::vector<AtomId>>;

TEST(LiteralSets, NearlyTheSameBecomeOne) {
  EXPECT_EQ(shared({{1, 2, 3, 4}, {1, 2, 3, 4, 5}}), (Sets{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}}));
  EXPECT_EQ(shared({{1, 2, 3, 4, 5, 6, 7, 8}, {2, 3, 4, 5, 6, 7, 8, 9}}),
            (Sets{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 5, 6, 7, 8, 9}}));
}

TEST(LiteralSets, OthersStay) {
  const Sets unlike{{1, 2, 3, 4}, {1, 2, 3}, {5, 6, 7, 8}, {}, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(shared(unlike), unlike);
  EXPECT_EQ(shared({}), Sets{});
}

// However many join, none scans for more than a quarter beyond its own.
TEST(LiteralSets, AUnionDoesNotCreep) {
  Sets sets;
  for (AtomId first = 0; first < 40; ++first) {
    sets.emplace_back();
    for (AtomId a = first; a < first + 20; ++a) sets.back().push_back(a);
  }
  for (const auto& set : shared(sets)) {
    EXPECT_GE(set.size(), 20u);
    EXPECT_LE(set.size(), 25u);
  }
}

// Both routes scan for one set; the rule of one of them does not wake on the other.
TEST(LiteralSets, ARuleStaysOnItsRoute) {
  std::vector<rule::Rule> rules;
  for (int i = 0; i < 12; ++i)
    rules.push_back(
        make_rule(text("CommandLine", fmt::format("*common-{}-*", i)), {"windows", "", ""}));
  rules.push_back(make_rule(text("CommandLine", "*special*"), {"windows", "", "sysmon"}));
  event::Routes routes;
  const auto plain = routes.intern({{"windows", "", ""}});
  const auto sysmon = routes.intern({{"windows", "", "sysmon"}});
  std::vector<TestEvent> events;
  for (const auto route : {plain, sysmon}) {
    TestEvent e{{{"CommandLine", "a special one and common-7-"}}};
    e.route = route;
    events.push_back(e);
  }
  const Both both = run(rules, routes, events);
  EXPECT_EQ(both.matcher, (std::vector<Match>{{0, 7}, {1, 7}, {1, 12}}));
  EXPECT_EQ(both.matcher, both.reference);
}

}  // namespace
}  // namespace vakt::match
