#include "normalise/field_maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "normalise/decoder_file.h"
#include "normalise/field_map.h"
#include "normalise/field_map_file.h"
#include "parse/json.h"

namespace vakt::normalise {

using event::Field;
using event::FieldId;
using event::RouteId;

namespace {

constexpr std::uint8_t kNoRank = 0xFF;

}  // namespace

struct FieldMaps::Impl {
  std::vector<FieldMap> maps;            // the first that applies decides
  std::vector<std::uint8_t> slots;       // by field id, kNoSlot for most
  FieldId first_slot = event::kNoField;  // the lowest id that has one: headers' are mostly below
  std::vector<std::uint8_t> time_ranks;  // by field id, kNoRank for most
  std::vector<LabelSet> label_sets{{}};
  std::vector<RouteId> routes;  // [base * label_sets.size() + labels]
  std::size_t bases = 0;
  std::size_t slot_count = 0;

  bool build(const std::vector<FieldMapText>& texts, std::size_t base_count,
             event::FieldNames& names, event::Routes& all, Diagnostics& diagnostics);
  void declare(const FieldMapText& text, event::FieldNames& names);
  FieldMap ready(const FieldMapText& text, event::FieldNames& names);
  RouteNode ready(const RouteText& text, const RouteNode* above, event::FieldNames& names);
  Fill ready(const FillText& text, event::FieldNames& names);
  std::uint8_t slot_of(const std::string& name, event::FieldNames& names);
};

std::uint8_t FieldMaps::Impl::slot_of(const std::string& name, event::FieldNames& names) {
  const FieldId id = names.intern(name);
  if (slots.size() <= id) slots.resize(id + 1u, kNoSlot);
  if (slots[id] == kNoSlot && slot_count < kSlotsMax) {
    slots[id] = static_cast<std::uint8_t>(slot_count++);
    first_slot = std::min(first_slot, id);
  }
  return slots[id];
}

void FieldMaps::Impl::declare(const FieldMapText& text, event::FieldNames& names) {
  for (const std::string& prefix : text.prefixes) names.add_prefix(prefix);
  for (const auto& [spelling, name] : text.spellings) names.add_spelling(spelling, name);
  for (const std::string& name : text.time) {
    const FieldId id = names.intern(name);
    if (time_ranks.size() <= id) time_ranks.resize(id + 1u, kNoRank);
    const auto known = std::count_if(time_ranks.begin(), time_ranks.end(),
                                     [](std::uint8_t rank) { return rank != kNoRank; });
    if (time_ranks[id] == kNoRank)
      time_ranks[id] = static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(known, kNoRank - 1));
  }
}

Fill FieldMaps::Impl::ready(const FillText& text, event::FieldNames& names) {
  Fill fill{names.intern(text.target), {}};
  for (const SourceText& source : text.alternatives) {
    FillSource& out = fill.alternatives.emplace_back();
    for (const SourceText::Part& part : source.parts)
      out.parts.push_back(
          {part.field.empty() ? event::kNoField : names.intern(part.field), part.text});
    if (!source.table_field.empty()) out.table_field = names.intern(source.table_field);
    out.table = source.table;
  }
  return fill;
}

RouteNode FieldMaps::Impl::ready(const RouteText& text, const RouteNode* above,
                                 event::FieldNames& names) {
  RouteNode node;
  for (const FillText& fill : text.fills) node.fills.push_back(ready(fill, names));
  LabelSet labels = text.labels;
  if (above != nullptr) {
    node.fills.insert(node.fills.end(), above->fills.begin(), above->fills.end());
    labels = joined(std::move(labels), label_sets[above->labels]);
  }
  node.labels = number_of(label_sets, joined(std::move(labels), {}));
  for (const std::string& field : text.by) node.by.push_back(slot_of(field, names));
  for (const RouteText& route : text.routes) {
    for (const std::string& value : route.is) {
      node.values.insert(value);
      node.child_of_value.push_back(static_cast<std::uint32_t>(node.children.size()));
    }
    node.children.push_back(ready(route, &node, names));
  }
  return node;
}

