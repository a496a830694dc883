#include "http/router.h"

namespace vakt::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool parse_query(std::string_view query, Target& target) {
  if (query.empty()) return true;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const auto name = decode(part.substr(0, equals), true);
    const auto value = decode(
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!name || !value) return false;
    target.query.emplace_back(*name, *value);
  }
  return true;
}

bool is_capture(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  if (text.empty() || text[0] != '/') return std::nullopt;
  text = text.substr(0, text.find('#'));
  const std::size_t question = text.find('?');
  Target target;
  for (const std::string_view part : split(text.substr(0, question), '/')) {
    auto segment = decode(part, false);
    if (!segment) return std::nullopt;
    if (!target.segments.empty()) target.path += '/' + *segment;
    target.segments.push_back(std::move(*segment));
  }
  target.segments.erase(target.segments.begin());
  if (question != std::string_view::npos && !parse_query(text.substr(question + 1), target))
    return std::nullopt;
  return target;
}

void Router::add(Route route) {
  Entry entry;
  for (const std::string_view part : split(std::string_view(route.path).substr(1), '/'))
    entry.segments.emplace_back(part);
  entry.route = std::move(route);
  entries_.push_back(std::move(entry));
}

Router::Found Router::find(std::string_view method,
                           const std::vector<std::string>& segments) const {
  Found found;
  const Entry* get = nullptr;
  std::vector<std::string> get_captures;
  for (const Entry& entry : entries_) {
    if (entry.segments.size() != segments.size()) continue;
    std::vector<std::string> captures;
    bool same = true;
    for (std::size_t i = 0; same && i < segments.size(); ++i) {
      if (is_capture(entry.segments[i])) {
        same = !segments[i].empty();
        captures.push_back(segments[i]);
      } else {
        same = entry.segments[i] == segments[i];
      }
    }
    if (!same) continue;
    const std::string& has = entry.route.method;
    if (has == method) return {&entry.route, std::move(captures), {}};
    if (has == "GET") {
      get = &entry;
      get_captures = std::move(captures);
    }
    found.allow += (found.allow.empty() ? "" : ", ") + has + (has == "GET" ? ", HEAD" : "");
  }
  if (method == "HEAD" && get != nullptr) return {&get->route, std::move(get_captures), {}};
  return found;
}

}  // namespace vakt::http
