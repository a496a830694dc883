#include "engine/pipeline.h"

#include <utility>

namespace vakt::engine {

std::shared_ptr<const Pipeline> Pipeline::load(const PipelineOptions& options,
                                               Diagnostics& diagnostics) {
  auto p = std::make_shared<Pipeline>();
  p->rules = std::make_shared<const rule::RuleSet>(
      rule::load(options.rule_paths, diagnostics, options.rules));
  // First, because decoders and field maps prepare every combination of a listener's label with
  // their own.
  for (const ListenerSettings& settings : options.listeners) {
    Listener listener{settings, 0};
    if (settings.log_source != event::LogSource{})
      listener.route = p->routes.intern({settings.log_source});
    p->listeners.push_back(std::move(listener));
  }
  const std::size_t listener_routes = p->routes.size();
  p->decoders = normalise::Decoders::load(options.decoder_paths, p->names, p->routes, diagnostics);
  if (!p->decoders) return nullptr;
  p->field_maps = normalise::FieldMaps::load(options.field_map_paths, listener_routes, p->names,
                                             p->routes, diagnostics);
  for (const event::LogSource& labels : options.extra_log_sources)
    p->extra_routes.push_back(p->routes.intern({labels}));
  intern_correlation_fields(*p->rules, p->names);
  p->program =
      match::Program::compile(p->rules, p->names, p->routes, diagnostics, options.cache.get());
  if (!p->program) return nullptr;
  p->names.resolve_spellings();
  p->carried = std::make_shared<match::Carried>(p->routes.size(), p->names.size());
  p->detectors =
      std::make_shared<const Detectors>(p->rules, p->names, options.open_level, options.forms);
  return p;
}

}  // namespace vakt::engine