FieldMap FieldMaps::Impl::ready(const FieldMapText& text, event::FieldNames& names) {
  FieldMap map;
  for (const auto& conditions : text.when) {
    Alternative& alternative = map.when.emplace_back();
    for (const ConditionText& c : conditions) {
      Condition& condition = alternative.conditions.emplace_back();
      condition.slot = slot_of(c.field, names);
      if (condition.slot != kNoSlot) alternative.slots.set(condition.slot);
      for (const std::string& value : c.values) condition.values.emplace_back(value);
    }
  }
  map.root = ready(text.root, nullptr, names);
  return map;
}

// False: too much was asked for, and nothing is loaded.
bool FieldMaps::Impl::build(const std::vector<FieldMapText>& texts, std::size_t base_count,
                            event::FieldNames& names, event::Routes& all,
                            Diagnostics& diagnostics) {
  bases = base_count;
  for (const FieldMapText& text : texts) {
    declare(text, names);
    if (!text.when.empty()) maps.push_back(ready(text, names));
  }
  const std::size_t combinations = bases * label_sets.size();
  std::string problem;
  if (slot_count == kSlotsMax) problem = fmt::format("ask for {} fields or more", kSlotsMax);
  if (names.size() > kFieldNamesMax) problem = "name too many fields";
  if (all.size() + combinations > kRoutesMax) problem = "make too many routes";
  if (!problem.empty()) {
    diagnostics.push_back({Severity::error, "field maps", 0, 0, "the field maps " + problem,
                           "no field map is loaded: leave out those that you do not need"});
    maps.clear();
    slots.clear();
    return false;
  }
  for (std::size_t base = 0; base < bases; ++base) {
    const LabelSet of_base = all.labels(static_cast<RouteId>(base));
    for (const LabelSet& labels : label_sets) routes.push_back(all.intern(joined(of_base, labels)));
  }
  return true;
}

FieldMaps::FieldMaps() : impl_(std::make_unique<Impl>()) {}
FieldMaps::~FieldMaps() = default;

namespace {

// Runs a map's examples through all maps, as records will meet them.
class ExampleRun {
 public:
  ExampleRun(const FieldMaps& maps, const event::FieldNames& names, const event::Routes& routes,
             Diagnostics& diagnostics)
      : maps_(maps), names_(names), routes_(routes), diagnostics_(diagnostics) {}

  bool passes(const FieldMapText& map) {
    const std::size_t before = diagnostics_.size();
    for (const MapExample& example : map.examples) check_example(map, example);
    return diagnostics_.size() == before;
  }

 private:
  void complain(const FieldMapText& map, const MapExample& example, std::string message) {
    diagnostics_.push_back({Severity::error, map.file, example.place.line, example.place.column,
                            fmt::format("example of '{}': {}", map.name, message),
                            "the map is not loaded: correct it or the example"});
  }
  void check_example(const FieldMapText& map, const MapExample& example);

  const FieldMaps& maps_;
  const event::FieldNames& names_;
  const event::Routes& routes_;
  Diagnostics& diagnostics_;
  parse::JsonParser json_{kExampleBytesMax};
};

void ExampleRun::check_example(const FieldMapText& map, const MapExample& example) {
  event::Batch batch(example.record.size() + 1, 1);
  batch.add(example.record);
  if (json_.parse(batch, names_, false) != parse::JsonError::none)
    return complain(map, example, "the record is not a JSON object");
  maps_.apply(batch, 0);
  const event::Event& event = batch.events().front();
  for (const event::LogSource& label : example.labels)
    if (!routes_.applies(event.route, label))
      complain(map, example,
               fmt::format("the record is not product '{}', category '{}', service '{}'",
                           label.product, label.category, label.service));
  for (const auto& [name, value] : example.fields) {
    std::string found = "(nothing)";
    bool equal = false;
    for (const Field& f : batch.fields(event)) {
      if (f.id != names_.find(name)) continue;
      found = f.text;
      equal = equal || f.text == value;
    }
    if (!equal) complain(map, example, fmt::format("{} is '{}', not '{}'", name, found, value));
  }
}

}  // namespace

