// Runs the tests that rules carry (custom attribute `vakt.tests`) on the matcher that the daemon
// uses, with the filters of the set they belong to.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "cli/scenario_runner.h"

namespace vakt::cli {

struct InlineOutcomes {
  std::vector<Outcome> outcomes;  // by file and line
  Diagnostics diagnostics;        // of the rules below the paths and of what they were loaded with
  std::size_t refused = 0;        // errors below the paths: tests of those rules did not run
};

// Of the rules in the files and directories `paths`. Each is loaded together with `rules`; if that
// is empty, with the directory above it that has a `decoders` folder; where there is none, alone.
InlineOutcomes run_inline_tests(const std::vector<std::string>& paths,
                                const std::vector<std::string>& rules);

}  // namespace vakt::cli
