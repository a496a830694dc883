// DatagramSlab: room for the datagrams of one recvmmsg call; one a worker, used by all its sockets
// in turn.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace vakt::source {

class DatagramSlab {
 public:
  static constexpr std::size_t kDatagrams = 32;
  static constexpr std::size_t kDatagramBytes = 64 * 1024;  // no datagram is larger

  DatagramSlab();
  // Number of datagrams read without waiting; 0: none, or an error that will pass.
  std::size_t read(int socket);

  std::string_view bytes(std::size_t i) const {
    return {&memory_[i * kDatagramBytes], messages_[i].msg_len};
  }
  const sockaddr_storage& sender(std::size_t i) const { return senders_[i]; }
  // What the socket has dropped since it was made, where the kernel says so.
  std::optional<std::uint32_t> kernel_dropped(std::size_t i) const;

 private:
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(std::uint32_t)) + 64> bytes;
  };
  std::unique_ptr<char[]> memory_;
  std::array<mmsghdr, kDatagrams> messages_{};
  std::array<iovec, kDatagrams> pieces_{};
  std::array<sockaddr_storage, kDatagrams> senders_{};
  std::array<Control, kDatagrams> controls_{};
};

}  // namespace vakt::source
