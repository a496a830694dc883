#include "normalise/decoder_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "normalise/label_set.h"
#include "yaml/node.h"

namespace vakt::normalise {
namespace {

using yaml::Entry;
using yaml::Node;

// Reads one document. Each function reports what is wrong and returns whether it was usable.
class SectionReader {
 public:
  SectionReader(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  bool read(const Node& root, Section& section);

 private:
  void complain(const Node& node, std::string message, std::string hint = {}) {
    diagnostics_.push_back(yaml::error_at(file_, node, std::move(message), std::move(hint)));
  }
  const Node* need(const Node& map, std::string_view key, std::string hint);
  bool read_programs(const Node& node, Section& section);
  bool read_decoder(const Node& node, const Section& section, ReadDecoder& out);
  bool read_gate(const Node& node, bool all_programs, Decoder& decoder);
  bool read_pattern(const Node& node, Decoder& decoder);
  bool read_captures(const Node& node, const Node* fields, Decoder& decoder);
  bool read_constants(const Node* set, Decoder& decoder);
  bool read_examples(const Node& node, ReadDecoder& out);
  bool check_example(const Node& example, const Decoder& decoder, std::string_view message);
  bool check_field_name(const Node& where, const std::string& name);

  const std::string& file_;
  Diagnostics& diagnostics_;
};

const Node* SectionReader::need(const Node& map, std::string_view key, std::string hint) {
  const Node* node = map.find(key);
  if (node == nullptr) complain(map, fmt::format("'{}' is missing", key), std::move(hint));
  return node;
}

bool SectionReader::read(const Node& root, Section& section) {
  if (!root.is_map()) {
    complain(root, "a decoder document is a map", "start with 'program:' and 'decoders:'");
    return false;
  }
  static const std::vector<std::string_view> kKnown{"program", "description", "logsource",
                                                    "decoders"};
  yaml::refuse_unknown_keys(file_, root, kKnown, diagnostics_);
  section.file = file_;
  const Node* program = need(root, "program", "a program name, a list of them, or \"*\"");
  if (program == nullptr || !read_programs(*program, section)) return false;
  if (const Node* labels = root.find("logsource"))
    if (!read_labels(file_, *labels, section.labels, diagnostics_)) return false;
  const Node* decoders = root.find("decoders");
  if (decoders == nullptr || decoders->is_null()) return true;
  if (!decoders->is_sequence()) {
    complain(*decoders, "'decoders' is a list");
    return false;
  }
  for (const Node& node : decoders->items) {
    ReadDecoder decoder;
    if (!read_decoder(node, section, decoder)) continue;
    const auto same = [&](const ReadDecoder& d) { return d.decoder.name == decoder.decoder.name; };
    if (std::any_of(section.decoders.begin(), section.decoders.end(), same)) {
      complain(node, fmt::format("a second decoder named '{}'", decoder.decoder.name),
               "names are unique within a document");
      continue;
    }
    section.decoders.push_back(std::move(decoder));
  }
  return true;
}

bool SectionReader::read_programs(const Node& node, Section& section) {
  if (node.is_scalar() && node.text == "*") {
    section.all_programs = true;
    return true;
  }
  const std::vector<Node> one{node};
  const std::vector<Node>& items = node.is_sequence() ? node.items : one;
  for (const Node& item : items) {
    if (!item.is_scalar() || item.text.empty() || item.text.size() > kProgramBytesMax ||
        item.text == "*") {
      complain(item, fmt::format("a program is a name of 1 to {} bytes", kProgramBytesMax),
               "\"*\" stands alone, not in a list");
      return false;
    }
    section.programs.push_back(to_lower(item.text));
  }
  if (section.programs.empty()) complain(node, "no program named");
  return !section.programs.empty();
}

bool SectionReader::read_decoder(const Node& node, const Section& section, ReadDecoder& out) {
  static const std::vector<std::string_view> kKnown{
      "name", "starts_with", "contains", "pattern", "fields", "set", "examples", "description"};
  if (!node.is_map()) {
    complain(node, "a decoder is a map",
             "with name, starts_with or contains, pattern, fields, "
             "set, examples");
    return false;
  }
  const std::size_t before = diagnostics_.size();
  yaml::refuse_unknown_keys(file_, node, kKnown, diagnostics_);
  const Node* name = need(node, "name", "a short name of your choice");
  const Node* pattern = need(node, "pattern", "an RE2 expression for the whole message");
  const Node* examples = need(node, "examples", "at least one message that it decodes");
  if (name != nullptr) {
    out.decoder.name = name->text;
    if (!name->is_scalar() || name->text.empty()) complain(*name, "'name' is a text");
  }
  read_gate(node, section.all_programs, out.decoder);
  if (pattern != nullptr && read_pattern(*pattern, out.decoder))
    read_captures(*pattern, node.find("fields"), out.decoder);
  read_constants(node.find("set"), out.decoder);
  // Examples are tried on decoders that are otherwise right: one cause, one complaint.
  if (diagnostics_.size() == before && examples != nullptr) read_examples(*examples, out);
  return diagnostics_.size() == before;
}

bool SectionReader::read_gate(const Node& node, bool all_programs, Decoder& decoder) {
  const Node* starts = node.find("starts_with");
  const Node* contains = node.find("contains");
  if (starts == nullptr && contains == nullptr) {
    complain(node, "a decoder has 'starts_with', 'contains' or both",
             "literals without which the pattern cannot match");
    return false;
  }
  if (all_programs && starts == nullptr) {
    complain(*contains, "a decoder for all programs needs 'starts_with'",
             "it is asked for every line: a search through each would slow all of them");
    return false;
  }
  for (const Node* literal : {starts, contains}) {
    if (literal == nullptr || (literal->is_scalar() && !literal->text.empty())) continue;
    complain(*literal, "a literal is a text of at least one character");
    return false;
  }
  decoder.set_literals(starts == nullptr ? "" : starts->text,
                       contains == nullptr ? "" : contains->text);
  return true;
}

bool SectionReader::read_pattern(const Node& node, Decoder& decoder) {
  if (!node.is_scalar() || node.text.empty() || node.text.size() > kPatternBytesMax) {
    complain(node,
             fmt::format("'pattern' is an RE2 expression of 1 to {} bytes", kPatternBytesMax));
    return false;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(2 << 20);
  options.set_dot_nl(true);  // a message may hold line breaks; they are no reason not to match
  // Anchored in the text as well as in the call, so that RE2 compares a literal prefix first.
  auto re = std::make_unique<const re2::RE2>("\\A(?:" + node.text + ")", options);
  if (!re->ok()) {
    const std::string& arg = re->error_arg();
    const std::string part = arg.empty() ? "" : fmt::format(" at '{}'", arg);
    complain(node, fmt::format("bad pattern{}: {}", part, re->error()),
             "RE2 syntax: no look-around, no back-references; groups are (?P<name>...)");
    return false;
  }
  decoder.pattern = std::move(re);
  return true;
}

bool SectionReader::check_field_name(const Node& where, const std::string& name) {
  const bool ok =
      !name.empty() && name.size() <= 128 &&
      std::none_of(name.begin(), name.end(), [](unsigned char c) { return c <= ' ' || c == 0x7F; });
  if (!ok) complain(where, "a field name is 1 to 128 characters without spaces");
  return ok;
}

bool SectionReader::read_captures(const Node& node, const Node* fields, Decoder& decoder) {
  const auto& groups = decoder.pattern->NamedCapturingGroups();
  const auto count = static_cast<std::size_t>(decoder.pattern->NumberOfCapturingGroups());
  if (count != groups.size() || count > kGroupsMax) {
    complain(node, fmt::format("every group has a name, and there are at most {}", kGroupsMax),
             "write (?:...) for a group that only holds together, (?P<name>...) for a value");
    return false;
  }
  if (fields != nullptr && !fields->is_map()) {
    complain(*fields, "'fields' is a map from group to field name");
    return false;
  }
  const std::size_t before = diagnostics_.size();
  std::set<std::string_view> filled;
  for (const Entry& entry : fields == nullptr ? std::vector<Entry>{} : fields->entries) {
    const auto group = groups.find(entry.key);
    if (group == groups.end()) {
      complain(entry.value, fmt::format("the pattern has no group '{}'", entry.key),
               fmt::format("add (?P<{}>...) to it, or remove the line", entry.key));
      continue;
    }
    if (!entry.value.is_scalar()) {
      complain(entry.value, "a field name is a text");
      continue;
    }
    if (!check_field_name(entry.value, entry.value.text)) continue;
    if (!filled.insert(entry.value.text).second) {
      complain(entry.value, fmt::format("a second group fills '{}'", entry.value.text),
               "one group a field: split the pattern into two decoders");
      continue;
    }
    decoder.submatches = std::max(decoder.submatches, group->second + 1);
    decoder.captures.push_back(
        {static_cast<std::uint8_t>(group->second), event::kNoField, entry.key, entry.value.text});
  }
  for (const auto& [name, number] : groups)
    if (fields == nullptr || fields->find(name) == nullptr)
      complain(node, fmt::format("group '{}' has no field", name),
               fmt::format("add '{}: <field name>' under 'fields', or write (?:...)", name));
  return diagnostics_.size() == before;
}

bool SectionReader::read_constants(const Node* set, Decoder& decoder) {
  if (set == nullptr || set->is_null()) return true;
  if (!set->is_map() || set->entries.size() > kFieldsMax) {
    complain(*set, fmt::format("'set' is a map from field name to text, at most {}", kFieldsMax));
    return false;
  }
  const std::size_t before = diagnostics_.size();
  for (const Entry& entry : set->entries) {
    if (!check_field_name(entry.value, entry.key)) continue;
    if (!entry.value.is_scalar()) {
      complain(entry.value, fmt::format("the value of '{}' is a text", entry.key));
      continue;
    }
    const bool clash =
        std::any_of(decoder.captures.begin(), decoder.captures.end(),
                    [&](const Decoder::Capture& c) { return c.field_name == entry.key; });
    if (clash) {
      complain(entry.value, fmt::format("'{}' is already filled by a group", entry.key));
      continue;
    }
    decoder.constants.push_back({event::kNoField,
                                 static_cast<std::uint32_t>(decoder.constant_text.size()),
                                 static_cast<std::uint32_t>(entry.value.text.size()), entry.key});
    decoder.constant_text += entry.value.text;
  }
  return diagnostics_.size() == before;
}

bool SectionReader::read_examples(const Node& node, ReadDecoder& out) {
  if (!node.is_sequence() || node.items.empty()) {
    complain(node, "'examples' is a list with at least one entry",
             "each with 'message' and, where there are groups, 'fields'");
    return false;
  }
  static const std::vector<std::string_view> kKnown{"message", "fields"};
  const std::size_t before = diagnostics_.size();
  for (const Node& item : node.items) {
    if (!item.is_map()) {
      complain(item, "an example is a map with 'message' and 'fields'");
      continue;
    }
    yaml::refuse_unknown_keys(file_, item, kKnown, diagnostics_);
    const Node* message = need(item, "message", "the text after the syslog header");
    if (message == nullptr) continue;
    if (!message->is_scalar()) {
      complain(*message, "'message' is a text");
      continue;
    }
    if (check_example(item, out.decoder, message->text))
      out.examples.push_back({message->text, message->line, message->column});
  }
  return diagnostics_.size() == before;
}

bool SectionReader::check_example(const Node& example, const Decoder& decoder,
                                  std::string_view message) {
  const std::string_view text = unwrap_repeated(message);
  if (!decoder.gate(text, head_of(text))) {
    complain(example, "the example does not have the literals of 'starts_with' and 'contains'",
             "they decide whether the pattern is tried at all");
    return false;
  }
  Captures captured;
  if (!decoder.match(text, captured)) {
    complain(example, "the pattern does not match the example",
             "it must match the whole message, from the first to the last character");
    return false;
  }
  const std::size_t before = diagnostics_.size();
  const Node* fields = example.find("fields");
  for (const Decoder::Capture& c : decoder.captures) {
    const re2::StringPiece& got = captured[c.group];
    const Node* want = fields == nullptr ? nullptr : fields->find(c.field_name);
    if (want == nullptr && got.data() != nullptr)
      complain(example, fmt::format("decodes {} = '{}', which the example does not name",
                                    c.field_name, got.as_string()));
    if (want != nullptr && (got.data() == nullptr || got.as_string() != want->text))
      complain(*want,
               fmt::format("decodes {} = '{}', not '{}'", c.field_name,
                           got.data() == nullptr ? "(nothing)" : got.as_string(), want->text));
  }
  for (const Entry& entry : fields == nullptr ? std::vector<Entry>{} : fields->entries) {
    const bool known =
        std::any_of(decoder.captures.begin(), decoder.captures.end(),
                    [&](const Decoder::Capture& c) { return c.field_name == entry.key; });
    if (!known)
      complain(entry.value, fmt::format("no group of the pattern fills '{}'", entry.key),
               "constants under 'set' are not repeated in examples");
  }
  return diagnostics_.size() == before;
}

}  // namespace

std::vector<Section> read_sections(const DecoderSource& source, Diagnostics& diagnostics) {
  std::vector<Section> sections;
  SectionReader reader(source.file, diagnostics);
  for (const Node& root : yaml::parse(source.text, source.file, diagnostics)) {
    Section section;
    if (reader.read(root, section)) sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace vakt::normalise
