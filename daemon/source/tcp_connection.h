// TcpConnection: reads one connection's bytes through its framer. Internal to this folder.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "framing/framer.h"
#include "source/tcp.h"

namespace vakt::source {

class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(Tcp& listener, boost::asio::ip::tcp::socket socket);
  ~TcpConnection();

  void wait();
  // One turn: some reads, then wait, rest or end.
  void turn();
  void close();
  void hold_tail();

 private:
  enum class Next { more, wait, end };
  Next read();
  bool feed(std::string_view bytes);
  void end();
  void count(const framing::FeedResult& result, std::string_view bytes);

  Tcp& listener_;
  boost::asio::ip::tcp::socket socket_;
  framing::Framer framer_;
  std::string peer_;
  std::uint64_t tail_bytes_ = 0;  // counted in Context::tail_bytes
  bool broken_ = false;
};

}  // namespace vakt::source
