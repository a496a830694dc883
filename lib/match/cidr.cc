#include "match/cidr.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace vakt::match {

bool Network::contains(const Address& a) const {
  if (a.v6 != address.v6) return false;
  const std::size_t whole = prefix_bits / 8;
  if (std::memcmp(a.bytes.data(), address.bytes.data(), whole) != 0) return false;
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xFFu & (0xFFu << (8 - rest));
  return ((a.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

std::optional<Address> parse_address(std::string_view text) {
  char zero_terminated[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof(zero_terminated)) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(zero_terminated, text.data(), text.size());
  zero_terminated[text.size()] = '\0';
  Address out;
  out.v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(out.v6 ? AF_INET6 : AF_INET, zero_terminated, out.bytes.data()) != 1) {
    return std::nullopt;
  }
  return out;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned bits_max = address->v6 ? 128 : 32;
  Network out{*address, bits_max};
  if (slash == std::string_view::npos) return out;
  const std::string_view prefix = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(prefix.data(), prefix.data() + prefix.size(), out.prefix_bits);
  if (error != std::errc{} || end != prefix.data() + prefix.size() || out.prefix_bits > bits_max) {
    return std::nullopt;
  }
  return out;
}

}  // namespace vakt::match
