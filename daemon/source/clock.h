// The one place where the data path reads the wall clock: once a read or a batch.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace vakt::source {

inline Time wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

inline std::uint64_t unix_seconds() {
  return static_cast<std::uint64_t>(to_ns(wall_clock()) / 1'000'000'000);
}

}  // namespace vakt::source
