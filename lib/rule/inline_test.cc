#include "rule/inline_test.h"

#include <fmt/format.h>

#include "base/text.h"
#include "rule/document.h"
#include "rule/value.h"

namespace vakt::rule {
namespace {

constexpr std::string_view kExample = "for example: - match: {Image: 'C:\\Windows\\cmd.exe'}";

// 1., .5 and +1 are numbers in YAML and not in JSON.
bool is_json_number(std::string_view text) {
  return !text.starts_with('.') && !text.starts_with('+') && !text.starts_with("-.") &&
         text.find(".e") == text.npos && text.find(".E") == text.npos && !text.ends_with('.');
}

void append_value(std::string& out, const yaml::Node& node);

template <typename List, typename Append>
void append_list(std::string& out, char open, char close, const List& list, const Append& append) {
  out += open;
  for (const auto& item : list) {
    if (&item != &list.front()) out += ',';
    append(item);
  }
  out += close;
}

void append_scalar(std::string& out, const yaml::Node& node) {
  if (const auto truth = as_bool(node)) {
    out += *truth ? "true" : "false";
  } else if (const auto number = number_text(node); number && is_json_number(*number)) {
    out += *number;
  } else {
    append_json(out, node.text);
  }
}

// The event as a shipper would send it.
void append_value(std::string& out, const yaml::Node& node) {
  switch (node.kind) {
    case yaml::Node::Kind::null:
      out += "null";
      return;
    case yaml::Node::Kind::scalar:
      append_scalar(out, node);
      return;
    case yaml::Node::Kind::sequence:
      append_list(out, '[', ']', node.items,
                  [&](const yaml::Node& item) { append_value(out, item); });
      return;
    case yaml::Node::Kind::map:
      append_list(out, '{', '}', node.entries, [&](const yaml::Entry& entry) {
        append_json(out, entry.key);
        out += ':';
        append_value(out, entry.value);
      });
      return;
  }
}

std::optional<InlineTest> read_one(const yaml::Node& node, const event::LogSource& logsource,
                                   Reporter& reporter) {
  if (!node.is_map()) {
    reporter.error(place(node), "a test must be a map", std::string(kExample));
    return std::nullopt;
  }
  reporter.refuse_unknown_keys(node, {"name", "match", "no_match", "logsource"});
  const yaml::Node* match = node.find("match");
  const yaml::Node* no_match = node.find("no_match");
  if ((match == nullptr) == (no_match == nullptr)) {
    reporter.error(place(node), "a test has either 'match' or 'no_match'", std::string(kExample));
    return std::nullopt;
  }
  const yaml::Node& event = match != nullptr ? *match : *no_match;
  const bool record = event.is_scalar();
  if (!event.is_map() && (!record || event.text.empty())) {
    reporter.error(place(event), "an event is a map of fields, or a log line as it is received",
                   std::string(kExample));
    return std::nullopt;
  }
  InlineTest out;
  out.match = match != nullptr;
  out.line = node.line;
  if (const yaml::Node* name = node.find("name"); name != nullptr) out.name = name->text;
  if (node.find("logsource") != nullptr) {
    out.logsource = read_logsource(node, reporter);
  } else if (!record) {
    out.logsource = logsource;
  }
  if (record) {
    out.event = event.text;
  } else {
    append_value(out.event, event);
  }
  if (out.event.size() > kInlineEventBytesMax) {
    reporter.error(place(event),
                   fmt::format("an event of more than {} bytes", kInlineEventBytesMax),
                   "use a scenario file for long records");
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::vector<InlineTest> read_inline_tests(const yaml::Node& tests,
                                          const event::LogSource& logsource, Reporter& reporter) {
  std::vector<InlineTest> out;
  if (!tests.is_sequence()) {
    reporter.error(place(tests), "'tests' must be a list", std::string(kExample));
    return out;
  }
  for (const yaml::Node& node : tests.items) {
    if (out.size() == kInlineTestsMax) {
      reporter.error(place(node), fmt::format("more than {} tests", kInlineTestsMax),
                     "use a scenario file for many");
      return out;
    }
    if (auto one = read_one(node, logsource, reporter)) out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace vakt::rule
