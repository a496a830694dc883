// What rules and correlations have in common: title, id, level and so on. Internal to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rule/reporter.h"
#include "rule/rule.h"

namespace vakt::rule {

// `id` stays empty where the document has neither id nor name.
Metadata read_metadata(const yaml::Node& document, Reporter& reporter);

// `vakt.risk`, where there is one.
void read_risk(const yaml::Node& custom, Metadata& meta, Reporter& reporter);

// Sigma allows custom attributes, so a key that is nearly a known one is worth a warning only.
void warn_of_near_misses(const yaml::Node& document, Reporter& reporter);

// A text, number or boolean as it is written; empty for null or no node. Anything else is an error.
std::string read_text(const yaml::Node& map, std::string_view key, Reporter& reporter);
// A list of texts, or one text.
std::vector<std::string> read_texts(const yaml::Node& node, std::string_view what,
                                    Reporter& reporter);

}  // namespace vakt::rule
