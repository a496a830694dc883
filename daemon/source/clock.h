// The one place where the data path reads the wall clock: once a read or a batch.
#pragma once

#include <chrono>

#include "base/time.h"

namespace vakt::source {

inline Time wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace vakt::source
