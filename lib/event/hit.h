// Hit: an event matched a rule's detection. It carries all that correlation and evidence need, so
// that it can be processed far from the batch it came from (and, later, on another machine).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/time.h"
#include "event/event.h"

namespace vakt::event {

// Where an event lies: `origin` names the ingesting store (new after every restore), `sequence`
// counts its events from 0 in committed order.
struct Position {
  std::uint64_t origin = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const Position&) const = default;
};

inline constexpr std::size_t kHitRawBytesMax = 8 * 1024;  // longer raw text is cut in the hit

struct Hit {
  std::uint32_t rule = 0;         // index into the rule set
  std::uint32_t ordinal = 0;      // among the hits of its event, by rule
  std::uint32_t event_index = 0;  // within its batch: sequence = the batch's first + event_index
  Time event_time;
  Time received_time;
  std::uint16_t flags = 0;        // event::Flag
  std::string_view source;        // name of the source
  std::string_view raw;           // first kHitRawBytesMax bytes
  std::span<const Field> fields;  // all fields of the event
};

}  // namespace vakt::event
