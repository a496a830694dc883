#include "app/load.h"

#include "app/version.h"

namespace vakt::app {

std::shared_ptr<const source::Loaded> load_rules(const config::Config& config,
                                                 const LoadCaches& caches,
                                                 const source::Loaded* before,
                                                 Diagnostics& diagnostics) {
  engine::PipelineOptions options;
  options.rule_paths = config.rules;
  options.decoder_paths = config.decoders;
  options.field_map_paths = config.field_maps;
  options.rules.placeholders = config.placeholders;
  options.open_level = config.open_level;
  options.forms.exact_max = config.exact_values_max;
  options.cache = caches.databases;
  options.rules.parsed = caches.texts;
  for (const config::Listener& listener : config.listeners)
    options.listeners.push_back(listener.records);
  options.listeners.push_back(config.api.events);
  auto loaded = std::make_shared<source::Loaded>();
  loaded->pipeline = engine::Pipeline::load(options, diagnostics);
  if (!loaded->pipeline) return nullptr;
  loaded->diagnostics = diagnostics;
  loaded->labels = metrics::labels_of(*loaded->pipeline, diagnostics);
  loaded->labels.version = version();
  loaded->labels.revision = revision();
  loaded->counters = before == nullptr
                         ? metrics::rule_counters(loaded->labels)
                         : metrics::rule_counters(loaded->labels, before->counters, before->labels);
  loaded->expiry_told =
      std::make_unique<std::atomic<bool>[]>(loaded->pipeline->rules->filters.size());
  const auto& detectors = loaded->pipeline->detectors->all();
  for (std::size_t i = 0; i < detectors.size(); ++i)
    loaded->detector_of_rule.emplace(detectors[i].meta->id, i);
  return loaded;
}

}  // namespace vakt::app
