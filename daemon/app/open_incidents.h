// OpenIncidents: how many incidents are open, by state and severity, and since when: recomputed
// from the store at start, then kept by every change. Thread: the committer's (and whoever starts
// it).
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "incident/incident.h"
#include "metrics/counters.h"
#include "store/store.h"

namespace vakt::app {

class OpenIncidents {
 public:
  // Forgets all and reads the store.
  Result<void> load(const store::Store& store);
  void apply(const incident::Incident& incident);
  void publish(metrics::Counters& counters) const;
  // Whose acknowledgement is over; each once.
  std::vector<incident::IncidentId> take_expired(Time now);

 private:
  struct Known {
    incident::State state;
    rule::Level severity;
    Time opened_at;
    std::optional<Time> acknowledged_until;
  };
  void forget(incident::IncidentId id);

  std::map<incident::IncidentId, Known> open_;
  std::set<std::pair<Time, incident::IncidentId>> acknowledged_until_;
  std::array<std::array<std::uint64_t, metrics::kSeverities>, metrics::kStates> counts_{};
  std::array<std::multiset<Time>, metrics::kSeverities> since_;
};

}  // namespace vakt::app
