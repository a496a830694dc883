// Sizes and network addresses as people write them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/config.h"

namespace vakt::config {

// "512MiB", "20GiB", "1500B", "1.5" is not one. Units: B KiB MiB GiB TiB, and kB MB GB TB in powers
// of 1,000. A number without unit is bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "127.0.0.1:5514", "[::1]:5514", "localhost:5514" (which is 127.0.0.1).
std::optional<Endpoint> parse_endpoint(std::string_view text);

bool is_loopback(const Endpoint& endpoint);

}  // namespace vakt::config
