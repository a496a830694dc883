// What an input changes, collected while it is applied and turned into Effects at its end.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace vakt::engine {

class Engine::Changes {
 public:
  explicit Changes(Effects& effects) : effects_(effects) {}

  // The record will be stored as it is when the input has been applied.
  void touch(const incident::Incident& incident) { touched_[incident.number] = incident.id; }
  // A record that the engine does not keep.
  void put(incident::Incident incident) { effects_.incidents.push_back(std::move(incident)); }
  void add(incident::TimelineEntry entry) { effects_.timeline.push_back(std::move(entry)); }
  void opened(incident::IncidentId id) { effects_.opened.push_back(id); }
  // The engine will not need it after this input.
  void forget(incident::IncidentId id) { forgotten_.push_back(id); }
  // False: it has as much as it may have.
  bool evidence(incident::Incident& incident, std::uint64_t sequence, std::uint32_t ordinal,
                std::size_t evidence_max) {
    if (incident.evidence_entries >= evidence_max) return false;
    effects_.evidence.push_back({incident.id, incident.evidence_entries++, sequence, ordinal});
    return true;
  }

  void finish(std::map<incident::IncidentId, incident::Incident>& incidents) {
    for (const auto& [number, id] : touched_) effects_.incidents.push_back(incidents.at(id));
    for (const incident::IncidentId id : forgotten_) incidents.erase(id);
  }

 private:
  Effects& effects_;
  std::map<std::uint64_t, incident::IncidentId> touched_;  // by number
  std::vector<incident::IncidentId> forgotten_;
};

}  // namespace vakt::engine
