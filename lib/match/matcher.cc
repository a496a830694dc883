#include "match/matcher.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

#include "base/check.h"
#include "match/carried.h"
#include "match/column_scan.h"
#include "match/program.h"
#include "match/regex_view.h"
#include "parse/timestamp.h"

namespace vakt::match {
namespace {

constexpr std::uint32_t kNoHit = 0xFFFFFFFF;

// A scanned atom is true for an event; the hits of an event are a list.
struct AtomHit {
  std::uint32_t atom = 0;  // the class's number
  std::uint32_t next = kNoHit;
};

bool has_text(const event::Field& f) { return f.kind != event::ValueKind::null; }

}  // namespace

// Stamps instead of clearing: an array cell holds for event i of this batch when it is base_ + i.
struct Matcher::Impl {
  Impl(std::shared_ptr<const Program> p, std::shared_ptr<Carried> into);

  void match(const event::Batch& batch, std::vector<Match>& out);
  void start(std::size_t events);
  void sort_by_class(const event::Batch& batch);
  void scan_class(const Class& c, const event::Batch& batch, std::span<const std::uint32_t> events);
  void scan_column(const Column& column, std::span<const Value> column_values,
                   std::string_view raw);
  void note_carried(event::RouteId route, event::FieldId field);
  void count_events(const event::Batch& batch);
  void add_hit(std::uint32_t event, std::uint32_t class_atom);
  void evaluate_event(const Class& c, const event::Batch& batch, std::uint32_t event,
                      std::vector<Match>& out);
  bool truth(AtomId atom);
  bool is_hidden(std::uint32_t event, std::uint32_t rule);
  bool direct_truth(const Atom& atom);
  bool value_truth(const Atom& atom, std::string_view value);
  bool related_truth(const Atom& atom, std::string_view value) const;
  bool pcre_truth(const Atom& atom, std::string_view value);
  bool keyword_truth(const Atom& atom);
  void scan_on_demand(const Column& column);
  void scan_demand_value(const Column& column, std::string_view value);
  void add_candidate(Entry entry);

  std::shared_ptr<const Program> program;
  const Code& code;
  scan::Scratch scratch;
  ColumnScan column_scan;
  PcreScratch pcre;
  std::shared_ptr<Carried> carried;
  std::vector<std::uint8_t> carried_here;  // by route, then field: noted already
  std::vector<std::uint32_t> events_of_route;

  std::uint32_t base = 1;
  std::vector<std::uint32_t> class_begin;  // of `by_class`, by class; one more at the end
  std::vector<std::uint32_t> by_class;     // events, grouped by class, ascending
  std::vector<std::vector<Value>> values;  // by column of the class at hand
  std::vector<Value> keyword_values;
  std::vector<AtomHit> hits;
  std::vector<std::uint32_t> first_hit;     // by event
  std::vector<std::uint32_t> hit_stamp;     // by class atom: already a hit of this event
  std::vector<std::uint32_t> true_stamp;    // by AtomId
  std::vector<std::uint32_t> known_stamp;   // by AtomId, direct ones
  std::vector<std::uint32_t> demand_stamp;  // by column: its on-demand regexes are known
  std::vector<std::uint32_t> rule_stamp;    // by rule: already a candidate
  std::vector<Entry> candidates;
  std::vector<Hidden> hidden;
  std::vector<Hidden> expired;
  std::vector<bool> expiry_told;  // by filter of the rule set
  std::vector<Match> gave_up;
  std::string regex_text;

