// A time as a number in the order of the times, for big-endian keys: the sign bit is flipped, so
// that times before 1970 come first.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace vakt::store {

inline std::uint64_t sortable(Time time) {
  return static_cast<std::uint64_t>(to_ns(time)) ^ (1ull << 63);
}

inline Time from_sortable(std::uint64_t number) {
  return from_ns(static_cast<std::int64_t>(number ^ (1ull << 63)));
}

}  // namespace vakt::store
