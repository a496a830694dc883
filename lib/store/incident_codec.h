// Bytes of an incident and of its timeline entries. What a listing filters by comes first, so that
// looking through many incidents decodes few. Versioned, checksummed; decoding checks everything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "incident/incident.h"

namespace vakt::store {

void encode_incident(const incident::Incident& incident, std::string& out);
std::optional<incident::Incident> decode_incident(std::string_view bytes);

// The first part of an incident's record. `rule_id` points into the decoded bytes.
struct IncidentHead {
  incident::State state = incident::State::fresh;
  rule::Level severity = rule::Level::medium;
  bool merged = false;
  bool left_to_storm = false;
  std::string_view rule_id;
};
std::optional<IncidentHead> decode_incident_head(std::string_view bytes);

// The id and the index are the entry's key (keys.h) and not repeated here.
void encode_timeline(const incident::TimelineEntry& entry, std::string& out);
std::optional<incident::TimelineEntry> decode_timeline(incident::IncidentId id, std::uint32_t index,
                                                       std::string_view bytes);

}  // namespace vakt::store
