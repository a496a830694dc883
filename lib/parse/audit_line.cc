#include "parse/audit_line.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "parse/civil.h"
#include "parse/timestamp.h"

namespace vakt::parse {
namespace {

bool take(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

// What the kernel writes in hexadecimal when it is not plain.
bool may_be_encoded(std::string_view type, std::string_view name) {
  constexpr std::array<std::string_view, 12> kNames{"proctitle", "name", "cwd",  "comm",
                                                    "exe",       "cmd",  "path", "acct",
                                                    "key",       "data", "grp",  "dir"};
  const bool argument = type == "EXECVE" && name.size() > 1 && name[0] == 'a' && is_digit(name[1]);
  return argument || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

std::optional<AuditLine> parse_audit_line(std::string_view text) {
  AuditLine line;
  if (take(text, "node=")) line.node = take_word(text);
  if (!take(text, "type=")) return std::nullopt;
  line.type = take_word(text);
  constexpr std::string_view kStamp = "msg=audit(";
  if (line.type.empty() || !text.starts_with(kStamp)) return std::nullopt;
  const std::size_t end = text.find("):");
  const std::string_view inner = text.substr(0, end).substr(kStamp.size());
  const auto time = parse_timestamp(inner.substr(0, inner.find(':')), nullptr);
  if (end == std::string_view::npos || !time) return std::nullopt;
  line.stamp = text.substr(4, end + 1 - 4);
  line.time = *time;
  line.pairs = text.substr(end + 2);
  return line;
}

bool next_audit_pair(std::string_view& pairs, AuditPair& pair) {
  // \x1d stands before what auditd itself adds; a quote is the end of a msg='...' gone into.
  constexpr std::string_view kBetween = " \x1d',";
  for (;;) {
    pairs.remove_prefix(std::min(pairs.size(), pairs.find_first_not_of(kBetween)));
    if (pairs.empty()) return false;
    const std::size_t equals = pairs.find_first_of("= \x1d");
    if (equals == std::string_view::npos) return false;
    pair.name = pairs.substr(0, equals);
    const bool has_value = pairs[equals] == '=';
    pairs.remove_prefix(equals + 1);
    if (!has_value || (pair.name == "msg" && pairs.starts_with('\''))) continue;
    pair.quoted = pairs.starts_with('"');
    if (pair.quoted) pairs.remove_prefix(1);
    const std::size_t end = pair.quoted ? pairs.find('"') : pairs.find_first_of(" \x1d'");
    pair.value = pairs.substr(0, end);
    pairs.remove_prefix(std::min(pairs.size(), pair.value.size() + (pair.quoted ? 1 : 0)));
    return true;
  }
}

std::optional<std::string> decode_audit_value(std::string_view type, const AuditPair& pair) {
  if (pair.quoted || pair.value.empty() || pair.value.size() % 2 != 0 ||
      !may_be_encoded(type, pair.name))
    return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < pair.value.size(); i += 2) {
    const int high = hex_digit(pair.value[i]);
    const int low = hex_digit(pair.value[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    const auto byte = static_cast<char>(high * 16 + low);
    bytes += byte == '\0' ? ' ' : byte;
  }
  std::string text;
  append_sanitised(text, bytes);
  return text;
}

}  // namespace vakt::parse
