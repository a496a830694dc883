// Content hashes: what makes two rules the same. Internal to this folder.
//
// The order of values, fields and detections, their names, and repetitions do not count; what no
// condition uses does not either.
#pragma once

#include "rule/rule.h"

namespace vakt::rule {

Hash128 detection_hash(const Rule& rule, const std::vector<Filter>& filters);
// Its members' hashes are known.
Hash128 detection_hash(const Correlation& correlation, const RuleSet& set);
// Of everything but the places (file, line).
Hash128 set_hash(const RuleSet& set);

}  // namespace vakt::rule
