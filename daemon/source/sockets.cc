#include "source/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace vakt::source {

namespace asio = boost::asio;

namespace {

template <class Socket, class Endpoint>
Result<void> bind_shared(Socket& socket, const Endpoint& endpoint) {
  boost::system::error_code error;
  const auto failed = [&](std::string_view what) {
    return fail(Errc::io, fmt::format("cannot {} {}:{}: {}", what, endpoint.address().to_string(),
                                      endpoint.port(), error.message()));
  };
  socket.open(endpoint.protocol(), error);
  if (error) return failed("open a socket for");
  socket.set_option(asio::socket_base::reuse_address(true), error);
  const int on = 1;
  if (::setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    error.assign(errno, boost::system::system_category());
    return failed("share the port of");
  }
  socket.bind(endpoint, error);
  if (error) return failed("bind");
  socket.non_blocking(true, error);
  if (error) return failed("set up");
  return {};
}

}  // namespace

Result<asio::ip::tcp::acceptor> listen_tcp(asio::io_context& io, const Bind& where) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(where.host, error);
  if (error) return fail(Errc::invalid, fmt::format("'{}' is not an IP address", where.host));
  asio::ip::tcp::acceptor acceptor(io);
  const asio::ip::tcp::endpoint endpoint(address, where.port);
  if (auto bound = bind_shared(acceptor, endpoint); !bound)
    return tl::make_unexpected(bound.error());
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Errc::io,
                fmt::format("cannot listen on {}:{}: {}", where.host, where.port, error.message()));
  return acceptor;
}

Result<UdpSocket> bind_udp(asio::io_context& io, const Bind& where,
                           std::size_t receive_buffer_bytes) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(where.host, error);
  if (error) return fail(Errc::invalid, fmt::format("'{}' is not an IP address", where.host));
  UdpSocket udp{asio::ip::udp::socket(io), 0};
  const asio::ip::udp::endpoint endpoint(address, where.port);
  if (auto bound = bind_shared(udp.socket, endpoint); !bound)
    return tl::make_unexpected(bound.error());
  const int handle = udp.socket.native_handle();
  const int on = 1;
  ::setsockopt(handle, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  const int wanted = static_cast<int>(receive_buffer_bytes);
  // The first form may exceed net.core.rmem_max, and needs CAP_NET_ADMIN for it.
  if (::setsockopt(handle, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    ::setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  int given = 0;
  socklen_t size = sizeof given;
  // The kernel doubles what it is asked for, for its own book-keeping, and tells the double.
  if (::getsockopt(handle, SOL_SOCKET, SO_RCVBUF, &given, &size) == 0)
    udp.receive_buffer_bytes = static_cast<std::size_t>(given) / 2;
  return udp;
}

std::string address_text(const void* sockaddr_storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* any = static_cast<const sockaddr*>(sockaddr_storage);
  const void* address = nullptr;
  if (any->sa_family == AF_INET)
    address = &static_cast<const sockaddr_in*>(sockaddr_storage)->sin_addr;
  else if (any->sa_family == AF_INET6)
    address = &static_cast<const sockaddr_in6*>(sockaddr_storage)->sin6_addr;
  if (address == nullptr) return "unknown";
  return ::inet_ntop(any->sa_family, address, text.data(), text.size()) != nullptr ? text.data()
                                                                                   : "unknown";
}

}  // namespace vakt::source
