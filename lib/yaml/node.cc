#include "yaml/node.h"

#include <algorithm>
#include <charconv>

#include "yaml/suggest.h"

namespace vakt::yaml {

constexpr std::size_t kUnknownReportedMax = 20;  // of a map

const Node* Node::find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& entry) { return entry.key == key; });
  return it == entries.end() ? nullptr : &it->value;
}

std::optional<bool> as_bool(const Node& node) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  const std::string& text = node.text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

// [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ (YAML 1.2.2, section 10.3.2), within 64 bits.
std::optional<std::int64_t> as_integer(const Node& node) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  std::string_view digits = node.text;
  int base = 10;
  if (digits.starts_with("0o") || digits.starts_with("0x")) {
    base = digits[1] == 'o' ? 8 : 16;
    digits.remove_prefix(2);
    if (digits.starts_with('-')) return std::nullopt;
  } else if (digits.starts_with('+')) {
    digits.remove_prefix(1);
    if (digits.starts_with('-')) return std::nullopt;
  }
  std::int64_t value = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value, base);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

Diagnostic error_at(const std::string& file, const Node& node, std::string message,
                    std::string hint) {
  return {Severity::error, file, node.line, node.column, std::move(message), std::move(hint)};
}

void refuse_unknown_keys(const std::string& file, const Node& map,
                         const std::vector<std::string_view>& known, Diagnostics& diagnostics) {
  std::size_t reported = 0;
  for (const Entry& entry : map.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    if (++reported > kUnknownReportedMax) return;
    diagnostics.push_back({Severity::error, file, entry.line, entry.column,
                           "unknown key '" + entry.key + "'", did_you_mean(entry.key, known)});
  }
}

}  // namespace vakt::yaml