  // The event being evaluated.
  std::uint32_t stamp = 0;
  const Class* of_class = nullptr;
  const event::Batch* of_batch = nullptr;
  const event::Event* of_event = nullptr;
};

Matcher::Impl::Impl(std::shared_ptr<const Program> p, std::shared_ptr<Carried> into)
    : program(std::move(p)),
      code(code_of(*program)),
      carried(into ? std::move(into)
                   : std::make_shared<Carried>(code.class_of_route.size(), code.field_count)) {
  check(carried->routes() == code.class_of_route.size() && carried->fields() >= code.field_count,
        "made for this program");
  carried_here.resize(carried->routes() * carried->fields());
  events_of_route.resize(carried->routes());
  auto cloned = code.scratch.clone();
  check(cloned.has_value(), "memory for pattern scans");
  scratch = std::move(*cloned);
  std::size_t columns = 0;
  std::size_t class_atoms = 0;
  for (const Class& c : code.classes) {
    columns = std::max(columns, c.columns.size());
    class_atoms = std::max(class_atoms, c.atoms.size());
  }
  values.resize(columns);
  demand_stamp.resize(columns);
  hit_stamp.resize(class_atoms);
  true_stamp.resize(code.atoms.size());
  known_stamp.resize(code.atoms.size());
  rule_stamp.resize(code.roots.size());
  expiry_told.resize(code.rules->filters.size());
  candidates.reserve(code.roots.size());
}

void Matcher::Impl::start(std::size_t events) {
  check(events < kNoHit / 2, "fewer than 2^31 events in a batch");
  if (base > std::numeric_limits<std::uint32_t>::max() - events) {
    for (auto* stamps : {&hit_stamp, &true_stamp, &known_stamp, &demand_stamp, &rule_stamp}) {
      std::fill(stamps->begin(), stamps->end(), 0u);
    }
    base = 1;
  }
  hits.clear();
  hidden.clear();
  expired.clear();
  gave_up.clear();
  first_hit.assign(events, kNoHit);
}

void Matcher::Impl::sort_by_class(const event::Batch& batch) {
  class_begin.assign(code.classes.size() + 1, 0);
  const auto class_of = [&](const event::Event& e) {
    check(e.route < code.class_of_route.size(), "routes were complete when rules were compiled");
    return code.class_of_route[e.route];
  };
  for (const event::Event& e : batch.events()) ++class_begin[class_of(e) + 1u];
  for (std::size_t i = 1; i < class_begin.size(); ++i) class_begin[i] += class_begin[i - 1];
  by_class.resize(batch.size());
  std::uint32_t index = 0;
  for (const event::Event& e : batch.events()) by_class[class_begin[class_of(e)]++] = index++;
  // Every begin has moved to its end, which is the next one's begin.
  for (std::size_t i = class_begin.size() - 1; i > 0; --i) class_begin[i] = class_begin[i - 1];
  class_begin[0] = 0;
}

void Matcher::Impl::match(const event::Batch& batch, std::vector<Match>& out) {
  start(batch.size());
  sort_by_class(batch);
  count_events(batch);
  for (std::size_t i = 0; i < code.classes.size(); ++i) {
    const std::span<const std::uint32_t> events(by_class.data() + class_begin[i],
                                                class_begin[i + 1] - class_begin[i]);
    if (!events.empty()) scan_class(code.classes[i], batch, events);
  }
  const auto events = batch.events();
  for (std::uint32_t i = 0; i < events.size(); ++i) {
    const Class& c = code.classes[code.class_of_route[events[i].route]];
    if (first_hit[i] != kNoHit || !c.always.empty()) evaluate_event(c, batch, i, out);
  }
  base += static_cast<std::uint32_t>(events.size());
}

void Matcher::Impl::scan_class(const Class& c, const event::Batch& batch,
                               std::span<const std::uint32_t> events) {
  for (std::size_t i = 0; i < c.columns.size(); ++i) values[i].clear();
  const auto all = batch.events();
  for (const std::uint32_t index : events) {
    const event::RouteId route = all[index].route;
    const std::uint8_t* const noted = &carried_here[route * carried->fields()];
    for (const event::Field& f : batch.fields(all[index])) {
      if (f.id == event::kNoField) continue;
      if (noted[f.id] == 0) [[unlikely]]
        note_carried(route, f.id);
      const std::uint16_t column = c.column_of(f.id);
      if (column == kNoColumn || !has_text(f)) continue;
      values[column].push_back({f.text, index});
    }
  }
  for (std::size_t i = 0; i < c.columns.size(); ++i) {
    if (i != c.keyword_column) scan_column(c.columns[i], values[i], batch.raw());
  }
  if (c.keyword_column == kNoColumn) return;
  keyword_values.clear();
  for (const std::uint32_t index : events) {
    const event::Event& e = all[index];
    values[c.keyword_column].push_back({e.raw, index});
    if (!e.keywords.empty()) keyword_values.push_back({e.keywords, index});
  }
  const Column& column = c.columns[c.keyword_column];
  scan_column(column, values[c.keyword_column], batch.raw());
  scan_column(column, keyword_values, batch.raw());
}

void Matcher::Impl::note_carried(event::RouteId route, event::FieldId field) {
  carried_here[route * carried->fields() + field] = 1;
  carried->mark(route, field);
}

void Matcher::Impl::count_events(const event::Batch& batch) {
  for (const event::Event& e : batch.events()) ++events_of_route[e.route];
  for (std::size_t route = 0; route < events_of_route.size(); ++route) {
    if (events_of_route[route] == 0) continue;
    carried->add_events(static_cast<event::RouteId>(route), events_of_route[route]);
    events_of_route[route] = 0;
  }
}

void Matcher::Impl::scan_column(const Column& column, std::span<const Value> column_values,
                                std::string_view raw) {
  if (column.literals) {
    column_scan.literals(
        column, column_values, raw, scratch,
        [&](std::uint32_t event, std::uint32_t id) { add_hit(event, column.first_literal + id); });
  }
  for (const Column::Eager& eager : column.eager) {
    for (const Value& v : column_values) {
      scratch.scan(*eager.set.database, regex_view(eager.set.view, v.text, regex_text),
                   [&](std::uint32_t id, std::size_t) { add_hit(v.event, eager.first_atom + id); });
    }
  }
}

// Most repeated hits of an event come in a row; the few that do not are harmless.
void Matcher::Impl::add_hit(std::uint32_t event, std::uint32_t class_atom) {
  if (hit_stamp[class_atom] == base + event) return;
  hit_stamp[class_atom] = base + event;
  hits.push_back({class_atom, first_hit[event]});
  first_hit[event] = static_cast<std::uint32_t>(hits.size() - 1);
}

void Matcher::Impl::add_candidate(Entry entry) {
  if (rule_stamp[entry.rule] == stamp) return;
  rule_stamp[entry.rule] = stamp;
  candidates.push_back(entry);
}

void Matcher::Impl::evaluate_event(const Class& c, const event::Batch& batch, std::uint32_t event,
                                   std::vector<Match>& out) {
  stamp = base + event;
  of_class = &c;
  of_batch = &batch;
  of_event = &batch.events()[event];
  candidates.clear();
  for (std::uint32_t h = first_hit[event]; h != kNoHit; h = hits[h].next) {
    const std::uint32_t atom = hits[h].atom;
    true_stamp[c.atoms[atom]] = stamp;
    for (std::uint32_t i = c.entry_begin[atom]; i < c.entry_begin[atom + 1]; ++i) {
      add_candidate(c.entries[i]);
    }
  }
  for (const std::uint32_t rule : c.always) add_candidate({rule, false});
  const std::size_t begin = out.size();
  const auto ask = [this](AtomId atom) { return truth(atom); };
  for (const Entry& entry : candidates) {
    const std::uint64_t given_up = pcre.limits_hit();
    if ((entry.sure || evaluate(code.nodes, code.roots[entry.rule], ask)) &&
        !is_hidden(event, entry.rule))
      out.push_back({event, entry.rule});
    if (pcre.limits_hit() != given_up) gave_up.push_back({event, entry.rule});
  }
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end());
}

