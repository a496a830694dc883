// One message through decoders, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "normalise/normaliser.h"

namespace vakt::normalise {

using Fields = std::map<std::string, std::string>;

// Decoders with the names and routes they were loaded with.
struct Loaded {
  event::FieldNames names;
  event::Routes routes;
  Diagnostics diagnostics;
  std::shared_ptr<const Decoders> decoders;

  event::RouteId base = 0;

  static std::unique_ptr<Loaded> text(const std::string& yaml) {
    auto loaded = std::make_unique<Loaded>();
    loaded->decoders = Decoders::load_texts({{"t.yaml", yaml}}, loaded->names, loaded->routes,
                                            loaded->diagnostics);
    return loaded;
  }
  static std::unique_ptr<Loaded> shipped(std::vector<event::LogSource> base_labels = {}) {
    auto loaded = std::make_unique<Loaded>();
    loaded->base = loaded->routes.intern(std::move(base_labels));
    loaded->decoders = Decoders::load({std::string(VAKT_SOURCE_DIR) + "/rules/decoders"},
                                      loaded->names, loaded->routes, loaded->diagnostics);
    return loaded;
  }
  std::string complaints() const {
    std::string out;
    for (const Diagnostic& d : diagnostics) out += to_string(d) + "\n";
    return out;
  }
};

struct Decoded {
  Fields fields;  // that decoding added
  std::vector<event::LogSource> labels;
};

// Program and message lie in heap blocks of exactly their size. Captured values must be views into
// the message; the caller's own fields come first.
inline Decoded decode(const Loaded& loaded, std::string_view program, std::string_view message,
                      const Fields& own = {}) {
  const auto block = std::make_unique<char[]>(program.size() + 1);
  std::memcpy(block.get(), program.data(), program.size());
  const auto text = std::make_unique<char[]>(message.size());
  std::memcpy(text.get(), message.data(), message.size());
  event::Batch batch(16, 1);
  batch.add("frame");
  batch.add_field(event::kProcessName, event::ValueKind::string, {block.get(), program.size()});
  batch.add_field(event::kMessage, event::ValueKind::string, {text.get(), message.size()});
  for (const auto& [name, value] : own)
    batch.add_field(loaded.names.find(name), event::ValueKind::string, value);
  loaded.decoders->decode(batch, loaded.base);
  Decoded out;
  const event::Event& event = batch.events().front();
  out.labels = loaded.routes.labels(event.route);
  for (const event::Field& f : batch.fields(event).subspan(2 + own.size())) {
    const auto [it, added] = out.fields.emplace(loaded.names.name(f.id), f.text);
    EXPECT_TRUE(added) << it->first << " twice";
  }
  EXPECT_EQ(batch.find(event, event::kMessage)->text, message) << "the message is left alone";
  return out;
}

}  // namespace vakt::normalise
