// Incident: what people work on. A plain record; how it changes is in lifecycle.h (people) and in
// the engine (detection). Stored whole at every change (store/README.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "event/hit.h"
#include "incident/facts.h"
#include "rule/rule.h"

namespace vakt::incident {

// Hash of rule, group and the position of the crossing known when it was opened. Never changes.
using IncidentId = Hash128;
// Of 32 lower-case hexadecimal digits.
std::optional<IncidentId> parse_id(std::string_view text);

// The order is the order of work; restored is the end of the harm, closed the end of the work.
enum class State : std::uint8_t {
  fresh,  // "new"
  acknowledged,
  investigating,
  contained,
  restored,
  closed,
};
inline constexpr std::size_t kStates = 6;
std::string_view to_string(State state);
std::optional<State> parse_state(std::string_view text);

// Why an incident was closed. `none` while it is not.
enum class Disposition : std::uint8_t {
  none,
  true_positive,
  benign,
  false_positive,
  duplicate,
  test,
};
std::string_view to_string(Disposition disposition);
std::optional<Disposition> parse_disposition(std::string_view text);

// The part of an incident that detection decides: equal for live, replay, preview and test.
struct Detection {
  std::string rule_id;
  Hash128 rule_hash;                                       // rule::…::detection_hash
  std::vector<std::pair<std::string, std::string>> group;  // field name, value; in group-by order
  Time first_event_time;
  Time last_event_time;
  Time opened_event_time;     // event time of the crossing
  event::Position opened_by;  // its position
  std::uint64_t event_count = 0;
  std::uint64_t peak = 0;     // largest count (or distinct count) within one window
  Hash128 evidence_digest{};  // sum of the hashes of its events' positions and raw text: equal
                              // sets of events give equal digests in any order
};

struct Incident {
  IncidentId id;
  std::uint64_t number = 0;    // 1, 2, 3 … in the order of opening; for people ("INC-17")
  std::uint64_t revision = 1;  // grows with every change but mere counting of further hits
  Detection detection;

  // Of the rule at the time of opening.
  std::string rule_title;
  std::string rule_author;
  rule::Level severity = rule::Level::medium;
  std::uint64_t threshold = 1;  // 0: its condition is not a lower bound of a count
  Duration window{};

  bool final = false;  // the watermark has passed the episode: detection will not change any more
  bool historic = false;                  // see DESIGN "History is not news"
  bool late = false;                      // opened by, or counting, an event below the watermark
  bool approximate = false;               // its counts of values are estimates: correlate::Sketch
  std::optional<IncidentId> merged_into;  // this one is no more
  std::string merged_by;                  // a person, who may take it back; empty: detection
  std::optional<IncidentId> continues;    // an episode longer than episode_max
  std::vector<IncidentId> linked;         // bridged by a late event, but people had decided
  std::optional<IncidentId> storm;        // the storm incident that it is a member of
  std::uint64_t members = 0;              // of a storm incident: how many; else 0
  std::uint64_t hits_after_close = 0;

  Time deciding_received_time;  // reception of the event that opened it
  Time opened_at;               // `now` of the input that opened it

  State state = State::fresh;
  Disposition disposition = Disposition::none;
  std::string owner;  // who acknowledged it
  std::optional<Time> acknowledged_at;
  std::optional<Time> acknowledged_until;  // then it is new again, unless somebody went on
  std::optional<Time> investigating_at;
  std::optional<Time> contained_at;
  std::optional<Time> restored_at;
  std::optional<Time> closed_at;
  Facts facts;
  std::uint32_t timeline_entries = 0;  // entries ever written: the next one's index
  std::uint32_t evidence_entries = 0;  // evidence rows ever written

  // Has a person touched it? Then detection no longer merges it away.
  bool decided() const {
    return state != State::fresh || acknowledged_at || !merged_by.empty() || !facts.all().empty();
  }
  // A member of a storm is worked on there, until somebody acts on it by itself.
  bool left_to_storm() const { return storm && !decided(); }
};

// One line of an incident's history. Append-only.
struct TimelineEntry {
  IncidentId incident;
  std::uint32_t index = 0;  // from 0, without gaps
  Time at;                  // `now` of the input that caused it
  std::string actor;        // name of a person or token; "vakt" for detection
  std::string role;         // in which the actor acted; empty for detection
  std::string kind;         // opened, crossing_moved, merged, unmerged, linked, continued,
                            // acknowledged, acknowledgement_expired, investigating, contained,
                            // restored, closed, reopened, note, facts, final, storm
  std::string text;         // for people; may hold text from events or people: escape on output
};

}  // namespace vakt::incident
