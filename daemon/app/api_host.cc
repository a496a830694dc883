#include "app/api_host.h"

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "api/api.h"
#include "api/gate.h"
#include "source/named_thread.h"

namespace vakt::app {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::milliseconds kLookEvery{5};
}

ApiHost::ApiHost(Intake intake, metrics::RequestTimes& times)
    : guard_(asio::make_work_guard(io_)),
      patience_(io_),
      quiet_(io_),
      intake_(std::move(intake)),
      times_(times) {}

ApiHost::~ApiHost() { finish(std::chrono::milliseconds(0)); }

Result<std::uint16_t> ApiHost::open_api(const config::Api& api, std::uint16_t listener,
                                        api::Backend backend) {
  return listen(api.address, listener, engine::kFrameBytesMax, *backend.gate, &backend);
}

Result<std::uint16_t> ApiHost::open_events(const config::Listener& settings, std::uint16_t listener,
                                           api::Gate& gate) {
  return listen(settings.address, listener, settings.frame_bytes_max, gate, nullptr);
}

Result<std::uint16_t> ApiHost::listen(const config::Endpoint& address, std::uint16_t listener,
                                      std::size_t frame_bytes_max, api::Gate& gate,
                                      const api::Backend* backend) {
  source::HttpEventsOptions options;
  options.listener = listener;
  options.frame_bytes_max = frame_bytes_max;
  options.find_answer = intake_.find_answer;
  options.refuse = [&gate](const http::Request& request) -> std::optional<http::Response> {
    const auto who = gate.identify(request);
    if (!who) return who.error();
    if (who->may(access::Permission::ingest_events)) return std::nullopt;
    return api::forbidden(*who, access::Permission::ingest_events);
  };
  events_.push_back(std::make_unique<source::HttpEvents>(intake_.context, keys_, intake_.workers,
                                                         std::move(options)));
  source::HttpEvents* events = events_.back().get();

  http::Options server;
  server.address = address.host;
  server.port = address.port;
  server.observe = [this, events](std::string_view route, std::string_view method, int status,
                                  double seconds) {
    times_.observe(route, method, status, seconds);
    events->observe(route, status);
  };
  servers_.push_back(std::make_unique<http::Server>(io_, std::move(server)));
  if (backend != nullptr) api::add_routes(*servers_.back(), io_, *backend);
  servers_.back()->add(events->route());
  if (auto listening = servers_.back()->listen(); !listening)
    return tl::make_unexpected(listening.error());
  return servers_.back()->port();
}

void ApiHost::start() {
  thread_ = source::named_thread("vakt-http", [this] { io_.run(); });
}

void ApiHost::stop_intake() {
  std::promise<void> done;
  auto finished = done.get_future();
  asio::post(io_, [this, told = std::make_shared<std::promise<void>>(std::move(done))] {
    for (const auto& events : events_) events->stop();
    told->set_value();
  });
  finished.wait();
}

void ApiHost::finish(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) return;
  asio::post(io_, [this, patience] {
    patience_.expires_after(patience);
    patience_.async_wait([this](boost::system::error_code) { io_.stop(); });
    for (const auto& server : servers_) server->close();
    guard_.reset();
    end_when_quiet();
  });
  thread_.join();
}

// The timer itself keeps the io_context at work: it has to go when the last connection has gone.
void ApiHost::end_when_quiet() {
  std::size_t connections = 0;
  for (const auto& server : servers_) connections += server->connections();
  if (connections == 0) return io_.stop();
  quiet_.expires_after(kLookEvery);
  quiet_.async_wait([this](boost::system::error_code) { end_when_quiet(); });
}

}  // namespace vakt::app
