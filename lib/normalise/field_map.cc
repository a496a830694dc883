#include "normalise/field_map.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace vakt::normalise {

using event::Field;
using event::ValueKind;

ValuePattern::ValuePattern(std::string_view pattern) {
  if (pattern.starts_with('*')) {
    open_start = true;
    pattern.remove_prefix(1);
  }
  if (pattern.ends_with('*')) {
    open_end = true;
    pattern.remove_suffix(1);
  }
  if (pattern.empty()) open_end = open_start;  // "*"
  text = to_lower(pattern);
}

bool ValuePattern::matches(std::string_view value) const {
  if (value.size() < text.size()) return false;
  if (open_start && open_end) {
    if (text.empty()) return true;
    for (std::size_t at = 0; at + text.size() <= value.size(); ++at)
      if (iequals(value.substr(at, text.size()), text)) return true;
    return false;
  }
  if (open_end) return iequals(value.substr(0, text.size()), text);
  if (open_start) return iequals(value.substr(value.size() - text.size()), text);
  return iequals(value, text);
}

bool Alternative::holds(const Seen& seen) const {
  if ((seen.present & slots) != slots) return false;
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) {
    return std::any_of(c.values.begin(), c.values.end(),
                       [&](const ValuePattern& v) { return v.matches(seen.text(c.slot)); });
  });
}

bool FieldMap::applies(const Seen& seen) const {
  return std::any_of(when.begin(), when.end(), [&](const Alternative& a) { return a.holds(seen); });
}

const RouteNode& RouteNode::descend(const Seen& seen) const {
  for (const std::uint8_t slot : by) {
    if (!seen.has(slot)) continue;
    const std::uint32_t value = values.find(seen.text(slot));
    if (value != ProgramTable::kNone) return children[child_of_value[value]].descend(seen);
  }
  return *this;
}

namespace {

const Field* find_value(const event::Batch& batch, event::FieldId id) {
  const Field* field = batch.find(batch.events().back(), id);
  return field == nullptr || field->kind == ValueKind::null ? nullptr : field;
}

}  // namespace

std::string_view FillSource::make(event::Batch& batch) const {
  if (table_field != event::kNoField) return look_up(batch);
  std::array<std::string_view, kTemplatePartsMax> texts;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    texts[i] = parts[i].text;
    if (parts[i].field != event::kNoField) {
      const Field* field = find_value(batch, parts[i].field);
      if (field == nullptr) return {};
      texts[i] = field->text;
    }
    bytes += texts[i].size();
  }
  if (parts.size() == 1 && parts[0].field != event::kNoField)
    return texts[0].data() == nullptr ? std::string_view("") : texts[0];
  char* const out = batch.text().allocate(bytes);
  char* end = out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!texts[i].empty()) end = std::copy(texts[i].begin(), texts[i].end(), end);
  return {out, bytes};
}

// Copied, because a batch outlives a reload of the maps.
std::string_view FillSource::look_up(event::Batch& batch) const {
  const Field* field = find_value(batch, table_field);
  if (field == nullptr) return {};
  for (const auto& [value, text] : table)
    if (iequals(field->text, value)) return batch.text().copy(text);
  return {};
}

void add_fills(event::Batch& batch, const std::vector<Fill>& fills) {
  const event::Event& event = batch.events().back();
  const std::uint32_t own = event.field_count;
  for (const Fill& fill : fills) {
    const auto fields = batch.fields(event).first(own);
    if (std::any_of(fields.begin(), fields.end(),
                    [&](const Field& f) { return f.id == fill.target; }))
      continue;
    for (const FillSource& source : fill.alternatives) {
      const std::string_view text = source.make(batch);
      if (text.data() == nullptr) continue;
      batch.add_field(fill.target, ValueKind::string, text);
      break;
    }
  }
}

}  // namespace vakt::normalise
