// Who an event is about, as correlations group it (rule/rule.h, Grouping).
#pragma once

#include <string>
#include <string_view>

#include "rule/rule.h"

namespace vakt::engine {

// "198.51.100.7" with ipv4_bits 24: "198.51.100.0/24". An IPv4 address in IPv6's form
// (::ffff:198.51.100.7, RFC 4291 section 2.5.5.2) is one of IPv4.
std::string entity_of(const rule::Grouping& grouping, std::string_view value);

}  // namespace vakt::engine
