// A rule that counts the hits of other rules (Sigma correlation rules specification 2.1).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "rule/document.h"
#include "rule/metadata.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

// In the order of CorrelationType.
constexpr std::array<std::string_view, 8> kTypes = {"event_count",      "value_count", "temporal",
                                                    "temporal_ordered", "value_sum",   "value_avg",
                                                    "value_percentile", "value_median"};

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
  const std::string all = fmt::format("use one of {}", fmt::join(kTypes, ", "));
  const yaml::Node* node = require(map, "type", all, reporter);
  if (node == nullptr) return;
  const auto known = std::find(kTypes.begin(), kTypes.end(), node->text);
  if (known != kTypes.end()) {
    out.type = static_cast<CorrelationType>(known - kTypes.begin());
    return;
  }
  std::string hint = yaml::did_you_mean(node->text, {kTypes.begin(), kTypes.end()});
  if (node->text == "temporal_extended" || node->text == "temporal_ordered_extended")
    hint = "use temporal or temporal_ordered, with a condition like 'a and not b'";
  reporter.error(place(*node), "unknown correlation type '" + node->text + "'",
                 hint.empty() ? all : hint);
}

std::vector<Reference> read_references(const yaml::Node& map, Correlation& correlation,
                                       Reporter& reporter) {
  std::vector<Reference> out;
  const yaml::Node* node = require(map, "rules", "list the ids or names of rules", reporter);
  if (node == nullptr) return out;
  if (node->is_scalar() && node->text == "any") {
    correlation.any_rule = true;
    return out;
  }
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
  if (node->items.size() > kMembersMax)
    reporter.error(place(*node), fmt::format("more than {} rules in a correlation", kMembersMax));
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

// aliases: {name: {rule: field}}
void read_aliases(const yaml::Node& document, const yaml::Node& map, UnresolvedCorrelation& out,
                  Reporter& reporter) {
  for (const yaml::Node* place_of : {&document, &map}) {
    const yaml::Node* aliases = place_of->find("aliases");
    if (aliases == nullptr || aliases->is_null()) continue;
    const std::string form = "for example: aliases: {address: {rule_a: source.ip}}";
    if (!aliases->is_map()) {
      reporter.error(place(*aliases), "'aliases' must be a map", form);
      continue;
    }
    for (const yaml::Entry& alias : aliases->entries) {
      if (!alias.value.is_map()) {
        reporter.error(place(alias), "the alias '" + alias.key + "' must be a map of rules", form);
        continue;
      }
      for (const yaml::Entry& field : alias.value.entries) {
        const auto names = read_texts(field.value, "the field of an alias", reporter);
        if (field.value.is_sequence())
          reporter.error(place(field), "an alias is one field of a rule", form);
        else if (!names.empty())
          out.aliases.push_back({alias.key, {field.key, place(field)}, names.front()});
      }
    }
  }
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

std::string_view type_name(CorrelationType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

const std::string& field_of(const Correlation& correlation, std::uint32_t member,
                            const std::string& name) {
  for (const Alias& alias : correlation.aliases)
    if (alias.member == member && alias.name == name) return alias.field;
  return name;
}

std::vector<std::string> fields_of(const Correlation& correlation) {
  std::vector<std::string> out;
  for (const auto* names : {&correlation.group_by, &correlation.value_fields})
    for (const std::string& name : *names)
      for (std::uint32_t member = 0; member < correlation.members.size() && !is_of_rule(name);
           ++member)
        out.push_back(field_of(correlation, member, name));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::uint32_t> base_rules(const RuleSet& set, const Correlation& correlation) {
  std::vector<std::uint32_t> out;
  std::vector<const Correlation*> left = {&correlation};
  std::set<std::uint32_t> seen;
  while (!left.empty()) {
    const Correlation& of = *left.back();
    left.pop_back();
    for (const Member& member : of.members) {
      if (!member.is_correlation)
        out.push_back(member.index);
      else if (seen.insert(member.index).second)
        left.push_back(&set.correlations[member.index]);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

UnresolvedCorrelation read_correlation(const yaml::Node& document, Metadata meta,
                                       Reporter& reporter) {
  UnresolvedCorrelation out;
  out.correlation.meta = std::move(meta);
  for (const yaml::Entry& entry : document.entries) {
    if (entry.key == "detection" || entry.key == "logsource")
      reporter.error(place(entry), "a correlation has no " + entry.key,
                     "put it in a document of its own, after a line with ---");
  }
  const yaml::Node* map = document.find("correlation");
  if (map == nullptr || !map->is_map()) {
    reporter.error(map == nullptr ? place(document) : place(*map),
                   "'correlation' must be a map with type, rules, timespan and condition");
    return out;
  }
  reporter.refuse_unknown_keys(
      *map, {"type", "rules", "group-by", "timespan", "condition", "generate", "aliases"});
  read_type(*map, out.correlation, reporter);
  out.references = read_references(*map, out.correlation, reporter);
  read_group_by(*map, out.correlation, reporter);
  read_correlation_attributes(document, out.correlation, reporter);
  read_timespan(*map, out.correlation, reporter);
  read_correlation_condition(*map, out.references, out.correlation, reporter);
  read_aliases(document, *map, out, reporter);
  read_generate(document, *map, out.correlation, reporter);
  return out;
}

}  // namespace vakt::rule
