#include "app/open_incidents.h"

namespace vakt::app {

namespace {
constexpr std::size_t kPage = 1'000;
}

Result<void> OpenIncidents::load(const store::Store& store) {
  *this = {};
  store::IncidentQuery query;
  query.include_closed = false;
  query.limit = kPage;
  while (true) {
    const auto page = store.incidents(query);
    if (!page) return tl::make_unexpected(page.error());
    for (const incident::Incident& incident : *page) apply(incident);
    if (page->size() < kPage) return {};
    query.before_number = page->back().number;
  }
}

void OpenIncidents::forget(incident::IncidentId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  const Known& known = found->second;
  const auto severity = static_cast<std::size_t>(known.severity);
  --counts_[static_cast<std::size_t>(known.state)][severity];
  since_[severity].erase(since_[severity].find(known.opened_at));
  if (known.acknowledged_until) acknowledged_until_.erase({*known.acknowledged_until, id});
  open_.erase(found);
}

void OpenIncidents::apply(const incident::Incident& incident) {
  forget(incident.id);
  if (incident.merged_into || incident.left_to_storm() || incident.state == incident::State::closed)
    return;
  const auto severity = static_cast<std::size_t>(incident.severity);
  open_.emplace(incident.id, Known{incident.state, incident.severity, incident.opened_at,
                                   incident.acknowledged_until});
  if (incident.acknowledged_until)
    acknowledged_until_.emplace(*incident.acknowledged_until, incident.id);
  ++counts_[static_cast<std::size_t>(incident.state)][severity];
  since_[severity].insert(incident.opened_at);
}

std::vector<incident::IncidentId> OpenIncidents::take_expired(Time now) {
  std::vector<incident::IncidentId> out;
  while (!acknowledged_until_.empty() && acknowledged_until_.begin()->first <= now) {
    out.push_back(acknowledged_until_.begin()->second);
    acknowledged_until_.erase(acknowledged_until_.begin());
  }
  return out;
}

void OpenIncidents::publish(metrics::Counters& counters) const {
  for (std::size_t state = 0; state < counts_.size(); ++state)
    for (std::size_t severity = 0; severity < counts_[state].size(); ++severity)
      counters.incidents_open[state][severity].store(counts_[state][severity],
                                                     std::memory_order_relaxed);
  for (std::size_t severity = 0; severity < since_.size(); ++severity) {
    const auto& since = since_[severity];
    const auto seconds =
        since.empty()
            ? 0
            : std::chrono::duration_cast<std::chrono::seconds>(since.begin()->time_since_epoch())
                  .count();
    counters.oldest_open_unix_seconds[severity].store(static_cast<std::uint64_t>(seconds),
                                                      std::memory_order_relaxed);
  }
}

}  // namespace vakt::app
