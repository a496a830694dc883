#include "api/statistics_json.h"

#include "api/incident_json.h"
#include "base/time.h"

namespace vakt::api {
namespace {

namespace json = boost::json;

json::array labels_of(const std::vector<event::LogSource>& labels) {
  json::array out;
  for (const event::LogSource& l : labels)
    out.push_back(json::object{{"product", safe_string(l.product)},
                               {"category", safe_string(l.category)},
                               {"service", safe_string(l.service)}});
  return out;
}

}  // namespace

json::object statistics_json(const engine::Pipeline& pipeline) {
  const match::Carried& carried = *pipeline.carried;
  json::array names;
  for (std::size_t f = 0; f < pipeline.names.size(); ++f)
    names.push_back(safe_string(pipeline.names.name(static_cast<event::FieldId>(f))));
  json::array log_sources;
  for (std::size_t r = 0; r < carried.routes(); ++r) {
    const auto route = static_cast<event::RouteId>(r);
    if (carried.events(route) == 0) continue;
    json::array fields;
    for (std::size_t f = 0; f < carried.fields(); ++f)
      if (carried.has(route, static_cast<event::FieldId>(f))) fields.push_back(names[f]);
    log_sources.push_back(json::object{{"labels", labels_of(pipeline.routes.labels(route))},
                                       {"events", carried.events(route)},
                                       {"fields", std::move(fields)}});
  }
  return {{"since", format_rfc3339(carried.since())},
          {"fields", std::move(names)},
          {"log_sources", std::move(log_sources)}};
}

}  // namespace vakt::api
