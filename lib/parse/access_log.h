// One line of a web server's access log: the Common and the Combined Log Format, as Apache, nginx
// and many others write them. Views of the line; no allocation.
//
// User names, requests, referrers and agents are text of the client's choice: servers escape '"' in
// them with a backslash, so that a quoted part ends where the server says. Escapes are left as they
// are written.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace vakt::parse {

struct AccessLine {
  std::string_view client;
  std::string_view user;    // empty where the log has "-"; so are the others
  std::string_view method;  // empty where the request is none
  std::string_view target;  // path and query, or what was sent instead
  std::string_view path;    // of the target, up to '?'
  std::string_view status;
  std::string_view bytes;
  std::string_view referrer;
  std::string_view user_agent;
  std::string_view stamp;  // as written, without brackets
  Time time;
};

// Nullopt: not such a line.
std::optional<AccessLine> parse_access_line(std::string_view line);

}  // namespace vakt::parse
