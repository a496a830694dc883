// Field maps. The first byte chooses: arbitrary text as a file of maps, which is taken or refused
// but never crashes, and then reads a record; or an arbitrary JSON record through the shipped maps.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "normalise/field_maps.h"
#include "parse/json.h"

namespace {

using namespace vakt;

constexpr std::size_t kFileBytesMax = 8 * 1024;
constexpr std::size_t kRecordBytesMax = 64 * 1024;
constexpr std::size_t kBases = 1;

// What rules would ask for.
void intern(event::FieldNames& names) {
  for (const char* name : {"Image", "CommandLine", "ParentImage", "User", "Hashes", "TargetObject",
                           "Initiated", "c-uri", "cs-method", "eventSource", "type", "a0", "Data"})
    names.intern(name);
}

struct Maps {
  event::FieldNames names;
  event::Routes routes;
  std::shared_ptr<const normalise::FieldMaps> maps;
};

void check_apply(const Maps& m, std::string_view record) {
  static parse::JsonParser parser(kRecordBytesMax);
  event::Batch batch(record.size() + 1, 1);
  batch.add(record);
  if (parser.parse(batch, m.names, false, true) != parse::JsonError::none) return;
  const auto before = batch.fields(batch.events().front()).size();
  const bool applied = m.maps->apply(batch, 0);
  const event::Event& e = batch.events().front();
  check(e.route < m.routes.size(), "a route that was made when the maps were loaded");
  check(applied || (e.route == 0 && e.field_count == before), "else it is left as it is");
  for (const event::Field& f : batch.fields(e))
    check(f.id < m.names.size(), "a field that somebody asked for");
  m.maps->time_of(batch);
}

void load_file(std::string_view text) {
  Maps m;
  intern(m.names);
  Diagnostics diagnostics;
  m.maps = normalise::FieldMaps::load_texts({{"fuzz.yaml", std::string(text)}}, kBases, m.names,
                                            m.routes, diagnostics);
  check(m.maps != nullptr, "never null");
  for (const Diagnostic& d : diagnostics) check(!d.message.empty() && d.line >= 0, "a diagnostic");
  m.names.resolve_spellings();
  check_apply(m, R"({"Channel":"Security","EventID":4688,"NewProcessName":"a","n":{"x":1}})");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    if (rest.size() <= kFileBytesMax) load_file(rest);
    return 0;
  }
  static const std::unique_ptr<const Maps> shipped = [] {
    auto m = std::make_unique<Maps>();
    intern(m->names);
    Diagnostics diagnostics;
    m->maps = normalise::FieldMaps::load({std::string(VAKT_SOURCE_DIR) + "/rules/field_maps"},
                                         kBases, m->names, m->routes, diagnostics);
    check(diagnostics.empty(), "the shipped maps load");
    m->names.resolve_spellings();
    return m;
  }();
  if (rest.size() <= kRecordBytesMax) check_apply(*shipped, rest);
  return 0;
}
