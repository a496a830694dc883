// Who is one for a correlation, what rules add to a risk, and how long a correlation waits.
#include "engine/entity.h"

#include <gtest/gtest.h>

#include <deque>

#include "lib/engine/rules_by_hand.h"

namespace vakt::engine {
namespace {

using std::chrono::seconds;
using testing::at;
using testing::Hits;
using testing::make_engine;

rule::Grouping of_bits(std::uint8_t ipv4, std::uint8_t ipv6) {
  return {.networks = true, .ipv4_bits = ipv4, .ipv6_bits = ipv6};
}

TEST(Entity, IsAValueWithoutItsCase) {
  const rule::Grouping any_case{.ignore_case = true};
  EXPECT_EQ(entity_of(any_case, "CORP\\Änne"), entity_of(any_case, "corp\\äNNE"));
  EXPECT_EQ(entity_of(any_case, "Root"), "root");
  EXPECT_EQ(entity_of(any_case, "R\xC3oot\xFF"), "r\xC3oot\xFF");
  EXPECT_EQ(entity_of({}, "Root"), "Root");
}

TEST(Entity, IsANetwork) {
  const rule::Grouping networks = of_bits(24, 64);
  EXPECT_EQ(entity_of(networks, "198.51.100.7"), "198.51.100.0/24");
  EXPECT_EQ(entity_of(networks, "2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
  EXPECT_EQ(entity_of(networks, "::ffff:198.51.100.7"), "198.51.100.0/24");
  EXPECT_EQ(entity_of(networks, "not an address"), "not an address");
  EXPECT_EQ(entity_of(of_bits(16, 128), "198.51.100.0/24"), "198.51.0.0/16");
  EXPECT_EQ(entity_of(networks, "198.51.0.0/16"), "198.51.0.0/16");
  EXPECT_EQ(entity_of(of_bits(20, 128), "198.51.111.255"), "198.51.96.0/20");
  EXPECT_EQ(entity_of(of_bits(20, 128), "2001:DB8::0:4"), "2001:db8::4");
  EXPECT_EQ(entity_of(of_bits(32, 128), "::ffff:198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(entity_of({}, "::ffff:198.51.100.7"), "::ffff:198.51.100.7");
}

std::shared_ptr<rule::RuleSet> load(const std::string& correlation) {
  Diagnostics diagnostics;
  auto set = rule::load_texts({{"rules.yml",
                                "title: a\nname: a\nlevel: low\nlogsource: {product: p}\n"
                                "detection: {s: {A: 1}, condition: s}\nvakt: {risk: 30}\n---\n"
                                "title: b\nname: b\nlevel: low\nlogsource: {product: p}\n"
                                "detection: {s: {B: 1}, condition: s}\nvakt: {risk: 40}\n---\n"
                                "title: c\nname: c\nlevel: informational\nlogsource: {product: p}\n"
                                "detection: {s: {C: 1}, condition: s}\n---\n" +
                                    correlation}},
                              diagnostics);
  EXPECT_TRUE(diagnostics.empty());
  return std::make_shared<rule::RuleSet>(std::move(set));
}

class World {
 public:
  explicit World(const std::string& correlation) : engine_(make_engine(load(correlation))) {}

  // The incidents that open.
  std::vector<incident::Incident> hit(std::int64_t s, const std::string& ip,
                                      const std::string& user, std::uint32_t rule) {
    Hits& hits = hits_.emplace_back();
    hits.add(at(s), ip, user, rule);
    hits.mark("s", at(s), at(s));
    return opened(engine_.apply({at(s), hits.input()}));
  }
  std::vector<incident::Incident> pass(std::int64_t s) {
    Hits& hits = hits_.emplace_back();
    hits.mark("s", at(s), at(s));
    return opened(engine_.apply({at(s), hits.input()}));
  }

 private:
  static std::vector<incident::Incident> opened(const Effects& effects) {
    std::vector<incident::Incident> out;
    for (const incident::Incident& i : effects.incidents)
      for (const incident::IncidentId& id : effects.opened)
        if (i.id == id) out.push_back(i);
    return out;
  }

  std::deque<Hits> hits_;
  Engine engine_;
};

TEST(Entity, ANetworkIsOneGroup) {
  World world(
      "title: c\ncorrelation: {type: event_count, rules: a, group-by: source.ip, timespan: 1m, "
      "condition: {gte: 3}}\nlevel: high\nvakt: {group_by: {source.ip: {ipv4: 24}}}\n");
  EXPECT_TRUE(world.hit(0, "198.51.100.1", "u", 0).empty());
  EXPECT_TRUE(world.hit(1, "198.51.101.1", "u", 0).empty());
  EXPECT_TRUE(world.hit(2, "198.51.100.2", "u", 0).empty());
  const auto opened = world.hit(3, "198.51.100.3", "u", 0);
  ASSERT_EQ(opened.size(), 1u);
  ASSERT_EQ(opened[0].detection.group.size(), 1u);
  EXPECT_EQ(opened[0].detection.group[0].second, "198.51.100.0/24");
}

// 30 + 30 + 40 within the hour; what is older no longer counts.
TEST(Entity, RiskAddsUp) {
  World world(
      "title: risk\ncorrelation: {type: value_sum, rules: any, group-by: user.name, timespan: 1h, "
      "condition: {field: vakt.risk, gte: 100}}\nlevel: high\n"
      "vakt: {group_by: {user.name: ignore_case}}\n");
  EXPECT_TRUE(world.hit(0, "i", "Anna", 1).empty());
  EXPECT_TRUE(world.hit(3600, "i", "anna", 0).empty());
  EXPECT_TRUE(world.hit(3610, "i", "ANNA", 0).empty());
  EXPECT_TRUE(world.hit(3615, "i", "berta", 1).empty());
  EXPECT_TRUE(world.hit(3620, "i", "anna", 2).empty());  // of no risk: no part of it
  EXPECT_TRUE(world.pass(4000).empty());
  EXPECT_TRUE(world.hit(4000, "i", "Anna", 1).empty());
  const auto opened = world.pass(4200);
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].detection.group[0].second, "anna");
  EXPECT_EQ(opened[0].detection.opened_event_time, at(4000));
  EXPECT_EQ(opened[0].detection.event_count, 3u);
  EXPECT_EQ(opened[0].evidence_entries, 3u);
}

TEST(Entity, DifferentRulesAreCounted) {
  World world(
      "title: many\ncorrelation: {type: value_count, rules: any, group-by: host.name, timespan: "
      "1h, condition: {field: vakt.rule, gte: 2}}\nlevel: high\n");
  EXPECT_TRUE(world.hit(0, "i", "u", 0).empty());
  EXPECT_TRUE(world.hit(1, "i", "u", 0).empty());
  EXPECT_EQ(world.hit(2, "i", "u", 1).size(), 1u);
}

// The watermark of others is a minute behind; this one waits ten more.
TEST(Entity, ACorrelationWaitsAsLongAsItSays) {
  const auto opened_at = [](const std::string& more) {
    World world(
        "title: c\ncorrelation: {type: event_count, rules: a, group-by: source.ip, timespan: 1m, "
        "condition: {eq: 2}}\nlevel: high\n" +
        more);
    world.hit(0, "i", "u", 0);
    world.hit(1, "i", "u", 0);
    for (std::int64_t s = 2; s < 2000; ++s)
      if (!world.pass(s).empty()) return s;
    return std::int64_t{0};
  };
  EXPECT_EQ(opened_at(""), 62);
  EXPECT_EQ(opened_at("vakt: {disorder: 10m}\n"), 662);
}

}  // namespace
}  // namespace vakt::engine
