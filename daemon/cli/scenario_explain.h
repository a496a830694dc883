// Why an incident that a scenario expects did not open: how often its rules matched, how far the
// count got, and the event that came nearest, with its condition tree. For people: slow.
#pragma once

#include <memory>
#include <string>

#include "cli/scenario.h"

namespace vakt::cli {

// Of the rule or correlation with that id, name or title slug. Lines; safe for a terminal.
std::string explain_missing(const Scenario& scenario,
                            const std::shared_ptr<const engine::Pipeline>& pipeline,
                            const std::string& rule);

}  // namespace vakt::cli