// Does a filter of the rule that has not expired take the match out?
bool Matcher::Impl::is_hidden(std::uint32_t event, std::uint32_t rule) {
  const auto ask = [this](AtomId atom) { return truth(atom); };
  for (std::uint32_t i = code.filter_begin[rule]; i < code.filter_begin[rule + 1]; ++i) {
    const FilterCode& filter = code.filters[i];
    const bool is_over = of_event->event_time >= filter.expires;
    if ((is_over && expiry_told[filter.index]) || evaluate(code.nodes, filter.root, ask)) continue;
    if (is_over) {
      expiry_told[filter.index] = true;
      expired.push_back({event, rule, filter.index});
      continue;
    }
    hidden.push_back({event, rule, filter.index});
    return true;
  }
  return false;
}

bool Matcher::Impl::truth(AtomId atom) {
  if (true_stamp[atom] == stamp) return true;
  const Mode mode = code.modes[atom];
  if (mode == Mode::scanned) return false;
  const Atom& a = code.atoms[atom];
  if (mode == Mode::on_demand) {
    const std::uint16_t column = of_class->column_of(a.field);
    if (demand_stamp[column] == stamp) return false;
    demand_stamp[column] = stamp;
    scan_on_demand(of_class->columns[column]);
    return true_stamp[atom] == stamp;
  }
  if (known_stamp[atom] == stamp) return false;
  known_stamp[atom] = stamp;
  const bool holds = a.field == event::kNoField ? keyword_truth(a) : direct_truth(a);
  if (holds) true_stamp[atom] = stamp;
  return holds;
}

