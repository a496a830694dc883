#include "cli/rule_paths.h"

#include <date/tz.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/text.h"
#include "config/config.h"

namespace vakt::cli {
namespace fs = std::filesystem;

namespace {

// The folder of that name in the first of `rules` that has one.
std::vector<std::string> folder_of(const std::vector<std::string>& rules, const char* name) {
  std::error_code error;
  for (const std::string& path : rules)
    if (const fs::path folder = fs::path(path) / name; fs::is_directory(folder, error))
      return {folder.string()};
  return {};
}

}  // namespace

RulePaths rule_paths(std::vector<std::string> rules, std::vector<std::string> decoders) {
  const config::Config defaults = config::defaults(config::Environment::of_process());
  RulePaths out{std::move(rules), std::move(decoders), {}};
  if (out.rules.empty()) out.rules = defaults.rules;
  if (out.decoders.empty()) out.decoders = folder_of(out.rules, "decoders");
  if (out.decoders.empty()) out.decoders = defaults.decoders;
  out.field_maps = folder_of(out.rules, "field_maps");
  if (out.field_maps.empty()) out.field_maps = defaults.field_maps;
  return out;
}

Result<void> add_placeholder(std::string_view text, rule::Placeholders& out) {
  const std::size_t sign = text.find('=');
  if (sign == 0 || sign == std::string_view::npos || sign + 1 == text.size())
    return fail(Errc::invalid, "'" + escape_terminal(text) + "' is no placeholder; write name=a,b");
  auto& values = out[std::string(text.substr(0, sign))];
  for (text.remove_prefix(sign + 1); !text.empty();) {
    const std::size_t end = std::min(text.find(','), text.size());
    values.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

std::optional<std::string> rules_root_of(const std::string& file) {
  std::error_code error;
  fs::path folder = fs::absolute(file, error).lexically_normal();
  while (folder.has_relative_path()) {
    folder = folder.parent_path();
    if (fs::is_directory(folder / "decoders", error)) return folder.string();
  }
  return std::nullopt;
}

std::optional<engine::Format> parse_format(std::string_view text) {
  if (text == "auto" || text == "automatic") return engine::Format::automatic;
  if (text == "syslog") return engine::Format::syslog;
  if (text == "json") return engine::Format::json;
  return std::nullopt;
}

std::optional<rule::Level> parse_level(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(rule::Level::critical); ++i)
    if (rule::to_string(static_cast<rule::Level>(i)) == text) return static_cast<rule::Level>(i);
  return std::nullopt;
}

const date::time_zone* find_zone(const std::string& name, std::string& why) {
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    why = "there is no time zone '" + name + "'; names are such as UTC or Europe/Stockholm";
    return nullptr;
  }
}

}  // namespace vakt::cli
