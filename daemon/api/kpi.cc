#include "api/kpi.h"

#include <fmt/format.h>

#include <utility>

#include "api/answers.h"
#include "incident/kpi.h"

namespace vakt::api {
namespace {

namespace json = boost::json;

struct Period {
  Time from = kTimeMin;
  Time to = kTimeMax;
};

Result<Period> read_period(const http::Request& request) {
  Period out;
  for (const auto& [name, value] : request.query) {
    if (name != "from" && name != "to")
      return fail(Errc::invalid,
                  fmt::format("there is no parameter '{}': from and to exist", name));
    const auto time = parse_rfc3339(value);
    if (!time)
      return fail(Errc::invalid,
                  fmt::format("'{}' is no time such as 2026-11-01T00:00:00+01:00", name));
    (name == "from" ? out.from : out.to) = *time;
  }
  return out;
}

// Newest first, until they are older than the period: numbers are in the order of opening.
Result<incident::Kpis> sum_up(const store::Store& store, const Period& period) {
  incident::KpiSum sum;
  store::IncidentQuery query;
  query.include_merged = true;
  query.include_members = true;
  query.limit = 1'000;
  while (true) {
    const auto page = store.incidents(query);
    if (!page) return tl::make_unexpected(page.error());
    for (const incident::Incident& incident : *page) {
      if (incident.opened_at < period.from) return sum.result();
      if (incident.opened_at < period.to) sum.add(incident);
    }
    if (page->size() < query.limit) return sum.result();
    query.before_number = page->back().number;
  }
}

json::object to_json(const incident::Figure& figure) {
  json::object out{{"count", figure.count}, {"negative", figure.negative}};
  out["median"] = figure.count == 0 ? json::value(nullptr) : json::value(figure.median);
  out["p90"] = figure.count == 0 ? json::value(nullptr) : json::value(figure.p90);
  return out;
}

}  // namespace

void kpi(const Backend& backend, const Principal&, const http::Request& request,
         http::Respond respond) {
  const auto period = read_period(request);
  if (!period) return respond(error_of(period.error()));
  if (period->from == kTimeMin)
    return respond(error_of({Errc::invalid, "'from' is missing: since when incidents opened"}));
  const auto store = store_of(backend);
  if (!store) return respond(store_away());
  const auto kpis = sum_up(*store, *period);
  if (!kpis) return respond(error_of(kpis.error()));
  respond(json_response({{"incidents", kpis->incidents},
                         {"left_out", kpis->left_out},
                         {"time_to_detect_seconds", to_json(kpis->detect)},
                         {"time_to_acknowledge_seconds", to_json(kpis->acknowledge)},
                         {"time_to_decide_seconds", to_json(kpis->decide)},
                         {"time_to_contain_seconds", to_json(kpis->contain)},
                         {"time_to_restore_seconds", to_json(kpis->restore)},
                         {"users_affected", to_json(kpis->users_affected)}}));
}

}  // namespace vakt::api
