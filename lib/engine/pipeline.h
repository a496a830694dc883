// Pipeline: everything a worker needs to turn bytes into hits, loaded once and immutable: decoders,
// field maps, field names, log-source routes, compiled rules. Shared by all threads as one
// snapshot. Only `carried` changes: it counts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "engine/detectors.h"
#include "event/field_names.h"
#include "event/log_source.h"
#include "match/carried.h"
#include "match/matcher.h"
#include "normalise/field_maps.h"
#include "normalise/normaliser.h"

namespace date {
class time_zone;
}

namespace vakt::engine {

enum class Format : std::uint8_t {
  automatic,  // JSON where the frame starts with '{', else syslog
  syslog,
  json,
};

// How the records of one listener (or replayed file) are to be read.
struct ListenerSettings {
  std::string name;
  Format format = Format::automatic;
  std::optional<int> year;                // for times without one
  const date::time_zone* zone = nullptr;  // for times without one; null: UTC
  event::LogSource log_source;            // label of all its records
  bool imported = false;                  // history, whatever the times say
};

struct PipelineOptions {
  std::vector<std::string> rule_paths;
  std::vector<std::string> decoder_paths;
  std::vector<std::string> field_map_paths;
  rule::LoadOptions rules;  // placeholders, retired rules
  rule::Level open_level = rule::Level::high;
  correlate::Forms forms;
  std::vector<ListenerSettings> listeners;  // Event::listener is the index
  // Labels that events may be given from outside instead of those their content says.
  std::vector<event::LogSource> extra_log_sources;
  std::shared_ptr<scan::Cache> cache;  // of compiled databases; null: none
};

struct Listener {
  ListenerSettings settings;
  event::RouteId route = 0;
};

struct Pipeline {
  event::FieldNames names;
  event::Routes routes;
  std::shared_ptr<const rule::RuleSet> rules;
  std::shared_ptr<const normalise::Decoders> decoders;
  std::shared_ptr<const normalise::FieldMaps> field_maps;
  std::shared_ptr<const match::Program> program;
  std::shared_ptr<match::Carried> carried;  // by the events that were matched with it
  std::shared_ptr<const Detectors> detectors;
  std::vector<Listener> listeners;
  std::vector<event::RouteId> extra_routes;  // of PipelineOptions::extra_log_sources

  // Reports everything wrong with rules, decoders and field maps. Null only where nothing usable is
  // left.
  static std::shared_ptr<const Pipeline> load(const PipelineOptions& options,
                                              Diagnostics& diagnostics);
};

}  // namespace vakt::engine
