#include "incident/kpi.h"

#include <algorithm>
#include <charconv>

namespace vakt::incident {
namespace {

bool is_left_out(const Incident& i) {
  return i.merged_into || i.historic || i.left_to_storm() ||
         i.disposition == Disposition::duplicate || i.disposition == Disposition::test;
}

}  // namespace

// Stated times may lie centuries apart: more than a Duration holds.
void KpiSum::Measured::add(Time from, Time to) {
  const std::int64_t micros = to_ns(to) / 1'000 - to_ns(from) / 1'000;
  const double seconds = static_cast<double>(micros) * 1e-6;
  if (seconds < 0) ++negative;
  values.push_back(std::max(0.0, seconds));
}

Figure KpiSum::Measured::figure() const {
  Figure out;
  out.count = values.size();
  out.negative = negative;
  if (values.empty()) return out;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  out.median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  out.p90 = sorted[(n * 9 + 9) / 10 - 1];
  return out;
}

void KpiSum::add(const Incident& i) {
  if (is_left_out(i)) {
    ++left_out_;
    return;
  }
  ++incidents_;
  const Time occurred = i.facts.time(FactId::occurred_at).value_or(i.detection.first_event_time);
  const Time detected = i.facts.time(FactId::detected_at).value_or(i.opened_at);
  detect_.add(occurred, detected);
  if (i.acknowledged_at) acknowledge_.add(i.opened_at, *i.acknowledged_at);
  if (const auto decided = i.facts.time(FactId::significance_decided_at))
    decide_.add(detected, *decided);
  if (i.contained_at) contain_.add(detected, *i.contained_at);
  bool by_service = false;
  for (const Fact& fact : i.facts.all()) {
    if (fact.id != FactId::restored_at) continue;
    by_service = true;
    const Fact* from = i.facts.find(FactId::unavailable_from, fact.key);
    const auto restored = parse_rfc3339(fact.value);
    const auto begun = from != nullptr ? parse_rfc3339(from->value) : std::optional(detected);
    if (restored && begun) restore_.add(*begun, *restored);
  }
  if (!by_service && i.restored_at) restore_.add(detected, *i.restored_at);
  std::uint64_t users = 0;
  const std::string_view text = i.facts.text(FactId::users_affected);
  if (std::from_chars(text.data(), text.data() + text.size(), users).ec == std::errc())
    users_.values.push_back(static_cast<double>(users));
}

Kpis KpiSum::result() const {
  Kpis out;
  out.incidents = incidents_;
  out.left_out = left_out_;
  out.detect = detect_.figure();
  out.acknowledge = acknowledge_.figure();
  out.decide = decide_.figure();
  out.contain = contain_.figure();
  out.restore = restore_.figure();
  out.users_affected = users_.figure();
  return out;
}

}  // namespace vakt::incident
