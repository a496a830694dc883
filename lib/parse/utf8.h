// Does a frame need the sanitised copy that parse_syslog() asks for? Fast: a vector check, no copy.
#pragma once

#include <string_view>

namespace vakt::parse {

// True when `text` has a NUL or invalid UTF-8 (see base/text.h append_sanitised).
bool needs_sanitising(std::string_view text);

}  // namespace vakt::parse
