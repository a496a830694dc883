// ApiHost: the thread of everything HTTP: the API with metrics and event intake, and the listeners
// of type http. It only moves bytes and reads the store; records are parsed by the workers.
//
// Life: open() (ports bound), start(), stop_intake(), finish().
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "api/backend.h"
#include "config/config.h"
#include "http/server.h"
#include "metrics/request_times.h"
#include "source/http_events.h"

namespace vakt::app {

class ApiHost {
 public:
  struct Intake {
    source::Context& context;
    std::vector<source::WorkerThread*> workers;
    std::function<Result<std::optional<store::Idempotency>>(const std::string&)> find_answer;
  };
  ApiHost(Intake intake, metrics::RequestTimes& times);
  ~ApiHost();

  // The API itself, and its own event intake. Returns the port.
  Result<std::uint16_t> open_api(const config::Api& api, std::uint16_t listener,
                                 api::Backend backend);
  Result<std::uint16_t> open_events(const config::Listener& settings, std::uint16_t listener,
                                    api::Gate& gate);
  void start();
  // From when this returns, no request with events reaches a worker.
  void stop_intake();
  // Lets answers under way leave, then ends.
  void finish(std::chrono::milliseconds patience);

 private:
  void end_when_quiet();
  Result<std::uint16_t> listen(const config::Endpoint& address, std::uint16_t listener,
                               std::size_t frame_bytes_max, api::Gate& gate,
                               const api::Backend* backend);

  boost::asio::io_context io_{1};  // first: it outlives the servers
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::steady_timer patience_;
  boost::asio::steady_timer quiet_;
  Intake intake_;
  metrics::RequestTimes& times_;
  source::RetryKeys keys_;
  std::vector<std::unique_ptr<source::HttpEvents>> events_;
  std::vector<std::unique_ptr<http::Server>> servers_;
  std::thread thread_;
};

}  // namespace vakt::app
