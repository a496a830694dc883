// One JSON record through field maps, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "normalise/field_maps.h"
#include "parse/json.h"

namespace vakt::normalise {

struct LoadedMaps {
  event::FieldNames names;
  event::Routes routes;
  Diagnostics diagnostics;
  std::shared_ptr<const FieldMaps> maps;
  event::RouteId base = 0;

  // `wanted`: names that rules ask for.
  static std::unique_ptr<LoadedMaps> text(const std::string& yaml,
                                          const std::vector<std::string>& wanted = {}) {
    auto loaded = std::make_unique<LoadedMaps>();
    loaded->maps = FieldMaps::load_texts({{"t.yaml", yaml}}, 1, loaded->names, loaded->routes,
                                         loaded->diagnostics);
    loaded->finish(wanted);
    return loaded;
  }
  static std::unique_ptr<LoadedMaps> shipped(const std::vector<std::string>& wanted = {},
                                             std::vector<event::LogSource> base_labels = {}) {
    auto loaded = std::make_unique<LoadedMaps>();
    loaded->base = loaded->routes.intern(std::move(base_labels));
    loaded->maps =
        FieldMaps::load({std::string(VAKT_SOURCE_DIR) + "/rules/field_maps"}, loaded->routes.size(),
                        loaded->names, loaded->routes, loaded->diagnostics);
    loaded->finish(wanted);
    return loaded;
  }
  std::string complaints() const {
    std::string out;
    for (const Diagnostic& d : diagnostics) out += to_string(d) + "\n";
    return out;
  }

 private:
  void finish(const std::vector<std::string>& wanted) {
    for (const std::string& name : wanted) names.intern(name);
    names.resolve_spellings();
  }
};

struct Mapped {
  bool applied = false;
  std::set<std::string> fields;  // "name=value"
  std::vector<event::LogSource> labels;

  bool is(const event::LogSource& wanted) const {
    for (const event::LogSource& label : labels)
      if (label.satisfies(wanted)) return true;
    return false;
  }
  std::string shown() const {
    std::string out;
    for (const std::string& f : fields) out += f + " ";
    for (const auto& l : labels) out += l.product + "/" + l.category + "/" + l.service + " ";
    return out;
  }
};

inline Mapped map_record(const LoadedMaps& loaded, std::string_view record) {
  parse::JsonParser json(1 << 20);
  event::Batch batch(record.size() + 1, 1);
  batch.add(record);
  EXPECT_EQ(json.parse(batch, loaded.names, false), parse::JsonError::none) << record;
  Mapped out;
  out.applied = loaded.maps->apply(batch, loaded.base);
  const event::Event& event = batch.events().front();
  out.labels = loaded.routes.labels(event.route);
  for (const event::Field& f : batch.fields(event))
    out.fields.insert(loaded.names.name(f.id) + "=" + std::string(f.text));
  return out;
}

}  // namespace vakt::normalise
