#include "api/api.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "access/digest.h"
#include "api/answers.h"
#include "api/endpoint.h"
#include "api/incident_json.h"
#include "api/reload_json.h"
#include "api/statistics_json.h"
#include "metrics/exposition.h"

namespace vakt::api {
namespace {

using http::Request;
using http::Respond;
using http::Response;

struct Context {
  Context(boost::asio::io_context& io_, Backend backend_) : io(io_), backend(std::move(backend_)) {}
  boost::asio::io_context& io;
  const Backend backend;
};
using Shared = std::shared_ptr<const Context>;

// Every wrong guess waits, and takes its connection's time with it.
void refuse_slowly(const Shared& context, Response response, Respond respond) {
  if (context->backend.auth_failed) context->backend.auth_failed();
  auto timer = std::make_shared<boost::asio::steady_timer>(context->io);
  timer->expires_after(std::chrono::milliseconds(context->backend.auth_failure_delay_ms));
  timer->async_wait([timer, respond = std::move(respond), response = std::move(response)](
                        const boost::system::error_code&) { respond(response); });
}

void healthy(const Backend& backend, const Principal&, const Request&, Respond respond) {
  respond(json_response({{"status", "healthy"}, {"version", backend.version}}));
}

void ready(const Backend& backend, const Principal&, const Request&, Respond respond) {
  std::string why;
  if (!backend.ready || backend.ready(why)) return respond(json_response({{"status", "ready"}}));
  Response response = json_response({{"status", "not ready"}, {"reason", safe_string(why)}});
  response.status = 503;
  respond(std::move(response));
}

void metrics_text(const Backend& backend, const Principal&, const Request&, Respond respond) {
  respond({200, std::string(metrics::kContentType), {}, backend.metrics()});
}

void statistics(const Backend& backend, const Principal&, const Request&, Respond respond) {
  respond(json_response(statistics_json(*backend.pipeline())));
}

void reload(const Backend& backend, const Principal&, const Request&, Respond respond) {
  backend.reload([respond = std::move(respond)](const ReloadReport& report) {
    Response response = json_response(to_json(report));
    if (!report.done) response.status = 422;
    respond(std::move(response));
  });
}

constexpr std::array kEndpoints{
    Endpoint{"GET", "/-/healthy", 0, Guard::none(), healthy},
    Endpoint{"GET", "/-/ready", 0, Guard::none(), ready},
    Endpoint{"GET", "/metrics", 0, Guard::none(), metrics_text},
    Endpoint{"POST", "/-/reload", 0, access::Permission::reload_rules, reload},
    Endpoint{"GET", "/api/v1/rules/statistics", 0, access::Permission::read_rules, statistics},
};

void let_in(const Shared& context, const Endpoint& endpoint, const Request& request,
            Respond respond) {
  const Backend& backend = context->backend;
  if (endpoint.guard.kind() == Guard::Kind::none)
    return endpoint.answer(backend, Principal{}, request, std::move(respond));
  auto who = backend.gate->identify(request);
  if (!who && who.error().status == 403) return respond(std::move(who.error()));
  if (!who) return refuse_slowly(context, std::move(who.error()), std::move(respond));
  if (endpoint.guard.kind() == Guard::Kind::permitted && !who->may(endpoint.guard.permission()))
    return respond(forbidden(*who, endpoint.guard.permission()));
  endpoint.answer(backend, *who, request, std::move(respond));
}

void add(http::Server& server, const Shared& context, const Endpoint& endpoint) {
  server.add({endpoint.method,
              endpoint.path,
              endpoint.body_bytes_max,
              [context, endpoint](Request request, Respond respond) {
                const access::WipeAtEnd wipe(request.body);  // there may be a password in it
                let_in(context, endpoint, request, std::move(respond));
              },
              {}});
}

}  // namespace

std::span<const Endpoint> daemon_endpoints() { return kEndpoints; }

std::vector<Endpoint> all_endpoints() {
  std::vector<Endpoint> all;
  for (const auto& table : {daemon_endpoints(), incident_endpoints(), user_endpoints(),
                            token_endpoints(), login_endpoints(), audit_endpoints()})
    all.insert(all.end(), table.begin(), table.end());
  return all;
}

void add_routes(http::Server& server, boost::asio::io_context& io, Backend backend) {
  const Shared context = std::make_shared<const Context>(io, std::move(backend));
  for (const Endpoint& endpoint : all_endpoints()) add(server, context, endpoint);
}

}  // namespace vakt::api
