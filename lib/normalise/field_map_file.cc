#include "normalise/field_map_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/text.h"
#include "event/field_names.h"
#include "normalise/field_map.h"
#include "yaml/node.h"

namespace vakt::normalise {
namespace {

using yaml::Entry;
using yaml::Node;

// Reads one document. Each function reports what is wrong; read() tells whether anything was.
class MapReader {
 public:
  MapReader(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  bool read(const Node& root, FieldMapText& map);

 private:
  void complain(const Node& node, std::string message, std::string hint = {}) {
    diagnostics_.push_back(yaml::error_at(file_, node, std::move(message), std::move(hint)));
  }
  bool is_text(const Node& node, std::string_view what) {
    const bool ok = node.is_scalar() && !node.text.empty();
    if (!ok) complain(node, fmt::format("{} is a text", what));
    return ok;
  }
  // A text, or a list of texts.
  std::vector<std::string> texts(const Node& node, std::string_view what);
  void read_when(const Node* node, FieldMapText& map);
  void read_conditions(const Node& node, FieldMapText& map);
  void read_spellings(const Node& node, FieldMapText& map);
  void read_route(const Node& node, std::size_t depth, RouteText& route);
  void read_routes(const Node& node, std::size_t depth, RouteText& route);
  void read_fills(const Node& node, RouteText& route);
  bool read_source(const Node& node, SourceText& source);
  bool read_template(const Node& node, SourceText& source);
  bool read_table(const Node& node, SourceText& source);
  void read_example(const Node& node, FieldMapText& map);

  const std::string& file_;
  Diagnostics& diagnostics_;
};

bool MapReader::read(const Node& root, FieldMapText& map) {
  static const std::vector<std::string_view> kKnown{
      "map",    "description", "when",      "prefixes", "names",   "time",
      "fields", "by",          "logsource", "routes",   "examples"};
  if (!root.is_map()) {
    complain(root, "a field map is a map", "start with 'map:' and 'when:'");
    return false;
  }
  const std::size_t before = diagnostics_.size();
  yaml::refuse_unknown_keys(file_, root, kKnown, diagnostics_);
  map.file = file_;
  map.place = {root.line, root.column};
  const Node* name = root.find("map");
  if (name == nullptr)
    complain(root, "'map' is missing", "a short name of your choice");
  else if (is_text(*name, "'map'"))
    map.name = name->text;
  read_when(root.find("when"), map);
  if (const Node* node = root.find("prefixes")) map.prefixes = texts(*node, "a prefix");
  if (const Node* node = root.find("time")) map.time = texts(*node, "a field name");
  if (const Node* node = root.find("names")) read_spellings(*node, map);
  read_route(root, 1, map.root);
  const Node* examples = root.find("examples");
  if (!map.when.empty() &&
      (examples == nullptr || !examples->is_sequence() || examples->items.empty()))
    complain(root, "'examples' is missing", "at least one record, with its log source and fields");
  if (examples != nullptr)
    for (const Node& item : examples->items) read_example(item, map);
  return diagnostics_.size() == before;
}

std::vector<std::string> MapReader::texts(const Node& node, std::string_view what) {
  std::vector<std::string> out;
  const std::vector<Node> one{node};
  for (const Node& item : node.is_sequence() ? node.items : one)
    if (is_text(item, what)) out.push_back(item.text);
  return out;
}

// Without `when`, a map only spells names.
void MapReader::read_when(const Node* node, FieldMapText& map) {
  if (node == nullptr) return;
  const std::vector<Node> one{*node};
  for (const Node& item : node->is_sequence() ? node->items : one) read_conditions(item, map);
}

void MapReader::read_conditions(const Node& node, FieldMapText& map) {
  if (!node.is_map() || node.entries.empty()) {
    complain(node, "'when' is a map from field to value, or a list of such",
             "\"*\" for any value: {eventSource: \"*.amazonaws.com\", awsRegion: \"*\"}");
    return;
  }
  auto& conditions = map.when.emplace_back();
  for (const Entry& entry : node.entries) {
    ConditionText condition{entry.key, {}};
    for (const std::string& value : texts(entry.value, "a value")) {
      condition.values.push_back(to_lower(value));
      if (value.find('*', 1) < value.size() - 1)
        complain(entry.value, "'*' stands at the start or at the end of a value");
    }
    conditions.push_back(std::move(condition));
  }
}

void MapReader::read_spellings(const Node& node, FieldMapText& map) {
  if (!node.is_map()) {
    complain(node, "'names' is a map from spelling in the record to field name");
    return;
  }
  for (const Entry& entry : node.entries) {
    const auto names = texts(entry.value, "a field name");
    if (names.size() >= event::FieldNames::kSpellingIdsMax)
      complain(entry.value, fmt::format("a spelling stands for fewer than {} names",
                                        event::FieldNames::kSpellingIdsMax));
    for (const std::string& name : names) map.spellings.push_back({entry.key, name});
  }
}

void MapReader::read_route(const Node& node, std::size_t depth, RouteText& route) {
  if (const Node* labels = node.find("logsource"))
    read_labels(file_, *labels, route.labels, diagnostics_);
  if (const Node* fields = node.find("fields")) {
    const std::vector<Node> one{*fields};
    for (const Node& item : fields->is_sequence() ? fields->items : one) read_fills(item, route);
  }
  const Node* by = node.find("by");
  const Node* routes = node.find("routes");
  if ((by == nullptr) != (routes == nullptr))
    complain(node, "'by' and 'routes' go together",
             "by: the field whose value chooses; routes: a list of {is: value, logsource: ...}");
  if (by == nullptr || routes == nullptr) return;
  route.by = texts(*by, "a field name");
  read_routes(*routes, depth, route);
}

void MapReader::read_routes(const Node& node, std::size_t depth, RouteText& route) {
  static const std::vector<std::string_view> kKnown{"is", "logsource", "fields", "by", "routes"};
  if (!node.is_sequence() || depth > kRouteDepthMax) {
    complain(node, fmt::format("'routes' is a list, at most {} deep", kRouteDepthMax));
    return;
  }
  std::map<std::string, int> lines;
  for (const Node& item : node.items) {
    const Node* is = item.find("is");
    if (is == nullptr) {
      complain(item, "a route is a map with 'is'",
               "the value, or a list of values, that lead here");
      continue;
    }
    yaml::refuse_unknown_keys(file_, item, kKnown, diagnostics_);
    RouteText next;
    for (const std::string& value : texts(*is, "a value")) {
      next.is.push_back(to_lower(value));
      const auto [it, is_new] = lines.emplace(next.is.back(), item.line);
      if (!is_new)
        complain(*is, fmt::format("'{}' leads to the route of line {} already", value, it->second),
                 "put both into one");
    }
    read_route(item, depth + 1, next);
    route.routes.push_back(std::move(next));
  }
}

void MapReader::read_fills(const Node& node, RouteText& route) {
  if (!node.is_map()) {
    complain(node, "'fields' is a map from field name to template, or a list of such",
             "Image: \"{NewProcessName}\"");
    return;
  }
  for (const Entry& entry : node.entries) {
    FillText fill{entry.key, {}};
    const std::vector<Node> one{entry.value};
    for (const Node& item : entry.value.is_sequence() ? entry.value.items : one) {
      SourceText source;
      if (read_source(item, source)) fill.alternatives.push_back(std::move(source));
    }
    route.fills.push_back(std::move(fill));
  }
}

bool MapReader::read_source(const Node& node, SourceText& source) {
  return node.is_map() ? read_table(node, source) : read_template(node, source);
}

bool MapReader::read_template(const Node& node, SourceText& source) {
  if (!is_text(node, "a template")) return false;
  std::string_view rest = node.text;
  while (!rest.empty()) {
    const bool field = rest.front() == '{';
    const std::size_t end = rest.find(field ? '}' : '{');
    if (field && (end == std::string_view::npos || end == 1)) {
      complain(node, "a '{' without a field name and '}'", "{field name}, as in \"{user.name}\"");
      return false;
    }
    if (field)
      source.parts.push_back({std::string(rest.substr(1, end - 1)), {}});
    else
      source.parts.push_back({{}, std::string(rest.substr(0, end))});
    rest.remove_prefix(std::min(rest.size(), field ? end + 1 : end));
  }
  if (source.parts.size() > kTemplatePartsMax)
    complain(node, fmt::format("a template has at most {} parts", kTemplatePartsMax));
  return source.parts.size() <= kTemplatePartsMax;
}

bool MapReader::read_table(const Node& node, SourceText& source) {
  if (node.entries.size() != 1 || !node.entries.front().value.is_map()) {
    complain(node, "a table is a map of one field, and of its values to texts",
             "{network.direction: {egress: \"true\", ingress: \"false\"}}");
    return false;
  }
  source.table_field = node.entries.front().key;
  for (const Entry& entry : node.entries.front().value.entries) {
    if (!is_text(entry.value, "a table's result")) return false;
    source.table.push_back({to_lower(entry.key), entry.value.text});
  }
  return true;
}

void MapReader::read_example(const Node& node, FieldMapText& map) {
  static const std::vector<std::string_view> kKnown{"record", "logsource", "fields"};
  const Node* record = node.find("record");
  if (record == nullptr || !record->is_scalar() || record->text.size() > kExampleBytesMax) {
    complain(node, "an example is a map with 'record', a JSON object as text");
    return;
  }
  yaml::refuse_unknown_keys(file_, node, kKnown, diagnostics_);
  MapExample example{record->text, {}, {}, {node.line, node.column}};
  if (const Node* labels = node.find("logsource"))
    read_labels(file_, *labels, example.labels, diagnostics_);
  if (const Node* fields = node.find("fields"))
    for (const Entry& entry : fields->entries)
      example.fields.push_back({entry.key, entry.value.text});
  if (example.labels.empty() && example.fields.empty())
    complain(node, "the example expects nothing", "name its 'logsource', its 'fields' or both");
  map.examples.push_back(std::move(example));
}

}  // namespace

std::vector<FieldMapText> read_field_maps(const DecoderSource& source, Diagnostics& diagnostics) {
  std::vector<FieldMapText> maps;
  MapReader reader(source.file, diagnostics);
  for (const Node& root : yaml::parse(source.text, source.file, diagnostics)) {
    FieldMapText map;
    if (reader.read(root, map)) maps.push_back(std::move(map));
  }
  return maps;
}

}  // namespace vakt::normalise
