// A rule that counts the hits of other rules (Sigma correlation rules specification 2.1).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "rule/document.h"
#include "rule/metadata.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

constexpr std::array<std::string_view, 7> kOtherTypes = {
    "temporal",         "temporal_ordered", "value_sum",        "value_avg",
    "value_percentile", "value_median",     "temporal_extended"};
constexpr std::array<std::string_view, 4> kOtherOperators = {"lt", "lte", "eq", "neq"};

// The value of a required key, or null, reported.
const yaml::Node* require(const yaml::Node& map, std::string_view key, std::string hint,
                          Reporter& reporter) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr || node->is_null()) {
    reporter.error(place(map), fmt::format("'{}' is missing in the correlation", key),
                   std::move(hint));
    return nullptr;
  }
  return node;
}

void read_type(const yaml::Node& map, Correlation& out, Reporter& reporter) {
  const yaml::Node* node = require(map, "type", "use event_count or value_count", reporter);
  if (node == nullptr) return;
  const std::string& text = node->text;
  if (text == "event_count") {
    out.type = CorrelationType::event_count;
  } else if (text == "value_count") {
    out.type = CorrelationType::value_count;
  } else if (std::find(kOtherTypes.begin(), kOtherTypes.end(), text) != kOtherTypes.end()) {
    reporter.error(place(*node),
                   "the correlation type '" + text + "' is not supported by this version",
                   "event_count and value_count are");
  } else {
    std::string hint = yaml::did_you_mean(text, {"event_count", "value_count"});
    if (hint.empty()) hint = "use event_count or value_count";
    reporter.error(place(*node), "unknown correlation type '" + text + "'", hint);
  }
}

std::vector<Reference> read_references(const yaml::Node& map, Reporter& reporter) {
  std::vector<Reference> out;
  const yaml::Node* node = require(map, "rules", "list the ids or names of rules", reporter);
  if (node == nullptr) return out;
  const auto add = [&](const yaml::Node& item) {
    if (!item.is_scalar() || item.text.empty())
      reporter.error(place(item), "a rule is named by its id or name, as a text");
    else
      out.push_back({item.text, place(item)});
  };
  if (!node->is_sequence()) {
    add(*node);
    return out;
  }
  for (const yaml::Node& item : node->items) add(item);
  if (node->items.empty())
    reporter.error(place(*node), "the correlation names no rules", "list their ids or names");
  return out;
}

void read_group_by(const yaml::Node& map, Correlation& out, Reporter& reporter) {
  const yaml::Node* node = map.find("group-by");
  if (node == nullptr || node->is_null()) return;
  out.group_by = read_texts(*node, "a field of 'group-by'", reporter);
  if (out.group_by.size() > kGroupByMax)
    reporter.error(place(*node), fmt::format("more than {} fields in 'group-by'", kGroupByMax));
  std::vector<std::string> sorted = out.group_by;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    reporter.error(place(*node), "'" + *twice + "' is twice in 'group-by'", "remove one");
}

void read_timespan(const yaml::Node& map, Correlation& out, Reporter& reporter) {
  const std::string form = "a whole number and one of s, m, h, d, w: 90s, 5m, 1h";
  const yaml::Node* node = require(map, "timespan", form, reporter);
  if (node == nullptr) return;
  const std::string& text = node->text;
  const bool digits_and_unit =
      text.size() >= 2 && text.find_first_not_of("0123456789") == text.size() - 1;
  const auto duration = digits_and_unit ? parse_duration(text) : std::nullopt;
  if (!duration || *duration <= Duration(0) || *duration > kTimespanMax) {
    reporter.error(place(*node), "the timespan '" + text + "' is not a time of at most 366 days",
                   form);
    return;
  }
  out.timespan = *duration;
}

void read_value_field(const yaml::Node& condition, Correlation& out, Reporter& reporter) {
  const yaml::Node* field = condition.find("field");
  const bool wanted = out.type == CorrelationType::value_count;
  if (!wanted) {
    if (field != nullptr)
      reporter.error(place(*field), "'field' is for value_count only",
                     "use type: value_count to count different values");
    return;
  }
  if (field == nullptr || field->is_null()) {
    reporter.error(place(condition), "value_count needs 'field'",
                   "the field whose different values are counted");
    return;
  }
  if (field->is_sequence()) {
    reporter.error(place(*field), "a list in 'field' is not supported by this version",
                   "name one field");
    return;
  }
  const auto names = read_texts(*field, "'field'", reporter);
  if (!names.empty()) out.value_field = names.front();
}

