#include "source/udp.h"

#include <cstring>
#include <utility>

#include "source/clock.h"

namespace vakt::source {

namespace {

constexpr int kReadsPerTurnMax = 8;

bool same_sender(const sockaddr_storage& a, const sockaddr_storage& b) {
  if (a.ss_family != b.ss_family) return false;
  // Fields, not bytes: what lies between and behind them is not defined.
  if (a.ss_family == AF_INET)
    return reinterpret_cast<const sockaddr_in&>(a).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(b).sin_addr.s_addr;
  return a.ss_family == AF_INET6 &&
         std::memcmp(&reinterpret_cast<const sockaddr_in6&>(a).sin6_addr,
                     &reinterpret_cast<const sockaddr_in6&>(b).sin6_addr, sizeof(in6_addr)) == 0;
}

}  // namespace

Udp::Udp(Collector& collector, DatagramSlab& slab, const UdpOptions& options, UdpSocket socket)
    : collector_(collector), slab_(slab), options_(options), socket_(std::move(socket.socket)) {}

void Udp::start() { wait(); }

void Udp::wait() {
  socket_.async_wait(boost::asio::ip::udp::socket::wait_read,
                     [this](boost::system::error_code error) {
                       if (error || stopped_) return;
                       for (int reads = 0; reads < kReadsPerTurnMax && read(); ++reads) {
                       }
                       collector_.end_turn();
                       wait();
                     });
}

bool Udp::read() {
  const std::size_t count = slab_.read(socket_.native_handle());
  if (count == 0) return false;
  const Time now = wall_clock();
  for (std::size_t i = 0; i < count; ++i) take(i, now);
  count_kernel_drops(count - 1);
  return count == DatagramSlab::kDatagrams;
}

void Udp::take(std::size_t index, Time now) {
  const std::string_view bytes = slab_.bytes(index);
  collector_.count_bytes(options_.listener, bytes.size());
  framing::Options options;
  options.frame_bytes_max = options_.frame_bytes_max;
  const auto frame = framing::datagram_frame(bytes, options);
  if (!frame) return collector_.ignore_empty(options_.listener, 1);
  if (peer_.empty() || !same_sender(sender_, slab_.sender(index))) {
    sender_ = slab_.sender(index);
    peer_ = address_text(&sender_);
  }
  collector_.add_datagram(*frame, {options_.listener, peer_, false, now});
}

void Udp::count_kernel_drops(std::size_t index) {
  const auto dropped = slab_.kernel_dropped(index);
  if (!dropped) return;
  // The kernel's counter has 32 bits and goes round.
  const std::uint32_t more = *dropped - std::exchange(kernel_dropped_, *dropped);
  if (more > 0) metrics::add(collector_.context().of(options_.listener).kernel_dropped, more);
}

void Udp::stop() {
  if (std::exchange(stopped_, true)) return;
  // As many as a full kernel buffer can hold; a sender that does not stop must not keep us.
  constexpr int kLastReadsMax = 4096;
  for (int reads = 0; reads < kLastReadsMax && read(); ++reads) {
  }
  boost::system::error_code error;
  socket_.close(error);
}

}  // namespace vakt::source
