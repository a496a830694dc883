// Event: one log record, parsed. Its texts point into the Batch that holds it and die with it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "event/field_names.h"

namespace vakt::event {

enum class ValueKind : std::uint8_t { string, number, boolean, null };

// A field of an event. A JSON array gives one Field per element, all with the same id; an empty
// array gives one null. Numbers keep their text as sent.
struct Field {
  FieldId id = kNoField;
  ValueKind kind = ValueKind::string;
  std::string_view text;  // "true"/"false" for booleans, empty for null
};

// What was noticed about a record (reference/ingest.md section 5). Kept with it in the store.
enum Flag : std::uint16_t {
  kUnparsed = 1 << 0,     // no header or no JSON found: the whole text is the message
  kTruncated = 1 << 1,    // longer than the event limit: the prefix was kept
  kHadNul = 1 << 2,       // contained NUL; the parsed view has U+FFFD there
  kBadUtf8 = 1 << 3,      // contained invalid UTF-8; the parsed view has U+FFFD there
  kTimeSuspect = 1 << 4,  // no usable time, or more than 24 h ahead: event_time = received_time
  kYearGuessed = 1 << 5,  // the record had no year and no `year` was configured
  kHistoric = 1 << 6,     // far behind its reception, or imported: see DESIGN "History is not news"
};

// Number of a log-source route: a set of Sigma log sources (see event/log_source.h). 0: none.
using RouteId = std::uint16_t;

struct Event {
  Time event_time;
  Time received_time;
  std::string_view raw;       // as received, without framing; never changed
  std::string_view keywords;  // what unbound keywords search beside `raw`: JSON strings that had
                              // escapes, unescaped and joined by '\n'; mostly empty
  std::uint32_t first_field = 0;
  std::uint32_t field_count = 0;
  std::uint32_t source = 0;  // index into the batch's sources
  std::uint16_t flags = 0;   // Flag
  RouteId route = 0;
  std::uint16_t listener = 0;
};

}  // namespace vakt::event
