// Udp: one listener's socket of one worker. A datagram is one frame. Datagrams are always read:
// what there is no memory for is dropped and counted, and so is what the kernel dropped.
//
// Thread: its worker's.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <string>

#include "source/collector.h"
#include "source/datagram_slab.h"
#include "source/sockets.h"

namespace vakt::source {

struct UdpOptions {
  std::uint16_t listener = 0;
  Bind where;
  std::size_t frame_bytes_max = 256 * 1024;
  std::size_t receive_buffer_bytes = 8 << 20;
};

class Udp {
 public:
  Udp(Collector& collector, DatagramSlab& slab, const UdpOptions& options, UdpSocket socket);

  void start();
  // Reads what has arrived and closes.
  void stop();

 private:
  void wait();
  // Reads some; false: there is nothing more.
  bool read();
  void take(std::size_t index, Time now);
  void count_kernel_drops(std::size_t index);

  Collector& collector_;
  DatagramSlab& slab_;
  const UdpOptions options_;
  boost::asio::ip::udp::socket socket_;
  std::uint32_t kernel_dropped_ = 0;  // as the socket counts, from its creation
  sockaddr_storage sender_{};         // of the datagram before
  std::string peer_;                  // its text
  bool stopped_ = false;
};

}  // namespace vakt::source
