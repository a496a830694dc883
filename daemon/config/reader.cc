#include "config/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/units.h"
#include "yaml/suggest.h"

namespace vakt::config {

void Reader::error(const yaml::Node& node, std::string message, std::string hint) {
  diagnostics_.push_back(yaml::error_at(file_, node, std::move(message), std::move(hint)));
}

bool Reader::is_map(const yaml::Node& node, std::string_view what,
                    const std::vector<std::string_view>& known) {
  if (!node.is_map()) {
    error(node, fmt::format("{} must be a map", what),
          fmt::format("its keys: {}", fmt::join(known, ", ")));
    return false;
  }
  yaml::refuse_unknown_keys(file_, node, known, diagnostics_);
  return true;
}

const yaml::Node* Reader::map(const yaml::Node& parent, std::string_view key,
                              const std::vector<std::string_view>& known) {
  const yaml::Node* node = parent.find(key);
  if (node == nullptr || node->is_null()) return nullptr;
  return is_map(*node, fmt::format("'{}'", key), known) ? node : nullptr;
}

const yaml::Node* Reader::scalar(const yaml::Node& parent, std::string_view key) {
  const yaml::Node* node = parent.find(key);
  if (node == nullptr || node->is_null()) return nullptr;
  if (node->is_scalar()) return node;
  error(*node, fmt::format("'{}' must be a single value", key));
  return nullptr;
}

const yaml::Node* Reader::text(const yaml::Node& parent, std::string_view key, std::string& out) {
  const yaml::Node* node = scalar(parent, key);
  if (node == nullptr) return nullptr;
  if (node->text.empty())
    error(*node, fmt::format("'{}' must not be empty", key));
  else
    out = node->text;
  return node;
}

const yaml::Node* Reader::texts(const yaml::Node& parent, std::string_view key,
                                std::vector<std::string>& out) {
  const yaml::Node* node = parent.find(key);
  if (node == nullptr || node->is_null()) return nullptr;
  if (!node->is_sequence()) {
    error(*node, fmt::format("'{}' must be a list of texts", key), "write it as [first, second]");
    return node;
  }
  out.clear();
  for (const yaml::Node& item : node->items) {
    if (item.is_scalar() && !item.text.empty())
      out.push_back(item.text);
    else
      error(item, fmt::format("an entry of '{}' must be a text", key));
  }
  return node;
}

void Reader::flag(const yaml::Node& parent, std::string_view key, bool& out) {
  const yaml::Node* node = scalar(parent, key);
  if (node == nullptr) return;
  if (const auto value = yaml::as_bool(*node))
    out = *value;
  else
    error(*node, fmt::format("'{}' must be true or false", key));
}

std::optional<std::uint64_t> Reader::integer_value(const yaml::Node& parent, std::string_view key,
                                                   Range range) {
  const yaml::Node* node = scalar(parent, key);
  if (node == nullptr) return std::nullopt;
  const auto value = yaml::as_integer(*node);
  if (value && *value >= 0 && static_cast<std::uint64_t>(*value) >= range.min &&
      static_cast<std::uint64_t>(*value) <= range.max)
    return static_cast<std::uint64_t>(*value);
  error(*node, fmt::format("'{}' must be a whole number from {} to {}", key, range.min, range.max));
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::size_value(const yaml::Node& parent, std::string_view key,
                                                Range range) {
  const yaml::Node* node = scalar(parent, key);
  if (node == nullptr) return std::nullopt;
  const auto value = parse_size(node->text);
  if (!value) {
    error(*node, fmt::format("'{}' is not a size", node->text),
          "a whole number with B, KiB, MiB, GiB or TiB, such as 512MiB");
    return std::nullopt;
  }
  if (*value >= range.min && *value <= range.max) return value;
  error(*node, fmt::format("'{}' must be from {} to {} bytes", key, range.min, range.max));
  return std::nullopt;
}

std::optional<Duration> Reader::duration_value(const yaml::Node& parent, std::string_view key) {
  const yaml::Node* node = scalar(parent, key);
  if (node == nullptr) return std::nullopt;
  const auto value = parse_duration(node->text);
  if (value && *value >= Duration::zero()) return value;
  error(*node, fmt::format("'{}' is not a duration", node->text),
        "a whole number with s, m, h, d or w, such as 90s or 7d");
  return std::nullopt;
}

std::optional<std::size_t> Reader::choice_index(const yaml::Node& parent, std::string_view key,
                                                const std::vector<std::string_view>& names) {
  const yaml::Node* node = scalar(parent, key);
  if (node == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == node->text) return i;
  std::string hint = yaml::did_you_mean(node->text, names);
  error(*node,
        fmt::format("'{}' is no value of '{}': it is one of {}", node->text, key,
                    fmt::join(names, ", ")),
        std::move(hint));
  return std::nullopt;
}

}  // namespace vakt::config
