#include "engine/entity.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "match/case_fold.h"
#include "match/cidr.h"

namespace vakt::engine {
namespace {

void append_utf8(std::string& out, char32_t letter) {
  const auto continued = [&](int shift) {
    out += static_cast<char>(0x80 | ((letter >> shift) & 0x3F));
  };
  if (letter < 0x80) {
    out += static_cast<char>(letter);
  } else if (letter < 0x800) {
    out += static_cast<char>(0xC0 | (letter >> 6));
    continued(0);
  } else if (letter < 0x10000) {
    out += static_cast<char>(0xE0 | (letter >> 12));
    continued(6);
    continued(0);
  } else {
    out += static_cast<char>(0xF0 | (letter >> 18));
    continued(12);
    continued(6);
    continued(0);
  }
}

std::string folded(std::string_view value) {
  if (!is_valid_utf8(value)) return to_lower(value);
  std::string out;
  for (const char32_t letter : match::decode_utf8(value)) append_utf8(out, match::fold(letter));
  return out;
}

bool is_mapped_v4(const match::Address& address) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return address.v6 && std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin());
}

// A network, as a correlation that is counted groups by one, is part of a wider one.
std::string network_of(match::Network network, const rule::Grouping& grouping) {
  match::Address& address = network.address;
  if (is_mapped_v4(address)) {
    std::copy(address.bytes.begin() + 12, address.bytes.end(), address.bytes.begin());
    address.v6 = false;
    network.prefix_bits = network.prefix_bits < 96 ? 0 : network.prefix_bits - 96;
  }
  const unsigned bits_max = address.v6 ? 128 : 32;
  const unsigned bits =
      std::min<unsigned>(network.prefix_bits, address.v6 ? grouping.ipv6_bits : grouping.ipv4_bits);
  for (unsigned i = bits; i < bits_max; ++i)
    address.bytes[i / 8] &= static_cast<std::uint8_t>(~(0x80u >> (i % 8)));
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(), text.size());
  return bits == bits_max ? std::string(text.data()) : fmt::format("{}/{}", text.data(), bits);
}

}  // namespace

std::string entity_of(const rule::Grouping& grouping, std::string_view value) {
  if (grouping.ignore_case) return folded(value);
  if (grouping.networks)
    if (const auto network = match::parse_network(value)) return network_of(*network, grouping);
  return std::string(value);
}

}  // namespace vakt::engine
