#include "parse/access_log.h"

#include <algorithm>
#include <array>

#include "parse/civil.h"

namespace vakt::parse {
namespace {

std::string_view unless_dash(std::string_view text) {
  return text == "-" ? std::string_view{} : text;
}

bool read_month(Cursor& cursor, int& month) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (!cursor.skip(kMonths[i])) continue;
    month = static_cast<int>(i) + 1;
    return true;
  }
  return false;
}

// [17/May/2015:10:05:03 +0000]
bool read_stamp(Cursor& cursor, AccessLine& line) {
  Civil civil;
  if (!cursor.skip('[')) return false;
  const char* start = cursor.at;
  if (!cursor.digits(2, civil.day) || !cursor.skip('/') || !read_month(cursor, civil.month) ||
      !cursor.skip('/') || !cursor.digits(4, civil.year) || !cursor.skip(':') ||
      !read_clock(cursor, civil) || !cursor.skip(' ') || !read_offset(cursor, civil))
    return false;
  line.stamp = cursor.since(start);
  const auto time = to_time(civil, nullptr);
  if (!time || !cursor.skip("] ")) return false;
  line.time = *time;
  return true;
}

bool read_quoted(Cursor& cursor, std::string_view& text) {
  if (!cursor.skip('"')) return false;
  const char* start = cursor.at;
  while (!cursor.done() && cursor.peek() != '"')
    cursor.at += cursor.peek() == '\\' && cursor.left() > 1 ? 2 : 1;
  text = cursor.since(start);
  return cursor.skip('"');
}

void split_request(std::string_view request, AccessLine& line) {
  line.target = unless_dash(request);
  const std::size_t space = request.find(' ');
  const std::string_view method = request.substr(0, space);
  const bool is_method =
      space != std::string_view::npos && !method.empty() &&
      std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (is_method) {
    line.method = method;
    line.target = request.substr(space + 1);
    const std::size_t last = line.target.rfind(' ');
    if (last != std::string_view::npos && line.target.substr(last + 1).starts_with("HTTP/"))
      line.target = line.target.substr(0, last);
  }
  line.path = line.target.substr(0, line.target.find('?'));
}

// Everything from the opening bracket of the time on.
bool read_rest(Cursor cursor, AccessLine& line) {
  std::string_view request;
  if (!read_stamp(cursor, line) || !read_quoted(cursor, request) || !cursor.skip(' ')) return false;
  line.status = cursor.word();
  if (line.status.size() != 3 || !std::all_of(line.status.begin(), line.status.end(), is_digit))
    return false;
  cursor.at += line.status.size();
  if (!cursor.skip(' ')) return false;
  line.bytes = cursor.word();
  if (line.bytes != "-" && !std::all_of(line.bytes.begin(), line.bytes.end(), is_digit))
    return false;
  cursor.at += line.bytes.size();
  line.bytes = unless_dash(line.bytes);
  split_request(request, line);
  if (cursor.skip(' ') && read_quoted(cursor, line.referrer) && cursor.skip(' '))
    read_quoted(cursor, line.user_agent);
  line.referrer = unless_dash(line.referrer);
  line.user_agent = unless_dash(line.user_agent);
  return true;
}

}  // namespace

std::optional<AccessLine> parse_access_line(std::string_view text) {
  constexpr std::size_t kTriesMax = 8;  // a user's name may hold brackets, but not without end
  AccessLine line;
  Cursor cursor(text);
  line.client = cursor.word();
  cursor.at += line.client.size();
  if (line.client.empty() || !cursor.skip(' ') || cursor.word().empty()) return std::nullopt;
  cursor.at += cursor.word().size();
  if (!cursor.skip(' ')) return std::nullopt;
  const std::string_view rest = cursor.rest();
  std::size_t at = rest.find(" [");
  for (std::size_t tries = 0; at != std::string_view::npos && tries < kTriesMax; ++tries) {
    if (read_rest(Cursor(rest.substr(at + 1)), line)) {
      line.user = unless_dash(rest.substr(0, at));
      return line;
    }
    at = rest.find(" [", at + 1);
  }
  return std::nullopt;
}

}  // namespace vakt::parse
