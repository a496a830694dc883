// Which rules, decoders and field maps a command works with, when it is not the daemon's
// configuration that says so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/pipeline.h"

namespace vakt::cli {

struct RulePaths {
  std::vector<std::string> rules;
  std::vector<std::string> decoders;
  std::vector<std::string> field_maps;
};

// Nothing given: those that ship with Vakt. Decoders and field maps come from the first rule
// directory that has a folder `decoders` or `field_maps`, else from the shipped rules.
RulePaths rule_paths(std::vector<std::string> rules, std::vector<std::string> decoders);

// "admins=alice,bob": adds to the placeholder's values. On failure the message says what is wrong.
Result<void> add_placeholder(std::string_view text, rule::Placeholders& out);

// The nearest directory above `file` that has a `decoders` folder.
std::optional<std::string> rules_root_of(const std::string& file);

// "automatic" and its short forms, "syslog", "json".
std::optional<engine::Format> parse_format(std::string_view text);
std::optional<rule::Level> parse_level(std::string_view text);

// A time zone by name, or null with the reason in `why`.
const date::time_zone* find_zone(const std::string& name, std::string& why);

}  // namespace vakt::cli
