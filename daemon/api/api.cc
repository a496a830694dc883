#include "api/api.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "api/incident_json.h"
#include "api/query.h"
#include "api/reload_json.h"
#include "api/statistics_json.h"
#include "api/token.h"
#include "metrics/exposition.h"

namespace vakt::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Respond;
using http::Response;

constexpr std::uint64_t kActionBytesMax = 64 * 1024;

struct Context {
  Context(boost::asio::io_context& io_, Backend backend_) : io(io_), backend(std::move(backend_)) {}
  boost::asio::io_context& io;
  const Backend backend;
};
using Shared = std::shared_ptr<const Context>;

Response error_of(const Error& error) {
  switch (error.code) {
    case Errc::invalid:
      return http::error_response(400, "invalid", error.message);
    case Errc::not_found:
      return http::error_response(404, "not_found", error.message);
    case Errc::conflict:
      return http::error_response(409, "conflict", error.message);
    case Errc::too_large:
      return http::error_response(413, "too_large", error.message);
    case Errc::unavailable: {
      Response response = http::error_response(503, "unavailable", error.message);
      response.headers.emplace_back("Retry-After", "1");
      return response;
    }
    case Errc::io:
      return http::error_response(500, "io", error.message);
    case Errc::corrupt:
      return http::error_response(500, "corrupt", error.message);
  }
  return http::error_response(500, "unknown", error.message);
}

// Held while it is read. Null: it is being reopened.
std::shared_ptr<const store::Store> store_of(const Backend& backend) {
  if (backend.current_store) return backend.current_store();
  return {backend.store, [](const store::Store*) {}};
}

Response store_away() {
  return error_of({Errc::unavailable, "the store is being reopened: try again in a moment"});
}

Response json_response(const json::object& object) {
  Response response;
  response.body = json::serialize(object) + "\n";
  return response;
}

// Every wrong guess waits, and takes its connection's time with it.
void refuse_slowly(const Shared& context, Respond respond) {
  if (context->backend.auth_failed) context->backend.auth_failed();
  Response response = http::error_response(
      401, "unauthorised", "send the token of the API as 'Authorization: Bearer TOKEN'");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"vakt\"");
  auto timer = std::make_shared<boost::asio::steady_timer>(context->io);
  timer->expires_after(std::chrono::milliseconds(context->backend.auth_failure_delay_ms));
  timer->async_wait([timer, respond = std::move(respond), response = std::move(response)](
                        const boost::system::error_code&) { respond(response); });
}

using Endpoint = void (*)(const Context&, const Request&, Respond);

http::Handler open_to_all(Shared context, Endpoint endpoint) {
  return [context = std::move(context), endpoint](Request request, Respond respond) {
    endpoint(*context, request, std::move(respond));
  };
}

http::Handler with_token(Shared context, Endpoint endpoint) {
  return [context = std::move(context), endpoint](Request request, Respond respond) {
    if (!is_authorised(request.header("authorization"), context->backend.token_hash))
      return refuse_slowly(context, std::move(respond));
    endpoint(*context, request, std::move(respond));
  };
}

void healthy(const Context& context, const Request&, Respond respond) {
  respond(json_response({{"status", "healthy"}, {"version", context.backend.version}}));
}

void ready(const Context& context, const Request&, Respond respond) {
  std::string why;
  if (!context.backend.ready || context.backend.ready(why))
    return respond(json_response({{"status", "ready"}}));
  Response response = json_response({{"status", "not ready"}, {"reason", safe_string(why)}});
  response.status = 503;
  respond(std::move(response));
}

void metrics_text(const Context& context, const Request&, Respond respond) {
  respond({200, std::string(metrics::kContentType), {}, context.backend.metrics()});
}

void list(const Context& context, const Request& request, Respond respond) {
  const auto store = store_of(context.backend);
  if (!store) return respond(store_away());
  const auto query = read_incident_query(request, *store);
  if (!query) return respond(error_of(query.error()));
  const auto incidents = store->incidents(*query);
  if (!incidents) return respond(error_of(incidents.error()));
  json::array rows;
  for (const incident::Incident& incident : *incidents) rows.push_back(to_json(incident));
  json::object out;
  // A full page may have another one behind it.
  out["next_before"] = incidents->size() == query->limit ? json::value(incidents->back().number)
                                                         : json::value(nullptr);
  out["incidents"] = std::move(rows);
  respond(json_response(out));
}

void statistics(const Context& context, const Request&, Respond respond) {
  respond(json_response(statistics_json(*context.backend.pipeline())));
}

void show(const Context& context, const Request& request, Respond respond) {
  const auto limit = read_evidence_limit(request);
  if (!limit) return respond(error_of(limit.error()));
  const auto shared = store_of(context.backend);
  if (!shared) return respond(store_away());
  const store::Store& store = *shared;
  const auto incident = store.find_incident(request.captures.at(0));
  if (!incident) return respond(error_of(incident.error()));
  const auto timeline = store.timeline(incident->id);
  if (!timeline) return respond(error_of(timeline.error()));
  const auto evidence = store.evidence(incident->id);
  if (!evidence) return respond(error_of(evidence.error()));
  json::object out = to_json(*incident);
  json::array entries;
  for (const incident::TimelineEntry& entry : *timeline) entries.push_back(to_json(entry));
  json::array rows;
  for (std::size_t i = 0; i < std::min(*limit, evidence->size()); ++i)
    rows.push_back(to_json((*evidence)[i]));
  out["timeline"] = std::move(entries);
  out["evidence"] = std::move(rows);
  respond(json_response(out));
}

void act(const Context& context, const Request& request, Respond respond) {
  auto action = read_action(request.body);
  if (!action) return respond(error_of(action.error()));
  const auto store = store_of(context.backend);
  if (!store) return respond(store_away());
  auto incident = store->find_incident(request.captures.at(0));
  if (!incident) return respond(error_of(incident.error()));
  engine::Command command{incident->id, std::move(*action), std::move(*incident)};
  context.backend.command(std::move(command),
                          [respond = std::move(respond)](Result<incident::Incident> done) {
                            respond(done ? json_response(to_json(*done)) : error_of(done.error()));
                          });
}

void reload(const Context& context, const Request&, Respond respond) {
  context.backend.reload([respond = std::move(respond)](const ReloadReport& report) {
    Response response = json_response(to_json(report));
    if (!report.done) response.status = 422;
    respond(std::move(response));
  });
}

}  // namespace

void add_routes(http::Server& server, boost::asio::io_context& io, Backend backend) {
  const Shared context = std::make_shared<const Context>(io, std::move(backend));
  server.add({"GET", "/-/healthy", 0, open_to_all(context, healthy), {}});
  server.add({"GET", "/-/ready", 0, open_to_all(context, ready), {}});
  server.add({"GET", "/metrics", 0, open_to_all(context, metrics_text), {}});
  server.add({"POST", "/-/reload", 0, with_token(context, reload), {}});
  server.add({"GET", "/api/v1/rules/statistics", 0, with_token(context, statistics), {}});
  server.add({"GET", "/api/v1/incidents", 0, with_token(context, list), {}});
  server.add({"GET", "/api/v1/incidents/{ref}", 0, with_token(context, show), {}});
  server.add(
      {"POST", "/api/v1/incidents/{ref}/actions", kActionBytesMax, with_token(context, act), {}});
}

}  // namespace vakt::api