std::shared_ptr<const FieldMaps> FieldMaps::load(const std::vector<std::string>& paths,
                                                 std::size_t bases, event::FieldNames& names,
                                                 event::Routes& routes, Diagnostics& diagnostics) {
  return load_texts(read_paths(paths, diagnostics), bases, names, routes, diagnostics);
}

std::shared_ptr<const FieldMaps> FieldMaps::load_texts(const std::vector<DecoderSource>& sources,
                                                       std::size_t bases, event::FieldNames& names,
                                                       event::Routes& routes,
                                                       Diagnostics& diagnostics) {
  std::vector<FieldMapText> texts;
  for (const DecoderSource& source : sources)
    for (FieldMapText& text : read_field_maps(source, diagnostics)) {
      if (texts.size() < kFieldMapsMax) {
        texts.push_back(std::move(text));
        continue;
      }
      diagnostics.push_back({Severity::error, source.file, text.place.line, text.place.column,
                             fmt::format("more than {} field maps in all", kFieldMapsMax),
                             "this one is not loaded: remove maps that you do not need"});
    }
  // With names of their own: what only examples name is nothing that events should carry.
  event::FieldNames example_names;
  event::Routes example_routes;
  FieldMaps trial;
  if (trial.impl_->build(texts, 1, example_names, example_routes, diagnostics)) {
    for (const FieldMapText& text : texts)
      for (const MapExample& example : text.examples)
        for (const auto& [name, value] : example.fields) example_names.intern(name);
    example_names.resolve_spellings();
    ExampleRun run(trial, example_names, example_routes, diagnostics);
    std::erase_if(texts, [&](const FieldMapText& text) { return !run.passes(text); });
  } else {
    texts.clear();
  }
  std::shared_ptr<FieldMaps> maps(new FieldMaps());
  maps->impl_->build(texts, bases, names, routes, diagnostics);
  return maps;
}

bool FieldMaps::apply(event::Batch& batch, RouteId base) const {
  const Impl& impl = *impl_;
  event::Event& event = batch.events().back();
  Seen seen;
  seen.fields = batch.fields(event);
  for (std::uint32_t i = 0; i < seen.fields.size(); ++i) {
    const Field& f = seen.fields[i];
    if (f.id < impl.first_slot || f.id >= impl.slots.size() || f.kind == event::ValueKind::null)
      continue;
    const std::uint8_t slot = impl.slots[f.id];
    if (slot == kNoSlot || seen.has(slot)) continue;
    seen.present.set(slot);
    seen.at[slot] = i;
  }
  if (seen.present.none()) return false;
  for (const FieldMap& map : impl.maps) {
    if (!map.applies(seen)) continue;
    check(base < impl.bases, "listeners' routes are interned before field maps are loaded");
    const RouteNode& node = map.root.descend(seen);
    event.route = impl.routes[base * impl.label_sets.size() + node.labels];
    add_fills(batch, node.fills);
    return true;
  }
  return false;
}

const Field* FieldMaps::time_of(const event::Batch& batch) const {
  const auto& ranks = impl_->time_ranks;
  const Field* best = nullptr;
  std::uint8_t best_rank = kNoRank;
  for (const Field& f : batch.fields(batch.events().back())) {
    if (f.id >= ranks.size() || ranks[f.id] >= best_rank) continue;
    if (f.kind != event::ValueKind::string && f.kind != event::ValueKind::number) continue;
    best = &f;
    best_rank = ranks[f.id];
  }
  return best;
}

}  // namespace vakt::normalise
