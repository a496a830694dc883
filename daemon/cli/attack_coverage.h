// Which techniques and tactics of MITRE ATT&CK rules name in their tags (attack.t1059.001,
// attack.execution).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "rule/rule.h"

namespace vakt::cli {

struct AttackCoverage {
  std::map<std::string, std::size_t> tactics;     // "credential-access": rules that name it
  std::map<std::string, std::size_t> techniques;  // "T1059.001"
  std::size_t untagged = 0;                       // rules that name neither
};

AttackCoverage attack_coverage(const std::vector<const rule::Metadata*>& rules);

// A layer of the ATT&CK Navigator (format 4.5): one score a technique, the number of its rules.
std::string navigator_layer(const AttackCoverage& coverage);

}  // namespace vakt::cli
