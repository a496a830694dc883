#include "source/tcp.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "source/clock.h"
#include "source/tcp_connection.h"

namespace vakt::source {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::milliseconds kAcceptPause{100};
}

Tcp::Tcp(Collector& collector, char* buffer, const TcpOptions& options,
         asio::ip::tcp::acceptor acceptor)
    : collector_(collector),
      buffer_(buffer),
      options_(options),
      acceptor_(std::move(acceptor)),
      pause_(collector.io()) {}

Tcp::~Tcp() = default;

void Tcp::start() { accept(); }

void Tcp::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
    if (stopping_ || error == asio::error::operation_aborted) return;
    if (error) return accept_later();
    take(std::move(socket));
    accept();
  });
}

// Out of descriptors, mostly: asking again at once would spin.
void Tcp::accept_later() {
  pause_.expires_after(kAcceptPause);
  pause_.async_wait([this](boost::system::error_code error) {
    if (!error && !stopping_) accept();
  });
}

void Tcp::take(asio::ip::tcp::socket socket) {
  Context& context = collector_.context();
  if (context.stream_connections.load() >= context.stream_connections_max) {
    boost::system::error_code error;
    const auto remote = socket.remote_endpoint(error);
    context.log.report({context.of(options_.listener).name,
                        error ? "unknown" : remote.address().to_string(),
                        "connection refused: there are as many as there may be",
                        {}},
                       wall_clock());
    return;
  }
  auto connection = std::make_shared<TcpConnection>(*this, std::move(socket));
  connections_.insert(connection);
  connection->wait();
}

void Tcp::resume() {
  const auto resting = std::exchange(resting_, {});
  for (const auto& connection : resting)
    asio::post(collector_.io(), [connection] { connection->turn(); });
}

void Tcp::remove(const std::shared_ptr<TcpConnection>& connection) {
  connections_.erase(connection);
  if (closed() && closed_) std::exchange(closed_, {})();
}

void Tcp::stop(std::function<void()> closed) {
  stopping_ = true;
  closed_ = std::move(closed);
  pause_.cancel();
  boost::system::error_code error;
  // What the kernel has accepted in our name is part of what has arrived.
  acceptor_.non_blocking(true, error);
  for (std::size_t i = 0; i < kConnectionsMax; ++i) {
    asio::ip::tcp::socket socket(collector_.io());
    acceptor_.accept(socket, error);
    if (error) break;
    take(std::move(socket));
  }
  acceptor_.close(error);
  const auto all = connections_;
  for (const auto& connection : all) connection->turn();
  if (this->closed() && closed_) std::exchange(closed_, {})();
}

void Tcp::close_all() {
  resting_.clear();
  const auto all = std::exchange(connections_, {});
  for (const auto& connection : all) connection->close();
  if (closed_) std::exchange(closed_, {})();
}

}  // namespace vakt::source
