#include "normalise/normaliser.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "normalise/decoder.h"
#include "normalise/decoder_file.h"
#include "normalise/label_set.h"
#include "normalise/program_table.h"

namespace vakt::normalise {

using event::FieldId;
using event::RouteId;

namespace {

// A decoder that a program's messages are offered to, and the labels of what it decodes.
struct Candidate {
  std::uint64_t head = 0;
  std::uint64_t head_mask = 0;
  const Decoder* decoder = nullptr;
  std::uint32_t labels = 0;
};

struct Program {
  std::vector<Candidate> candidates;  // in the order in which they are tried
  std::uint32_t labels = 0;
};

}  // namespace

struct Decoders::Impl {
  std::vector<Section> sections;
  ProgramTable table;
  std::vector<Program> programs;  // by number in the table; the last is that of all other programs
  std::vector<LabelSet> label_sets;
  std::vector<RouteId> routes;  // [base * label_sets.size() + labels]
  std::size_t bases = 0;        // routes that existed before loading

  std::uint32_t label_set(LabelSet labels) { return number_of(label_sets, std::move(labels)); }
  void build_programs();
  void add_candidates(Program& program, const Section& section, const LabelSet& labels);
  void build_routes(event::Routes& all, Diagnostics& diagnostics);
  void name_fields(event::FieldNames& names, Diagnostics& diagnostics);
  void warn_about_shadows(Diagnostics& diagnostics) const;

