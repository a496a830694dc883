// What people do to an incident: new -> acknowledged -> investigating -> contained -> restored ->
// closed. Stages may be skipped forwards (containing a new incident acknowledges it too); going
// back is refused, but for reopening a closed one, with a reason. Closing needs a disposition, and
// a reason where it is a false positive.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "incident/incident.h"

namespace vakt::incident {

// Numbers are stored: append only.
enum class ActionKind : std::uint8_t {
  acknowledge,
  investigate,
  contain,
  restore,
  close,
  note,
  state_facts,
  reopen,
  merge,
  unmerge,
  expire_acknowledgement,  // Vakt's own, when its time has come
};
std::string_view to_string(ActionKind kind);
std::optional<ActionKind> parse_action(std::string_view text);

struct Action {
  ActionKind kind = ActionKind::note;
  std::string actor;
  std::string role;  // in which the actor acts
  std::string text;  // reason or note; at most kActionTextBytesMax
  Disposition disposition = Disposition::none;
  std::optional<std::uint64_t> expected_revision;  // refuse when somebody changed it meanwhile
  std::vector<Statement> statements;               // of state_facts
  std::optional<IncidentId> into;                  // of merge: an incident that exists
  std::optional<Time> at;     // of acknowledge, contain, restore, close: when, if not now
  std::optional<Time> until;  // of acknowledge: see Incident::acknowledged_until
};

inline constexpr std::size_t kActionTextBytesMax = 16 * 1024;
inline constexpr std::size_t kStatementsMax = 100;  // of one action

// Changes `incident` and returns the entry for its timeline, or says why not and changes nothing.
// The caller stores both.
Result<TimelineEntry> apply(Incident& incident, const Action& action, Time now);

// Detection saw a further hit of a closed true positive's episode.
TimelineEntry reopen(Incident& incident, Time now);

// Takes the next timeline index of the incident.
TimelineEntry entry(Incident& incident, Time now, std::string actor, std::string kind,
                    std::string text, std::string role = {});

// "INC-17"
std::string display_name(const Incident& incident);

}  // namespace vakt::incident
