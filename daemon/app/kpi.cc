#include "app/kpi.h"

#include <algorithm>

namespace vakt::app {

void Kpi::committed(const source::Work& work, Time committed) {
  for (const incident::IncidentId id : work.opened) {
    const auto& incidents = work.commit.incidents;
    const auto found = std::find_if(incidents.begin(), incidents.end(),
                                    [&](const incident::Incident& i) { return i.id == id; });
    if (found != incidents.end()) opened(*work.loaded, *found, committed);
  }
  if (work.command && work.answer && *work.answer) decided(**work.answer, work.commit.now);
}

void Kpi::opened(const source::Loaded& rules, const incident::Incident& incident, Time committed) {
  const auto found = rules.detector_of_rule.find(incident.detection.rule_id);
  if (found != rules.detector_of_rule.end())
    metrics::add(rules.counters.detectors[found->second]->opened);
  if (incident.historic) return;
  const auto severity = static_cast<std::size_t>(incident.severity);
  observe(*counters_.time_to_detect_event[severity],
          committed - incident.detection.first_event_time);
  observe(*counters_.time_to_detect_reception[severity],
          committed - incident.deciding_received_time);
}

// A command changes stages at its own `now`; older stages were observed when they were reached.
void Kpi::decided(const incident::Incident& incident, Time now) {
  const auto severity = static_cast<std::size_t>(incident.severity);
  if (incident.closed_at == now && incident.state == incident::State::closed)
    metrics::add(
        counters_.incidents_closed[static_cast<std::size_t>(incident.disposition)][severity]);
  if (incident.historic) return;
  if (incident.acknowledged_at == now)
    observe(*counters_.time_to_acknowledge[severity], now - incident.opened_at);
  if (incident.restored_at == now)
    observe(*counters_.time_to_restore[severity], now - incident.opened_at);
}

void Kpi::observe(metrics::Histogram& histogram, Duration interval) {
  if (interval < Duration::zero()) metrics::add(counters_.negative_intervals);
  histogram.observe(to_seconds(std::max(interval, Duration::zero())));
}

}  // namespace vakt::app
