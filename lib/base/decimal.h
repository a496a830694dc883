// Decimal numbers as whole millionths: sums of them are exact in any order, and 0.1 + 0.2 is 0.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vakt {

// "12", "-0.5", "1e3", "+7.25": from about -9.2e12 to 9.2e12; a seventh decimal is rounded (half
// away from zero). Nothing else around it: nullopt.
std::optional<std::int64_t> parse_micros(std::string_view text);

// Without decimals that are zero: "12.5".
std::string format_micros(std::int64_t micros);

}  // namespace vakt
