#include "engine/detectors.h"

#include <algorithm>

#include "base/bytes.h"

namespace vakt::engine {
namespace {

const event::Field* value_of(const event::Hit& hit, event::FieldId id) {
  for (const event::Field& f : hit.fields)
    if (f.id == id && f.kind != event::ValueKind::null) return &f;
  return nullptr;
}

Detector from_correlation(const rule::Correlation& c, const event::FieldNames& names) {
  Detector d;
  d.meta = &c.meta;
  d.rule_hash = c.detection_hash;
  d.settings.measure = c.type == rule::CorrelationType::value_count
                           ? correlate::Measure::distinct_values
                           : correlate::Measure::events;
  d.settings.window = c.timespan;
  d.settings.threshold = c.threshold;
  d.group_names = c.group_by;
  for (const std::string& field : c.group_by) d.group_by.push_back(names.find(field));
  if (!c.value_field.empty()) d.value_field = names.find(c.value_field);
  return d;
}

Detector from_rule(const rule::Rule& r) {
  Detector d;
  d.meta = &r.meta;
  d.rule_hash = r.detection_hash;
  d.settings.window = r.quiet;
  d.group_names = {"host.name"};
  d.group_by = {event::kHostName};
  d.by_host = true;
  return d;
}

}  // namespace

Detectors::Detectors(std::shared_ptr<const rule::RuleSet> rules, const event::FieldNames& names,
                     rule::Level open_level)
    : rules_(std::move(rules)), by_rule_(rules_->rules.size()) {
  std::vector<bool> silent(rules_->rules.size());
  for (const rule::Correlation& c : rules_->correlations) {
    for (const std::uint32_t base : c.rules) {
      by_rule_[base].push_back(static_cast<std::uint32_t>(all_.size()));
      if (!c.generate) silent[base] = true;
    }
    all_.push_back(from_correlation(c, names));
  }
  for (std::size_t i = 0; i < rules_->rules.size(); ++i) {
    const rule::Rule& r = rules_->rules[i];
    if (silent[i] || r.meta.level < open_level) continue;
    by_rule_[i].push_back(static_cast<std::uint32_t>(all_.size()));
    all_.push_back(from_rule(r));
  }
}

void intern_correlation_fields(const rule::RuleSet& rules, event::FieldNames& names) {
  for (const rule::Correlation& c : rules.correlations) {
    for (const std::string& field : c.group_by) names.intern(field);
    if (!c.value_field.empty()) names.intern(c.value_field);
  }
}

std::optional<GroupKey> group_key(const Detector& detector, const event::Hit& hit) {
  GroupKey key;
  std::string bytes;
  ByteWriter out(bytes);
  for (const event::FieldId id : detector.group_by) {
    const event::Field* field = value_of(hit, id);
    if (field == nullptr && !detector.by_host) return std::nullopt;
    key.values.push_back(field != nullptr ? field->text : hit.source);
    out.bytes(key.values.back());
  }
  key.hash = hash128(bytes);
  return key;
}

std::optional<std::uint64_t> counted_value(const Detector& detector, const event::Hit& hit) {
  if (detector.settings.measure == correlate::Measure::events) return 0;
  const event::Field* field = value_of(hit, detector.value_field);
  if (field == nullptr) return std::nullopt;
  return hash64(field->text);
}

}  // namespace vakt::engine