  const Program& program_of(std::string_view name) const {
    const std::uint32_t number = table.find(name);
    return number == ProgramTable::kNone ? programs.back() : programs[number];
  }
  // Gives the first candidate that matches, and what it captured, to `take`.
  template <class Take>
  void select(const Program& program, std::string_view text, Take take) const {
    const std::uint64_t head = head_of(text);
    for (const Candidate& c : program.candidates) {
      if (((head ^ c.head) & c.head_mask) != 0 || !c.decoder->gate(text, head)) continue;
      Captures captured;  // here: clearing them for every event would be felt
      if (c.decoder->match(text, captured)) return take(c, captured);
    }
  }
};

void Decoders::Impl::add_candidates(Program& program, const Section& section,
                                    const LabelSet& labels) {
  const std::uint32_t set = label_set(joined(labels, section.labels));
  for (const ReadDecoder& d : section.decoders)
    program.candidates.push_back({d.decoder.head, d.decoder.head_mask, &d.decoder, set});
}

void Decoders::Impl::build_programs() {
  label_set({});
  for (const Section& section : sections)
    for (const std::string& name : section.programs) table.insert(name);
  programs.resize(table.size() + 1);
  std::vector<LabelSet> labels(programs.size());
  for (const Section& section : sections)
    for (const std::string& name : section.programs) {
      LabelSet& of_program = labels[table.find(name)];
      of_program = joined(std::move(of_program), section.labels);
    }
  // The program's own decoders come first, then those for all programs.
  for (const Section& section : sections)
    for (const std::string& name : section.programs) {
      const std::uint32_t number = table.find(name);
      add_candidates(programs[number], section, labels[number]);
    }
  for (std::size_t i = 0; i < programs.size(); ++i) {
    programs[i].labels = label_set(labels[i]);
    for (const Section& section : sections)
      if (section.all_programs) add_candidates(programs[i], section, labels[i]);
  }
}

void Decoders::Impl::build_routes(event::Routes& all, Diagnostics& diagnostics) {
  bases = all.size();
  if (bases + bases * label_sets.size() > kRoutesMax) {
    diagnostics.push_back({Severity::error, "decoders", 0, 0,
                           fmt::format("{} log sources of listeners and {} of decoders are more "
                                       "combinations than {}",
                                       bases, label_sets.size(), kRoutesMax),
                           "use fewer different log sources; no decoder is loaded"});
    sections.clear();
    table = {};
    programs.assign(1, {});
    label_sets.assign(1, {});
  }
  for (std::size_t base = 0; base < bases; ++base) {
    const LabelSet of_base = all.labels(static_cast<RouteId>(base));
    for (const LabelSet& labels : label_sets)
      routes.push_back(labels.empty() ? static_cast<RouteId>(base)
                                      : all.intern(joined(of_base, labels)));
  }
}

void Decoders::Impl::name_fields(event::FieldNames& names, Diagnostics& diagnostics) {
  const auto id_of = [&](const std::string& name) {
    if (const FieldId known = names.find(name); known != event::kNoField) return known;
    return names.size() < kFieldNamesMax ? names.intern(name) : event::kNoField;
  };
  for (Section& section : sections) {
    std::erase_if(section.decoders, [&](ReadDecoder& read) {
      bool named = true;
      for (auto& c : read.decoder.captures)
        named = (c.field = id_of(c.field_name)) != event::kNoField && named;
      for (auto& c : read.decoder.constants)
        named = (c.field = id_of(c.field_name)) != event::kNoField && named;
      if (!named)
        diagnostics.push_back({Severity::error, section.file, 0, 0,
                               fmt::format("decoder '{}': there are already {} field names",
                                           read.decoder.name, kFieldNamesMax),
                               "use fewer different names"});
      return !named;
    });
  }
}

// An example of one decoder that another one takes shows an order its author did not intend.
void Decoders::Impl::warn_about_shadows(Diagnostics& diagnostics) const {
  for (const Section& section : sections) {
    const Program& program =
        section.all_programs ? programs.back() : program_of(section.programs.front());
    for (const ReadDecoder& read : section.decoders)
      for (const Example& example : read.examples) {
        const Decoder* first = nullptr;
        select(program, unwrap_repeated(example.message),
               [&](const Candidate& c, const Captures&) { first = c.decoder; });
        if (first == &read.decoder) continue;
        diagnostics.push_back(
            {Severity::warning, section.file, example.line, example.column,
             fmt::format("'{}' takes this example of '{}' first",
                         first == nullptr ? "nothing" : first->name, read.decoder.name),
             "the first decoder that matches wins: put the more special one first"});
      }
  }
}

Decoders::Decoders() : impl_(std::make_unique<Impl>()) {}
Decoders::~Decoders() = default;

std::shared_ptr<const Decoders> Decoders::load(const std::vector<std::string>& paths,
                                               event::FieldNames& names, event::Routes& routes,
                                               Diagnostics& diagnostics) {
  return load_texts(read_paths(paths, diagnostics), names, routes, diagnostics);
}

std::shared_ptr<const Decoders> Decoders::load_texts(const std::vector<DecoderSource>& sources,
                                                     event::FieldNames& names,
                                                     event::Routes& routes,
                                                     Diagnostics& diagnostics) {
  std::shared_ptr<Decoders> decoders(new Decoders());
  Impl& impl = *decoders->impl_;
  std::size_t count = 0;
  for (const DecoderSource& source : sources) {
    for (Section& section : read_sections(source, diagnostics)) {
      count += section.decoders.size();
      if (count <= kDecodersMax) {
        impl.sections.push_back(std::move(section));
        continue;
      }
      diagnostics.push_back({Severity::error, source.file, 0, 0,
                             fmt::format("more than {} decoders in all", kDecodersMax),
                             "this part is not loaded: remove decoders that you do not need"});
      count -= section.decoders.size();
    }
  }
  impl.name_fields(names, diagnostics);
  impl.build_programs();
  impl.build_routes(routes, diagnostics);
  impl.warn_about_shadows(diagnostics);
  return decoders;
}

void Decoders::decode(event::Batch& batch, RouteId base) const {
  check(base < impl_->bases, "listeners' routes are interned before decoders are loaded");
  event::Event& event = batch.events().back();
  event.route = base;
  const event::Field* name = nullptr;
  const event::Field* message = nullptr;
  for (const event::Field& f : batch.fields(event)) {
    if (f.id == event::kProcessName && name == nullptr) name = &f;
    if (f.id == event::kMessage && message == nullptr) message = &f;
    if (name != nullptr && message != nullptr) break;
  }
  if (name == nullptr || message == nullptr) return;
  const Program& program = impl_->program_of(name->text);
  const RouteId* routes = impl_->routes.data() + base * impl_->label_sets.size();
  event.route = routes[program.labels];
  if (program.candidates.empty()) return;
  impl_->select(program, unwrap_repeated(message->text),
                [&](const Candidate& c, const Captures& captured) {
                  event.route = routes[c.labels];
                  c.decoder->add_fields(batch, captured);
                });
}

}  // namespace vakt::normalise
