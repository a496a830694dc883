#include "source/datagram_slab.h"

#include <cstring>

namespace vakt::source {

DatagramSlab::DatagramSlab()
    : memory_(std::make_unique_for_overwrite<char[]>(kDatagrams * kDatagramBytes)) {
  for (std::size_t i = 0; i < kDatagrams; ++i) {
    pieces_[i] = {&memory_[i * kDatagramBytes], kDatagramBytes};
    messages_[i].msg_hdr.msg_iov = &pieces_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_name = &senders_[i];
    messages_[i].msg_hdr.msg_control = controls_[i].bytes.data();
  }
}

std::size_t DatagramSlab::read(int socket) {
  for (mmsghdr& message : messages_) {
    message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    message.msg_hdr.msg_controllen = sizeof(Control::bytes);
  }
  const int count = ::recvmmsg(socket, messages_.data(), kDatagrams, MSG_DONTWAIT, nullptr);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::optional<std::uint32_t> DatagramSlab::kernel_dropped(std::size_t i) const {
  msghdr header = messages_[i].msg_hdr;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t dropped = 0;
    std::memcpy(&dropped, CMSG_DATA(control), sizeof dropped);
    return dropped;
  }
  return std::nullopt;
}

}  // namespace vakt::source
