// Readers of the two kinds of documents. Internal to this folder.
#pragma once

#include <string>
#include <vector>

#include "rule/reporter.h"
#include "rule/rule.h"

namespace vakt::rule {

// The result counts only if the reporter has not failed.
Rule read_rule(const yaml::Node& document, Metadata meta, const LoadOptions& options,
               Reporter& reporter);

// A rule that a correlation names, not yet looked up.
struct Reference {
  std::string name;
  Place at;
};
struct UnresolvedCorrelation {
  Correlation correlation;
  std::vector<Reference> references;
};
UnresolvedCorrelation read_correlation(const yaml::Node& document, Metadata meta,
                                       Reporter& reporter);

}  // namespace vakt::rule
