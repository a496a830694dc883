// Tcp: one listener's acceptor of one worker, and its connections. Each connection has its framer
// and its place in the queue of readers: a bounded number of reads, then the next one's turn. When
// the collector says that streams rest, nothing is read until it says otherwise.
//
// Thread: its worker's.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "framing/framer.h"
#include "source/collector.h"
#include "source/sockets.h"

namespace vakt::source {

inline constexpr std::size_t kConnectionsMax = 10'000;  // over all listeners and workers
inline constexpr std::size_t kReadBytes = 256 * 1024;

struct TcpOptions {
  std::uint16_t listener = 0;
  Bind where;
  framing::Mode framing = framing::Mode::automatic;
  std::size_t frame_bytes_max = 256 * 1024;
};

class TcpConnection;

class Tcp {
 public:
  // `buffer` has kReadBytes and is shared by all readers of the worker.
  Tcp(Collector& collector, char* buffer, const TcpOptions& options,
      boost::asio::ip::tcp::acceptor acceptor);
  ~Tcp();

  void start();
  // The collector has room again.
  void resume();
  // Takes no more connections; reads what has arrived on those there are, and closes them. `closed`
  // is called when the last one is.
  void stop(std::function<void()> closed);
  // Closes what is left, read or not.
  void close_all();
  bool closed() const { return stopping_ && connections_.empty(); }

 private:
  friend class TcpConnection;
  void accept();
  void accept_later();
  void take(boost::asio::ip::tcp::socket socket);
  void remove(const std::shared_ptr<TcpConnection>& connection);

  Collector& collector_;
  char* buffer_;
  const TcpOptions options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::unordered_set<std::shared_ptr<TcpConnection>> connections_;
  std::vector<std::shared_ptr<TcpConnection>> resting_;
  bool stopping_ = false;
  std::function<void()> closed_;
};

}  // namespace vakt::source
