#include "rule/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

const std::vector<std::string_view>& known_keys() {
  static const std::vector<std::string_view> keys = {
      "title",  "id",        "name",         "related",        "taxonomy", "status",
      "author", "license",   "scope",        "date",           "modified", "description",
      "fields", "tags",      "level",        "logsource",      "generate", "references",
      "filter", "detection", "correlation",  "falsepositives", "action",   "type",
      "vakt",   "aliases",   "sigma-version"};
  return keys;
}

constexpr std::array kLevels = {Level::informational, Level::low, Level::medium, Level::high,
                                Level::critical};
constexpr std::array<std::uint32_t, 5> kRisks = {0, 10, 30, 60, 90};  // by level
constexpr std::array<std::string_view, 5> kStatus = {"stable", "test", "experimental", "deprecated",
                                                     "unsupported"};

Level read_level(const yaml::Node& document, Reporter& reporter) {
  const std::string text = to_lower(read_text(document, "level", reporter));
  if (text.empty()) return Level::medium;
  std::vector<std::string_view> known;
  for (const Level level : kLevels) {
    if (text == to_string(level)) return level;
    known.push_back(to_string(level));
  }
  std::string hint = yaml::did_you_mean(text, known);
  if (hint.empty()) hint = "use informational, low, medium, high or critical";
  reporter.error(place(*document.find("level")), "unknown level '" + text + "'", hint);
  return Level::medium;
}

std::string read_status(const yaml::Node& document, Reporter& reporter) {
  std::string text = to_lower(read_text(document, "status", reporter));
  if (!text.empty() && std::find(kStatus.begin(), kStatus.end(), text) == kStatus.end())
    reporter.warn(place(*document.find("status")), "unknown status '" + text + "'",
                  yaml::did_you_mean(text, {kStatus.begin(), kStatus.end()}));
  return text;
}

std::string read_name(const yaml::Node& document, std::string_view key, Reporter& reporter) {
  std::string text = read_text(document, key, reporter);
  if (text.size() > kNameBytesMax) {
    reporter.error(place(*document.find(key)),
                   fmt::format("the {} is longer than {} bytes", key, kNameBytesMax));
    text.clear();
  }
  return text;
}

// Descriptive lists never stop a rule.
std::vector<std::string> read_notes(const yaml::Node& document, std::string_view key,
                                    Reporter& reporter) {
  std::vector<std::string> out;
  const yaml::Node* node = document.find(key);
  if (node == nullptr || node->is_null()) return out;
  if (node->is_scalar()) return {node->text};
  for (const yaml::Node& item : node->items) {
    if (item.is_scalar())
      out.push_back(item.text);
    else
      reporter.warn(place(item), fmt::format("an item of '{}' is not a text", key));
  }
  if (node->is_map()) reporter.warn(place(*node), fmt::format("'{}' is not a list of texts", key));
  return out;
}

}  // namespace

std::string read_text(const yaml::Node& map, std::string_view key, Reporter& reporter) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr || node->is_null()) return {};
  if (node->is_scalar()) return node->text;
  reporter.error(place(*node), fmt::format("'{}' must be a text", key));
  return {};
}

std::vector<std::string> read_texts(const yaml::Node& node, std::string_view what,
                                    Reporter& reporter) {
  std::vector<std::string> out;
  const auto add = [&](const yaml::Node& item) {
    if (!item.is_scalar() || item.text.empty())
      reporter.error(place(item), fmt::format("{} must be a text", what));
    else if (item.text.size() > kNameBytesMax)
      reporter.error(place(item), fmt::format("{} of more than {} bytes", what, kNameBytesMax));
    else
      out.push_back(item.text);
  };
  if (!node.is_sequence()) {
    add(node);
    return out;
  }
  for (const yaml::Node& item : node.items) add(item);
  return out;
}

void read_risk(const yaml::Node& custom, Metadata& meta, Reporter& reporter) {
  const yaml::Node* node = custom.find("risk");
  if (node == nullptr) return;
  const std::string& text = node->text;
  std::uint32_t risk = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), risk);
  if (!node->is_scalar() || error != std::errc{} || end != text.data() + text.size() ||
      risk > kRiskMax)
    reporter.error(place(*node), fmt::format("'risk' must be a whole number up to {}", kRiskMax),
                   "for example: vakt: {risk: 40}");
  else
    meta.risk = risk;
}

void warn_of_near_misses(const yaml::Node& document, Reporter& reporter) {
  for (const yaml::Entry& entry : document.entries) {
    const auto& known = known_keys();
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const auto near = std::find_if(known.begin(), known.end(), [&](std::string_view key) {
      return yaml::edit_distance(to_lower(entry.key), key, 1) <= 1;
    });
    if (near != known.end())
      reporter.warn(place(entry), "'" + entry.key + "' is no key of Sigma and has no effect",
                    fmt::format("did you mean '{}'?", *near));
  }
}

Metadata read_metadata(const yaml::Node& document, Reporter& reporter) {
  Metadata meta;
  meta.file = reporter.file();
  meta.line = document.line;
  meta.name = read_name(document, "name", reporter);
  meta.id = read_name(document, "id", reporter);
  if (meta.id.empty()) meta.id = meta.name;
  meta.title = read_text(document, "title", reporter);
  if (meta.title.empty())
    reporter.error(place(document), "the title is missing", "say in a few words what is detected");
  meta.description = read_text(document, "description", reporter);
  for (const std::string& author : read_notes(document, "author", reporter))
    meta.author += (meta.author.empty() ? "" : ", ") + author;
  meta.status = read_status(document, reporter);
  meta.level = read_level(document, reporter);
  meta.risk = kRisks.at(static_cast<std::size_t>(meta.level));
  meta.tags = read_notes(document, "tags", reporter);
  meta.references = read_notes(document, "references", reporter);
  meta.falsepositives = read_notes(document, "falsepositives", reporter);
  return meta;
}

}  // namespace vakt::rule