void read_threshold(const yaml::Entry& entry, Correlation& out, Reporter& reporter) {
  const bool above = entry.key == "gt";
  const auto number = yaml::as_integer(entry.value);
  const std::int64_t least = above ? 0 : 1;
  if (!number || *number < least || *number > static_cast<std::int64_t>(kThresholdMax)) {
    reporter.error(place(entry.value), fmt::format("'{}' takes a whole number from {} to {}",
                                                   entry.key, least, kThresholdMax));
    return;
  }
  out.threshold = static_cast<std::uint64_t>(*number) + (above ? 1 : 0);
}

void read_count_condition(const yaml::Node& map, Correlation& out, Reporter& reporter) {
  const yaml::Node* node = require(map, "condition", "for example: condition: {gte: 5}", reporter);
  if (node == nullptr) return;
  if (!node->is_map()) {
    reporter.error(place(*node), "the condition of a correlation must be a map",
                   "for example: condition: {gte: 5}");
    return;
  }
  const yaml::Entry* threshold = nullptr;
  for (const yaml::Entry& entry : node->entries) {
    if (entry.key == "field") continue;
    const bool other = std::find(kOtherOperators.begin(), kOtherOperators.end(), entry.key) !=
                       kOtherOperators.end();
    if (other) {
      reporter.error(place(entry), "'" + entry.key + "' is not supported by this version",
                     "use gt or gte");
    } else if (entry.key != "gt" && entry.key != "gte") {
      reporter.error(place(entry), "unknown key '" + entry.key + "' in the condition",
                     "use gt or gte, and 'field' for value_count");
    } else if (threshold != nullptr) {
      reporter.error(place(entry), "'gt' and 'gte' together", "keep one of them");
    } else {
      threshold = &entry;
    }
  }
  if (threshold != nullptr)
    read_threshold(*threshold, out, reporter);
  else if (!reporter.failed())
    reporter.error(place(*node), "the condition has no threshold", "for example: gte: 5");
  read_value_field(*node, out, reporter);
}

// The specification has `generate` beside `correlation`, pySigma inside it.
void read_generate(const yaml::Node& document, const yaml::Node& map, Correlation& out,
                   Reporter& reporter) {
  for (const yaml::Node* place_of : {&document, &map}) {
    const yaml::Node* node = place_of->find("generate");
    if (node == nullptr) continue;
    const auto value = yaml::as_bool(*node);
    if (!value)
      reporter.error(place(*node), "'generate' takes true or false");
    else
      out.generate = out.generate || *value;
  }
}

}  // namespace

UnresolvedCorrelation read_correlation(const yaml::Node& document, Metadata meta,
                                       Reporter& reporter) {
  UnresolvedCorrelation out;
  out.correlation.meta = std::move(meta);
  for (const yaml::Entry& entry : document.entries) {
    if (entry.key == "detection" || entry.key == "logsource")
      reporter.error(place(entry), "a correlation has no " + entry.key,
                     "put it in a document of its own, after a line with ---");
    if (entry.key == "vakt")
      reporter.error(place(entry), "'vakt' is for rules with a detection of their own",
                     "the timespan of a correlation is its quiet period");
  }
  const yaml::Node* map = document.find("correlation");
  if (map == nullptr || !map->is_map()) {
    reporter.error(map == nullptr ? place(document) : place(*map),
                   "'correlation' must be a map with type, rules, timespan and condition");
    return out;
  }
  for (const yaml::Node* place_of : {&document, map})
    if (const yaml::Node* aliases = place_of->find("aliases"))
      reporter.error(place(*aliases), "'aliases' is not supported by this version",
                     "group by fields that all rules have");
  reporter.refuse_unknown_keys(
      *map, {"type", "rules", "group-by", "timespan", "condition", "generate", "aliases"});
  read_type(*map, out.correlation, reporter);
  out.references = read_references(*map, reporter);
  read_group_by(*map, out.correlation, reporter);
  read_timespan(*map, out.correlation, reporter);
  read_count_condition(*map, out.correlation, reporter);
  read_generate(document, *map, out.correlation, reporter);
  return out;
}

}  // namespace vakt::rule
