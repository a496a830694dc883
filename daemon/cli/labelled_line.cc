#include "cli/labelled_line.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"

namespace vakt::cli {
namespace {

using Kind = parse::JsonMember::Kind;

struct Part {
  std::string_view name;
  std::string event::LogSource::*text;
};
constexpr std::array<Part, 3> kParts{{{"product", &event::LogSource::product},
                                      {"category", &event::LogSource::category},
                                      {"service", &event::LogSource::service}}};

}  // namespace

LineReader::LineReader(LineFormat format)
    : format_(std::move(format)), finder_(kLineBytesMax), parts_(kLineBytesMax) {}

bool LineReader::read_labels(std::string_view line, LabelledLine& out) {
  parse::JsonMember member;
  if (finder_.find(line, format_.logsource_field, member) != parse::JsonError::none) {
    out.problem = "the line is not a JSON object";
    return false;
  }
  saw_labels_ = saw_labels_ || member.kind != Kind::missing;
  if (member.kind == Kind::missing || member.kind == Kind::null) return true;
  if (member.kind != Kind::object) {
    out.problem = fmt::format("'{}' is neither an object nor null", format_.logsource_field);
    return false;
  }
  event::LogSource labels;
  for (const Part& part : kParts) {
    parse::JsonMember label;
    if (parts_.find(member.text, part.name, label) != parse::JsonError::none) {
      out.problem = fmt::format("'{}' is not valid JSON", format_.logsource_field);
      return false;
    }
    if (label.kind == Kind::missing || label.kind == Kind::null) continue;
    if (label.kind != Kind::string) {
      out.problem = fmt::format("'{}.{}' is not a text", format_.logsource_field, part.name);
      return false;
    }
    labels.*part.text = to_lower(label.text);
  }
  out.labels = std::move(labels);
  return true;
}

LabelledLine LineReader::read(std::string_view line) {
  LabelledLine out;
  out.event = line;
  if (!format_.logsource_field.empty() && !read_labels(line, out)) return out;
  if (!format_.event_field.empty()) {
    parse::JsonMember member;
    if (finder_.find(line, format_.event_field, member) != parse::JsonError::none) {
      out.problem = "the line is not a JSON object";
    } else if (member.kind == Kind::missing) {
      out.problem = fmt::format("the line has no member '{}'", format_.event_field);
    } else if (member.kind != Kind::object && member.kind != Kind::string) {
      out.problem = fmt::format("'{}' is neither an object nor a text", format_.event_field);
    }
    event_ = member.text;
    out.event = event_;
    if (!format_.raw_field.empty() && out.problem.empty() &&
        finder_.find(line, format_.raw_field, member) == parse::JsonError::none &&
        member.kind == Kind::string) {
      raw_ = member.text;
      out.raw = raw_;
    }
  }
  if (!out.problem.empty()) return out;
  if (out.event.empty()) out.problem = "the event is empty";
  if (out.event.size() > engine::kFrameBytesMax)
    out.problem = fmt::format("the event is longer than {} bytes", engine::kFrameBytesMax);
  return out;
}

std::optional<event::LogSource> LineReader::labels_of(std::string_view line) {
  LabelledLine out;
  read_labels(line, out);
  return out.labels;
}

Result<event::LogSource> parse_labels(std::string_view text) {
  event::LogSource out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t sign = item.find('=');
    const Part* found = nullptr;
    for (const Part& part : kParts)
      if (item.substr(0, sign) == part.name) found = &part;
    if (sign == std::string_view::npos || sign + 1 == item.size() || found == nullptr)
      return fail(Errc::invalid,
                  fmt::format("'{}' is no label; write such as "
                              "product=windows,category=process_creation or service=sshd",
                              item));
    out.*found->text = to_lower(item.substr(sign + 1));
  }
  return out;
}

std::string to_text(const event::LogSource& labels) {
  std::string out;
  for (const Part& part : kParts) {
    const std::string& text = labels.*part.text;
    if (!text.empty()) out += fmt::format("{}{}={}", out.empty() ? "" : ",", part.name, text);
  }
  return out;
}

}  // namespace vakt::cli
