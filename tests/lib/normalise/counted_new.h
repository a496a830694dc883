// Calls of operator new in this test binary so far.
#pragma once

#include <cstddef>

namespace vakt::normalise {

std::size_t allocations();

}  // namespace vakt::normalise
