#include "incident/kpi.h"

#include <gtest/gtest.h>

namespace vakt::incident {
namespace {

using std::chrono::seconds;

const Time kOpened = from_unix_seconds(1'795'000'000);
const Time kNow = kOpened + std::chrono::hours(24);

Incident opened() {
  Incident i;
  i.opened_at = kOpened;
  i.detection.first_event_time = kOpened - seconds(30);
  return i;
}

void state(Incident& i, FactId id, Time time, const std::string& key = "") {
  ASSERT_TRUE(i.facts.state({id, key, format_rfc3339(time)}, "ada", kNow, ""));
}

TEST(Kpi, MeasuresWhatHappened) {
  KpiSum sum;
  Incident i = opened();
  i.acknowledged_at = kOpened + seconds(60);
  i.contained_at = kOpened + seconds(600);
  i.restored_at = kOpened + seconds(6'000);
  sum.add(i);
  Incident other = opened();
  state(other, FactId::occurred_at, kOpened - seconds(100));
  state(other, FactId::detected_at, kOpened - seconds(40));
  state(other, FactId::significance_decided_at, kOpened + seconds(260));
  state(other, FactId::unavailable_from, kOpened - seconds(50), "shop");
  state(other, FactId::restored_at, kOpened + seconds(50), "shop");
  state(other, FactId::restored_at, kOpened + seconds(160), "mail");
  ASSERT_TRUE(other.facts.state({FactId::users_affected, {}, "1200"}, "ada", kNow, ""));
  other.restored_at = kOpened + seconds(9'999);  // its services say it better
  sum.add(other);
  const Kpis k = sum.result();
  EXPECT_EQ(k.incidents, 2u);
  EXPECT_EQ(k.detect.count, 2u);
  EXPECT_EQ(k.detect.median, 45);  // 30 and 60
  EXPECT_EQ(k.detect.p90, 60);
  EXPECT_EQ(k.acknowledge.count, 1u);
  EXPECT_EQ(k.acknowledge.median, 60);
  EXPECT_EQ(k.decide.median, 300);
  EXPECT_EQ(k.contain.median, 600);
  EXPECT_EQ(k.restore.count, 3u);
  EXPECT_EQ(k.restore.median, 200);  // 100, 200, 6000
  EXPECT_EQ(k.restore.p90, 6'000);
  EXPECT_EQ(k.users_affected.count, 1u);
  EXPECT_EQ(k.users_affected.median, 1'200);
}

TEST(Kpi, LeavesOutWhatIsNoIncidentOfItsOwn) {
  KpiSum sum;
  for (int kind = 0; kind < 4; ++kind) {
    Incident i = opened();
    if (kind == 0) i.merged_into = IncidentId{1, 2};
    if (kind == 1) i.historic = true;
    if (kind == 2) i.disposition = Disposition::duplicate;
    if (kind == 3) i.disposition = Disposition::test;
    sum.add(i);
  }
  EXPECT_EQ(sum.result().incidents, 0u);
  EXPECT_EQ(sum.result().left_out, 4u);
  EXPECT_EQ(sum.result().detect.count, 0u);
}

TEST(Kpi, NegativeTimesCountAsZeroAndAreCounted) {
  KpiSum sum;
  Incident i = opened();
  i.acknowledged_at = kOpened - seconds(5);
  sum.add(i);
  const Kpis k = sum.result();
  EXPECT_EQ(k.acknowledge.count, 1u);
  EXPECT_EQ(k.acknowledge.negative, 1u);
  EXPECT_EQ(k.acknowledge.median, 0);
}

TEST(Kpi, NinetyPercentAreNotAboveP90) {
  KpiSum sum;
  for (int i = 1; i <= 10; ++i) {
    Incident of = opened();
    of.acknowledged_at = kOpened + seconds(i);
    sum.add(of);
  }
  EXPECT_EQ(sum.result().acknowledge.p90, 9);
  EXPECT_EQ(sum.result().acknowledge.median, 5.5);
}

}  // namespace
}  // namespace vakt::incident
