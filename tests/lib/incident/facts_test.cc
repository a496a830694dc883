#include "incident/facts.h"

#include <gtest/gtest.h>

#include <set>

#include "incident/incident.h"

namespace vakt::incident {
namespace {

const Time kNow = from_unix_seconds(1'795'000'000);  // 2026-11-18T09:06:40Z

struct Row {
  FactId id;
  std::string key;
  std::optional<std::string> value;
  std::string change;  // empty: refused
};

TEST(Facts, SayWhatChangesAndKeepOneForm) {
  const std::string id(32, 'a');
  const std::string long_text(kFactBytesMax + 1, 'x');
  const Row rows[] = {
      {FactId::kind, "", "near_miss", "kind: none -> near_miss"},
      {FactId::kind, "", "cyber_threat", "kind: near_miss -> cyber_threat"},
      {FactId::kind, "", "storm", ""},
      {FactId::kind, "x", "near_miss", ""},
      {FactId::kind, "", std::nullopt, "kind: cyber_threat -> none"},
      {FactId::affected, "integrity", "", "affected[integrity]: none -> stated"},
      {FactId::affected, "honour", "", ""},
      {FactId::services, "web shop", "", "services[web shop]: none -> stated"},
      {FactId::services, "", "", ""},
      {FactId::services, "a\nb", "", ""},
      {FactId::services, "\xff", "", ""},
      {FactId::services, long_text, "", ""},
      {FactId::services, "web shop", std::nullopt, "services[web shop]: stated -> none"},
      {FactId::users_affected, "", "0120", "users_affected: none -> 120"},
      {FactId::users_affected, "", "-1", ""},
      {FactId::users_affected, "", "1e3", ""},
      {FactId::users_affected, "", "1000000000001", ""},
      {FactId::users_affected_percent, "", "12.50", "users_affected_percent: none -> 12.5"},
      {FactId::users_affected_percent, "", "100.00", "users_affected_percent: 12.5 -> 100"},
      {FactId::users_affected_percent, "", "100.01", ""},
      {FactId::users_affected_percent, "", "1.", ""},
      {FactId::users_affected_percent, "", "1.234", ""},
      {FactId::users_affected_estimated, "", "yes", ""},
      {FactId::users_affected_estimated, "", "true", "users_affected_estimated: none -> true"},
      {FactId::aware_at, "", "2026-11-17T10:00:00+01:00", "aware_at: none -> 2026-11-17T09:00:00Z"},
      {FactId::aware_at, "", "2026-11-17 10:00", ""},
      {FactId::aware_at, "", "2026-11-19T10:00:00Z", ""},  // has not come
      {FactId::restored_at, "shop", "2026-11-18T09:06:40Z",
       "restored_at[shop]: none -> 2026-11-18T09:06:40Z"},
      {FactId::restored_at, "", "2026-11-18T09:06:40Z", ""},
      {FactId::role, "legal", "Eva", "role[legal]: none -> Eva"},
      {FactId::role, "king", "Eva", ""},
      {FactId::tlp, "", "amber+strict", "tlp: none -> amber+strict"},
      {FactId::iocs, "192.0.2.1", "ipv4", "iocs[192.0.2.1]: none -> ipv4"},
      {FactId::iocs, "192.0.2.1", "address", ""},
      {FactId::caused_by, id, "", "caused_by[" + id + "]: none -> stated"},
      {FactId::caused_by, "INC-3", "", ""},
  };
  Facts facts;
  for (const Row& row : rows) {
    const std::string name = std::string(info(row.id).name) + " " + row.value.value_or("none");
    const std::size_t before = facts.all().size();
    const auto change = facts.state({row.id, row.key, row.value}, "ada", kNow, "because");
    ASSERT_EQ(change.has_value(), !row.change.empty()) << name << " " << row.key;
    if (change) {
      EXPECT_EQ(*change, row.change);
    } else {
      EXPECT_EQ(change.error().code, Errc::invalid);
      EXPECT_NE(change.error().message.find(info(row.id).name), std::string::npos);
      EXPECT_EQ(facts.all().size(), before);
    }
  }
  EXPECT_EQ(facts.time(FactId::aware_at), parse_rfc3339("2026-11-17T09:00:00Z"));
  EXPECT_EQ(facts.text(FactId::kind), "");
  const Fact* legal = facts.find(FactId::role, "legal");
  ASSERT_NE(legal, nullptr);
  EXPECT_EQ(legal->by, "ada");
  EXPECT_EQ(legal->reason, "because");
  EXPECT_EQ(legal->at, kNow);
}

TEST(Facts, TheSameAgainIsNoChange) {
  Facts facts;
  const Statement tlp{FactId::tlp, {}, "red"};
  EXPECT_EQ(*facts.state(tlp, "ada", kNow, ""), "tlp: none -> red");
  EXPECT_EQ(*facts.state(tlp, "eve", kNow, ""), "");
  EXPECT_EQ(facts.find(FactId::tlp)->by, "ada");
  EXPECT_EQ(*facts.state({FactId::systems, "db1", std::nullopt}, "ada", kNow, ""), "");
}

TEST(Facts, AreBoundedInNumber) {
  Facts facts;
  for (std::size_t i = 0; i < kFactsMax; ++i)
    ASSERT_TRUE(facts.state({FactId::systems, std::to_string(i), ""}, "ada", kNow, ""));
  const auto more = facts.state({FactId::systems, "more", ""}, "ada", kNow, "");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Errc::too_large);
  EXPECT_TRUE(facts.state({FactId::aware_at, "", "2026-11-17T10:00:00Z"}, "ada", kNow, ""))
      << "a statutory clock may hang on it";
  Facts restored;
  for (const Fact& fact : facts.all()) ASSERT_TRUE(restored.restore(fact));
  EXPECT_TRUE(facts.state({FactId::systems, "7", std::nullopt}, "ada", kNow, ""));
  EXPECT_TRUE(facts.state({FactId::systems, "more", ""}, "ada", kNow, ""));
}

TEST(Facts, KeepTheBeginningOfAReason) {
  Facts facts;
  std::string reason(254, 'x');
  for (int i = 0; i < 9; ++i) reason += "å";
  ASSERT_TRUE(facts.state({FactId::tlp, {}, "red"}, "ada", kNow, reason));
  EXPECT_EQ(facts.find(FactId::tlp)->reason, std::string(254, 'x') + "å…");
}

TEST(Facts, ComeBackFromBytesInOrderOnly) {
  Facts facts;
  for (const char* system : {"b", "a", "c"})
    ASSERT_TRUE(facts.state({FactId::systems, system, ""}, "ada", kNow, ""));
  Facts restored;
  for (const Fact& fact : facts.all()) EXPECT_TRUE(restored.restore(fact));
  EXPECT_FALSE(restored.restore(facts.all().back()));
  EXPECT_FALSE(restored.restore({static_cast<FactId>(200), "", "x", "ada", kNow, ""}));
}

TEST(Facts, NamesAreFoundAndLinksHaveReverses) {
  std::set<std::string_view> names;
  for (const FactInfo& info : fact_infos()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(find_fact(info.name), &info);
    EXPECT_FALSE(info.help.empty());
    EXPECT_EQ(info.type == ValueType::word, !info.words.empty()) << info.name;
    EXPECT_EQ(info.type == ValueType::incident, reverse_of(info.id).has_value()) << info.name;
    if (const auto reverse = reverse_of(info.id)) {
      EXPECT_EQ(reverse_of(*reverse), info.id);
    }
  }
  EXPECT_EQ(find_fact("odd"), nullptr);
}

}  // namespace
}  // namespace vakt::incident
