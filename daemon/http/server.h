// A small HTTP/1.1 server over Boost.Beast: routes, bounded bodies, timeouts, Host and Origin
// checks. Shared by the API and by event intake over HTTP. Beast stays in server.cc and session.cc.
//
// Threads: one io_context on one thread; handlers run there; `Respond` may be called from any
// thread, once (a second answer is ignored, dropping it unanswered gives 500). The io_context
// outlives every Server and every Respond. Limits: Options and Route; README.md says what a client
// sees at each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace boost::asio {
class io_context;
}

namespace vakt::http {

struct Request {
  std::string method;                                        // "GET"
  std::string path;                                          // decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::vector<std::string> captures;                         // of the route's {…} parts
  std::string body;
  std::string peer;            // address of the client
  std::shared_ptr<void> hold;  // what admit() reserved for it; given back with the request

  std::string_view header(std::string_view lower_case_name) const;  // empty: none
  std::optional<std::string_view> query_value(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

using Respond = std::function<void(Response)>;
using Handler = std::function<void(Request, Respond)>;

struct Route {
  std::string method;
  std::string path;  // "/api/v1/incidents/{id}/timeline": a part in braces matches one segment
  std::uint64_t body_bytes_max = 1 << 20;
  Handler handler;
  // Asked before a body is read, with its announced size (0 for chunked): an answer refuses it.
  // It may leave a reservation in Request::hold.
  std::function<std::optional<Response>(Request&, std::uint64_t body_bytes)> admit;
};

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any; see port()
  std::size_t connections_max = 1'000;
  std::uint32_t header_bytes_max = 16 * 1024;
  std::uint32_t idle_timeout_ms = 60'000;
  std::uint32_t request_timeout_ms = 30'000;  // to receive one request's bytes
  bool reuse_port = false;
  // Host headers that are accepted beside the listening address and "localhost" (defence against
  // DNS rebinding). Requests with an Origin of another host are refused.
  std::vector<std::string> hosts;
  // Told of every answer: route pattern ("" where none matched), method, status, seconds since the
  // request's header was read. On the io_context's thread.
  std::function<void(std::string_view route, std::string_view method, int status, double seconds)>
      observe;
};

// {"error":{"code":…,"message":…}} with the right escapes.
Response error_response(int status, std::string_view code, std::string_view message);

class Server {
 public:
  Server(boost::asio::io_context& io, Options options);
  ~Server();

  void add(Route route);  // before listen()
  Result<void> listen();
  std::uint16_t port() const;
  // Stops accepting; running requests may end; idle connections are closed.
  void close();
  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace vakt::http
