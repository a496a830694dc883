// The timestamps that syslog senders write: ISO 8601, BSD (RFC 3164) without or with a year, and
// Cisco's. Internal to this folder.
#pragma once

#include <string_view>

#include "parse/civil.h"
#include "parse/syslog.h"

namespace vakt::parse {

struct Stamp {
  std::string_view text;
  bool has_time = false;  // false: it looks like a time, and there is no such day or hour
  bool year_guessed = false;
  bool colon = false;  // followed by ':', as Cisco does: no host comes after it
  Time time;
};

// Reads a timestamp (and a ':' after it) right at the cursor. False, and nothing read, where there
// is none.
//
// A BSD time gets its year from the record, else from context.year, else the latest one that puts
// it no later than a day after reception (for a leap day: the latest such year that has one).
bool read_stamp(Cursor& cursor, const SyslogContext& context, Stamp& stamp);

}  // namespace vakt::parse
