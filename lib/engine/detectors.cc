#include "engine/detectors.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/decimal.h"
#include "engine/entity.h"

namespace vakt::engine {
namespace {

const event::Field* value_of(const event::Hit& hit, event::FieldId id) {
  for (const event::Field& f : hit.fields)
    if (f.id == id && f.kind != event::ValueKind::null) return &f;
  return nullptr;
}

correlate::Measure measure_of(rule::CorrelationType type) {
  using Type = rule::CorrelationType;
  using correlate::Measure;
  switch (type) {
    case Type::event_count:
      return Measure::events;
    case Type::value_count:
      return Measure::distinct_values;
    case Type::temporal:
      return Measure::members;
    case Type::temporal_ordered:
      return Measure::sequence;
    case Type::value_sum:
      return Measure::sum;
    case Type::value_avg:
      return Measure::average;
    case Type::value_percentile:
      return Measure::percentile;
    case Type::value_median:
      return Measure::median;
  }
  check(false, "a type of correlation");
  return Measure::events;
}

// Which of the correlation's group values has this name.
event::FieldId place_in(const std::vector<std::string>& group_by, const std::string& name) {
  const auto found = std::find(group_by.begin(), group_by.end(), name);
  check(found != group_by.end(), "loading checked what a chain groups by");
  return static_cast<event::FieldId>(found - group_by.begin());
}

// What the rule that hits counts for; nullopt: the event says it.
std::optional<std::uint64_t> value_of_rule(const rule::Correlation& c, const rule::Metadata& meta) {
  if (c.value_fields.empty()) return std::nullopt;
  if (c.value_fields.front() == rule::kRiskField) return std::uint64_t{meta.risk} * 1'000'000;
  if (c.value_fields.front() == rule::kRuleField) return hash64(meta.id);
  return std::nullopt;
}

// A rule without risk is no part of one: it would only keep episodes going and fill the memory.
bool adds_nothing(const rule::Correlation& c, const Detector::Member& member) {
  return c.type == rule::CorrelationType::value_sum && member.of_rule == 0u;
}

Detector from_correlation(const rule::Correlation& c, const rule::RuleSet& rules,
                          const event::FieldNames& names) {
  Detector d;
  d.meta = &c.meta;
  d.rule_hash = c.detection_hash;
  d.settings.measure = measure_of(c.type);
  d.settings.window = c.timespan;
  d.settings.threshold = c.threshold;
  d.settings.when_final = c.when_final;
  d.settings.comparisons = c.comparisons;
  d.settings.formula = c.formula ? &*c.formula : nullptr;
  d.settings.sequence.assign(c.sequence.begin(), c.sequence.end());
  d.settings.percent_micros = c.percent_micros;
  d.condition = rule::describe_condition(c);
  d.group_names = c.group_by;
  d.disorder = c.disorder;
  if (std::any_of(c.groupings.begin(), c.groupings.end(),
                  [](const rule::Grouping& g) { return g != rule::Grouping{}; }))
    d.groupings = c.groupings;
  for (std::uint32_t m = 0; m < c.members.size(); ++m) {
    const rule::Member& of = c.members[m];
    const auto id = [&](const std::string& name) {
      const std::string& field = rule::field_of(c, m, name);
      return of.is_correlation ? place_in(rules.correlations[of.index].group_by, field)
                               : names.find(field);
    };
    Detector::Member& member = d.members.emplace_back();
    for (const std::string& name : c.group_by) member.group_by.push_back(id(name));
    member.of_rule = value_of_rule(
        c, of.is_correlation ? rules.correlations[of.index].meta : rules.rules[of.index].meta);
    if (member.of_rule) continue;
    for (const std::string& name : c.value_fields) member.values.push_back(id(name));
  }
  return d;
}

Detector from_rule(const rule::Rule& r) {
  Detector d;
  d.meta = &r.meta;
  d.rule_hash = r.detection_hash;
  d.settings.window = r.quiet;
  d.group_names = {"host.name"};
  d.members = {{{event::kHostName}, {}, {}}};
  d.by_host = true;
  return d;
}

}  // namespace

Detectors::Detectors(std::shared_ptr<const rule::RuleSet> rules, const event::FieldNames& names,
                     rule::Level open_level, const correlate::Forms& forms)
    : rules_(std::move(rules)), by_rule_(rules_->rules.size()) {
  std::vector<bool> silent(rules_->rules.size());
  for (const rule::Correlation& c : rules_->correlations) {
    const auto index = static_cast<std::uint32_t>(all_.size());
    Detector d = from_correlation(c, *rules_, names);
    d.settings.forms = forms;
    for (std::uint32_t m = 0; m < c.members.size(); ++m) {
      const rule::Member& member = c.members[m];
      if (adds_nothing(c, d.members[m])) continue;
      if (!member.is_correlation) {
        by_rule_[member.index].push_back({index, m});
        if (!c.generate && !c.any_rule) silent[member.index] = true;
        continue;
      }
      Detector& counted = all_[member.index];  // correlations come first, in their order
      counted.counted_by.push_back({index, m});
      counted.settings.chained = true;
      if (!c.generate) counted.opens = false;
      d.level = std::max(d.level, counted.level + 1);
      d.disorder = std::max(d.disorder, counted.disorder);
    }
    all_.push_back(std::move(d));
  }
  for (std::size_t i = 0; i < rules_->rules.size(); ++i) {
    const rule::Rule& r = rules_->rules[i];
    if (silent[i] || r.meta.level < open_level) continue;
    by_rule_[i].push_back({static_cast<std::uint32_t>(all_.size()), 0});
    all_.push_back(from_rule(r));
  }
}

void intern_correlation_fields(const rule::RuleSet& rules, event::FieldNames& names) {
  for (const rule::Correlation& c : rules.correlations)
    for (const std::string& field : rule::fields_of(c)) names.intern(field);
}

namespace {

// `text_of(id)`: the value of a field, or nullopt.
template <class TextOf>
std::optional<GroupKey> make_key(const Detector& detector, std::uint32_t member,
                                 const TextOf& text_of) {
  GroupKey key;
  key.made.reserve(detector.groupings.size());  // views stay
  std::string bytes;
  ByteWriter out(bytes);
  const auto& fields = detector.members[member].group_by;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::optional<std::string_view> text = text_of(fields[i]);
    if (!text) return std::nullopt;
    if (!detector.groupings.empty())
      text = key.made.emplace_back(entity_of(detector.groupings[i], *text));
    key.values.push_back(*text);
    out.bytes(*text);
  }
  key.hash = hash128(bytes);
  return key;
}

template <class TextOf>
std::optional<std::uint64_t> measure(const Detector& detector, std::uint32_t member,
                                     const TextOf& text_of) {
  using correlate::Measure;
  const Measure measure = detector.settings.measure;
  if (measure == Measure::events) return 0;
  if (measure == Measure::members || measure == Measure::sequence) return member;
  if (const auto of_rule = detector.members[member].of_rule) return of_rule;
  check(!detector.members[member].values.empty(), "a measure of values has a field");
  std::string several;
  for (const event::FieldId id : detector.members[member].values) {
    const std::optional<std::string_view> text = text_of(id);
    if (!text) return std::nullopt;
    if (measure != Measure::distinct_values) {
      const auto micros = parse_micros(*text);
      if (!micros) return std::nullopt;
      return static_cast<std::uint64_t>(*micros);
    }
    if (detector.members[member].values.size() == 1) return hash64(*text);
    ByteWriter(several).bytes(*text);
  }
  return hash64(several);
}

}  // namespace

using Text = std::optional<std::string_view>;

std::optional<GroupKey> group_key(const Detector& detector, std::uint32_t member,
                                  const event::Hit& hit) {
  return make_key(detector, member, [&](event::FieldId id) -> Text {
    if (const event::Field* field = value_of(hit, id)) return field->text;
    return detector.by_host ? Text(hit.source) : std::nullopt;
  });
}

std::optional<std::uint64_t> measured_value(const Detector& detector, std::uint32_t member,
                                            const event::Hit& hit) {
  return measure(detector, member, [&](event::FieldId id) -> Text {
    const event::Field* field = value_of(hit, id);
    return field != nullptr ? Text(field->text) : std::nullopt;
  });
}

GroupKey group_key(const Detector& detector, std::uint32_t member,
                   const std::vector<std::string>& values) {
  return *make_key(detector, member, [&](event::FieldId id) -> Text { return values.at(id); });
}

std::optional<std::uint64_t> measured_value(const Detector& detector, std::uint32_t member,
                                            const std::vector<std::string>& values) {
  return measure(detector, member, [&](event::FieldId id) -> Text { return values.at(id); });
}

}  // namespace vakt::engine
