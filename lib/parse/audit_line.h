// One record of the Linux audit log as text: "type=EXECVE msg=audit(1364481363.243:24287): argc=2
// a0=..." as auditd writes it into its file and hands it to syslog. Views of the line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace vakt::parse {

struct AuditLine {
  std::string_view type;
  std::string_view stamp;  // "audit(1364481363.243:24287)"
  std::string_view node;   // empty: none
  Time time;
  std::string_view pairs;  // the rest
};

// Nullopt: not such a line.
std::optional<AuditLine> parse_audit_line(std::string_view line);

struct AuditPair {
  std::string_view name;
  std::string_view value;  // without quotes
  bool quoted = false;
};

// Takes the next pair off `pairs`, those inside of a msg='...' as if they stood for themselves.
// False: there is none.
bool next_audit_pair(std::string_view& pairs, AuditPair& pair);

// Values that programs choose stand in quotes, or in hexadecimal where they have spaces, quotes or
// control characters. Nullopt: `pair` has no such value. NULs (between arguments) become spaces.
std::optional<std::string> decode_audit_value(std::string_view type, const AuditPair& pair);

}  // namespace vakt::parse
