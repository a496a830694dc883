// IP networks, "10.0.0.0/8" or "2001:db8::/32"; without a prefix length, the one address. Addresses
// are compared within their family: ::ffff:10.0.0.1 is not in 10.0.0.0/8. Strict text forms
// (inet_pton's): no leading zeros, no zone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vakt::match {

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v6 = false;
};

struct Network {
  Address address;
  unsigned prefix_bits = 0;

  bool contains(const Address& a) const;
};

std::optional<Address> parse_address(std::string_view text);
std::optional<Network> parse_network(std::string_view text);

}  // namespace vakt::match
