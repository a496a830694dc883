// A JSON record's time: text in RFC 3339 (zone optional: then `zone`, null = UTC), or epoch
// seconds / milliseconds / microseconds / nanoseconds told apart by magnitude, integer or decimal.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace date {
class time_zone;
}

namespace vakt::parse {

std::optional<Time> parse_timestamp(std::string_view text, const date::time_zone* zone);

}  // namespace vakt::parse
