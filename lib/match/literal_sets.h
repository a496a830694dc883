// Literals that several classes scan a field for. Internal to this folder.
#pragma once

#include <vector>

#include "match/condition.h"

namespace vakt::match {

// Where sets are nearly the same (their union at most a quarter larger than each), the union takes
// their place: compiling it once costs less than compiling each, and scanning for a few patterns
// that a class has no use for costs next to nothing. Sets are sorted and without duplicates.
void share_alike(const std::vector<std::vector<AtomId>*>& sets);

}  // namespace vakt::match
