#include "source/tcp_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "source/clock.h"

namespace vakt::source {

namespace asio = boost::asio;

namespace {

// Of at most kReadBytes each: then the other connections of the worker have their turn.
constexpr int kReadsPerTurnMax = 8;
constexpr std::uint64_t kSmallTailBytes = 4096;

framing::Options framing_options(const TcpOptions& options) {
  framing::Options made;
  made.mode = options.framing;
  made.frame_bytes_max = options.frame_bytes_max;
  return made;
}

}  // namespace

TcpConnection::TcpConnection(Tcp& listener, asio::ip::tcp::socket socket)
    : listener_(listener), socket_(std::move(socket)), framer_(framing_options(listener.options_)) {
  boost::system::error_code error;
  const auto remote = socket_.remote_endpoint(error);
  peer_ = error ? "unknown" : remote.address().to_string();
  socket_.non_blocking(true, error);
  socket_.set_option(asio::socket_base::keep_alive(true), error);
  Context& context = listener_.collector_.context();
  context.stream_connections.fetch_add(1);
  metrics::add(context.of(listener_.options_.listener).connections);
}

TcpConnection::~TcpConnection() {
  Context& context = listener_.collector_.context();
  context.stream_connections.fetch_sub(1);
  context.tail_bytes.fetch_sub(tail_bytes_);
  metrics::sub(context.of(listener_.options_.listener).connections);
}

void TcpConnection::wait() {
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](boost::system::error_code error) {
                       if (!error && self->socket_.is_open()) self->turn();
                     });
}

void TcpConnection::turn() {
  if (!socket_.is_open()) return;
  Collector& collector = listener_.collector_;
  Next next = Next::more;
  for (int reads = 0; reads < kReadsPerTurnMax && next == Next::more; ++reads) {
    if (collector.streams_rest()) {
      listener_.resting_.push_back(shared_from_this());
      collector.end_turn();
      return;
    }
    next = read();
  }
  // An orderly stop reads what has arrived, not what is still to come.
  if (next == Next::end || (next == Next::wait && listener_.stopping_)) end();
  collector.end_turn();
  if (!socket_.is_open()) {
    listener_.remove(shared_from_this());
  } else if (next == Next::more) {
    asio::post(collector.io(), [self = shared_from_this()] { self->turn(); });
  } else {
    wait();
  }
}

TcpConnection::Next TcpConnection::read() {
  boost::system::error_code error;
  const std::size_t size = socket_.read_some(asio::buffer(listener_.buffer_, kReadBytes), error);
  if (error == asio::error::would_block || error == asio::error::try_again) return Next::wait;
  if (error) return Next::end;
  return feed({listener_.buffer_, size}) ? Next::more : Next::end;
}

bool TcpConnection::feed(std::string_view bytes) {
  Collector& collector = listener_.collector_;
  const std::uint16_t listener = listener_.options_.listener;
  collector.count_bytes(listener, bytes.size());
  const engine::Origin origin{listener, peer_, false, wall_clock()};
  const auto result =
      framer_.feed(bytes, [&](const framing::Frame& frame) { collector.add(frame, origin); });
  count(result, bytes);
  hold_tail();
  return !broken_;
}

// Many connections with the beginning of a long frame each would fill the memory: whoever goes over
// what all together may hold is closed.
void TcpConnection::hold_tail() {
  Context& context = listener_.collector_.context();
  const std::uint64_t held = framer_.buffered_bytes();
  const std::uint64_t all = context.tail_bytes.fetch_add(held - tail_bytes_) + held - tail_bytes_;
  tail_bytes_ = held;
  if (broken_ || held < kSmallTailBytes || all <= context.tail_bytes_max()) return;
  broken_ = true;
  const std::uint16_t listener = listener_.options_.listener;
  listener_.collector_.reject(listener, metrics::Rejected::overload);
  context.log.report({context.of(listener).name,
                      peer_,
                      "connection closed: too many unfinished frames are held",
                      {}},
                     wall_clock());
}

void TcpConnection::end() {
  if (!broken_) {
    Collector& collector = listener_.collector_;
    const engine::Origin origin{listener_.options_.listener, peer_, false, wall_clock()};
    const auto result =
        framer_.finish([&](const framing::Frame& frame) { collector.add(frame, origin); });
    count(result, {});
  }
  close();
}

void TcpConnection::count(const framing::FeedResult& result, std::string_view bytes) {
  const std::uint16_t listener = listener_.options_.listener;
  if (result.empty_frames > 0) listener_.collector_.ignore_empty(listener, result.empty_frames);
  if (result.error == framing::FramingError::none) return;
  broken_ = true;
  listener_.collector_.reject(listener, metrics::Rejected::bad_frame);
  Context& context = listener_.collector_.context();
  context.log.report(
      {context.of(listener).name, peer_,
       result.error == framing::FramingError::bad_count ? "connection closed: broken octet count"
                                                        : "connection ended inside a frame",
       bytes},
      wall_clock());
}

void TcpConnection::close() {
  boost::system::error_code error;
  socket_.close(error);
}

}  // namespace vakt::source
