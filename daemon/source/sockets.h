// Listening sockets, shared by port between the workers (SO_REUSEPORT).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace vakt::source {

struct Bind {
  std::string host;        // an IP address
  std::uint16_t port = 0;  // 0: any
};

Result<boost::asio::ip::tcp::acceptor> listen_tcp(boost::asio::io_context& io, const Bind& where);

struct UdpSocket {
  boost::asio::ip::udp::socket socket;
  std::size_t receive_buffer_bytes = 0;  // what the kernel gave
};
// Reports how many datagrams the kernel dropped with each one received (SO_RXQ_OVFL).
Result<UdpSocket> bind_udp(boost::asio::io_context& io, const Bind& where,
                           std::size_t receive_buffer_bytes);

// "127.0.0.1", "2001:db8::1", of a filled sockaddr_storage.
std::string address_text(const void* sockaddr_storage);

}  // namespace vakt::source