bool Matcher::Impl::keyword_truth(const Atom& atom) {
  if (atom.kind == AtomKind::always) return true;
  if (atom.kind == AtomKind::pcre) {
    return pcre_truth(atom, of_event->raw) ||
           (!of_event->keywords.empty() && pcre_truth(atom, of_event->keywords));
  }
  return literal_matches(atom, of_event->raw) || literal_matches(atom, of_event->keywords);
}

bool Matcher::Impl::direct_truth(const Atom& atom) {
  bool present = false;
  for (const event::Field& f : of_batch->fields(*of_event)) {
    if (f.id != atom.field) continue;
    present = true;
    if (atom.kind == AtomKind::exists) return true;
    if (atom.kind == AtomKind::null && !has_text(f)) return true;
    if (has_text(f) && value_truth(atom, f.text)) return true;
  }
  return !present && (atom.kind == AtomKind::null || atom.kind == AtomKind::missing);
}

bool Matcher::Impl::value_truth(const Atom& atom, std::string_view value) {
  switch (atom.kind) {
    case AtomKind::equals:
    case AtomKind::startswith:
    case AtomKind::endswith:
    case AtomKind::contains:
      return literal_matches(atom, value);
    case AtomKind::cidr: {
      const auto address = parse_address(value);
      return address && atom.network.contains(*address);
    }
    case AtomKind::number: {
      const auto number = parse_number(value);
      return number && compare(*number, atom.op, atom.number);
    }
    case AtomKind::part: {
      const auto time = parse::parse_timestamp(value, nullptr);
      return time && compare(part_of(*time, atom.part), atom.op, atom.number);
    }
    case AtomKind::field:
      return related_truth(atom, value);
    case AtomKind::pcre:
      return pcre_truth(atom, value);
    case AtomKind::always:
      return true;
    case AtomKind::regex:
    case AtomKind::null:
    case AtomKind::exists:
    case AtomKind::missing:
      break;
  }
  return false;
}

bool Matcher::Impl::related_truth(const Atom& atom, std::string_view value) const {
  for (const event::Field& f : of_batch->fields(*of_event)) {
    if (f.id == atom.other && has_text(f) && texts_related(atom, value, f.text)) return true;
  }
  return false;
}

bool Matcher::Impl::pcre_truth(const Atom& atom, std::string_view value) {
  return atom.code->found_in(regex_view(View::wide, value, regex_text), pcre);
}

void Matcher::Impl::scan_on_demand(const Column& column) {
  if (column.field == event::kNoField) {
    scan_demand_value(column, of_event->raw);
    if (!of_event->keywords.empty()) scan_demand_value(column, of_event->keywords);
    return;
  }
  for (const event::Field& f : of_batch->fields(*of_event)) {
    if (f.id == column.field && has_text(f)) scan_demand_value(column, f.text);
  }
}

void Matcher::Impl::scan_demand_value(const Column& column, std::string_view value) {
  for (const RegexSet& set : column.demand) {
    scratch.scan(*set.database, regex_view(set.view, value, regex_text),
                 [&](std::uint32_t id, std::size_t) { true_stamp[set.atoms[id]] = stamp; });
  }
}

Matcher::Matcher(std::shared_ptr<const Program> program, std::shared_ptr<Carried> carried)
    : impl_(std::make_unique<Impl>(std::move(program), std::move(carried))) {}

Matcher::~Matcher() = default;

void Matcher::match(const event::Batch& batch, std::vector<Match>& out) {
  impl_->match(batch, out);
}

const std::vector<Hidden>& Matcher::hidden() const { return impl_->hidden; }

const std::vector<Hidden>& Matcher::expired() const { return impl_->expired; }

const std::vector<Match>& Matcher::gave_up() const { return impl_->gave_up; }

}  // namespace vakt::match
