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

event::LogSource read_logsource(const yaml::Node& document, Reporter& reporter);

// The names of the fields that they use, each once.
std::vector<std::string> fields_of(const std::vector<Detection>& detections);

// What a section with detections and a condition is read into.
struct DetectionSection {
  std::vector<Detection>& detections;
  Expr& condition;
};
void read_detection_section(const yaml::Node& section, DetectionSection out,
                            const LoadOptions& options, Reporter& reporter);

// A rule that a correlation or filter names, not yet looked up.
struct Reference {
  std::string name;
  Place at;
};
struct UnresolvedAlias {
  std::string name;
  Reference rule;
  std::string field;
};
struct UnresolvedCorrelation {
  Correlation correlation;
  std::vector<Reference> references;
  std::vector<UnresolvedAlias> aliases;
};
UnresolvedCorrelation read_correlation(const yaml::Node& document, Metadata meta,
                                       Reporter& reporter);
// The `condition` of a correlation whose type and rules are read.
void read_correlation_condition(const yaml::Node& correlation,
                                const std::vector<Reference>& references, Correlation& out,
                                Reporter& reporter);
std::string_view type_name(CorrelationType type);
// The custom attributes of a correlation whose group-by is read.
void read_correlation_attributes(const yaml::Node& document, Correlation& out, Reporter& reporter);
inline bool is_of_rule(std::string_view field) {
  return field == kRiskField || field == kRuleField;
}

struct UnresolvedFilter {
  Filter filter;
  event::LogSource logsource;  // rules whose log source it does not contain are left alone
  bool any_rule = false;
  std::vector<Reference> references;
  Place at;
};
UnresolvedFilter read_filter(const yaml::Node& document, Metadata meta, const LoadOptions& options,
                             Reporter& reporter);

}  // namespace vakt::rule
