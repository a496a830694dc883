#include "http/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "http/session.h"

namespace vakt::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {
constexpr std::size_t kRefusalsMax = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};
}  // namespace

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name) return value;
  return {};
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

Response error_response(int status, std::string_view code, std::string_view message) {
  Response response;
  response.status = status;
  response.body = "{\"error\":{\"code\":";
  append_json(response.body, code);
  response.body += ",\"message\":";
  append_json(response.body, message);
  response.body += "}}\n";
  return response;
}

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& io, Options options)
      : shared(std::make_shared<Shared>(io, std::move(options))), acceptor(io), pause(io) {}

  void accept() {
    acceptor.async_accept(
        [self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
          if (self->shared->closing || !self->acceptor.is_open()) return;
          if (error) return self->accept_later();
          self->serve(std::move(socket));
          self->accept();
        });
  }

  // Out of descriptors, mostly: asking again at once would spin.
  void accept_later() {
    pause.expires_after(kAcceptPause);
    pause.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && !self->shared->closing) self->accept();
    });
  }

  void serve(tcp::socket socket) {
    const bool refused = shared->connections >= shared->options.connections_max;
    if (refused && shared->refusals >= kRefusalsMax) return;
    std::make_shared<Session>(shared, std::move(socket), refused)->start();
  }

  Result<void> open(const tcp::endpoint& endpoint) {
    boost::system::error_code error;
    const auto failed = [&](std::string_view what) {
      return fail(Errc::io, fmt::format("cannot {} {}:{}: {}", what, shared->options.address,
                                        shared->options.port, error.message()));
    };
    acceptor.open(endpoint.protocol(), error);
    if (error) return failed("open a socket for");
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    const int on = 1;
    if (shared->options.reuse_port)
      ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    acceptor.bind(endpoint, error);
    if (error) return failed("bind");
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed("listen on");
    return {};
  }

  void close() {
    if (std::exchange(shared->closing, true)) return;
    boost::system::error_code error;
    acceptor.close(error);
    pause.cancel();
    const auto sessions = shared->sessions;  // closing one may remove it
    for (const auto& [unused, weak] : sessions)
      if (const auto session = weak.lock()) session->close_if_idle();
  }

  std::shared_ptr<Shared> shared;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::uint16_t port = 0;
};

Server::Server(asio::io_context& io, Options options)
    : impl_(std::make_shared<Impl>(io, std::move(options))) {}

Server::~Server() { close(); }

void Server::add(Route route) {
  check(impl_->port == 0, "routes are added before listen()");
  check(!route.path.empty() && route.path[0] == '/' && route.handler,
        "a route has path and handler");
  impl_->shared->router.add(std::move(route));
}

Result<void> Server::listen() {
  const Options& options = impl_->shared->options;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error)
    return fail(Errc::invalid, fmt::format("'{}' is not an IP address to listen on",
                                           escape_terminal(options.address)));
  if (auto opened = impl_->open({address, options.port}); !opened) {
    impl_->acceptor.close(error);
    return opened;
  }
  impl_->port = impl_->acceptor.local_endpoint().port();
  asio::dispatch(impl_->shared->io, [impl = impl_] { impl->accept(); });
  return {};
}

std::uint16_t Server::port() const { return impl_->port; }

void Server::close() {
  asio::dispatch(impl_->shared->io, [impl = impl_] { impl->close(); });
}

std::size_t Server::connections() const { return impl_->shared->connections; }

}  // namespace vakt::http
