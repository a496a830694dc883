// Tests inside a rule, the custom attribute `vakt.tests`. Internal to this folder.
#pragma once

#include <vector>

#include "rule/reporter.h"
#include "rule/rule.h"

namespace vakt::rule {

// Of a rule with that log source, which is the label of events that name none.
std::vector<InlineTest> read_inline_tests(const yaml::Node& tests,
                                          const event::LogSource& logsource, Reporter& reporter);

}  // namespace vakt::rule
