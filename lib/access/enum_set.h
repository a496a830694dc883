// A set of values of a small enum (fewer than 32, numbered from 0): one word of bits, compared and
// combined in one instruction. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace vakt::access {

// `Count` values: 0 to Count - 1.
template <class Enum, std::size_t Count>
class EnumSet {
 public:
  static_assert(Count < 32);

  constexpr EnumSet() = default;
  constexpr EnumSet(std::initializer_list<Enum> values) {
    for (const Enum value : values) insert(value);
  }
  // Bits of no value are dropped: a decoder finds them by encoding again.
  static constexpr EnumSet from_bits(std::uint64_t bits) {
    EnumSet out;
    out.bits_ = static_cast<std::uint32_t>(bits & kAllBits);
    return out;
  }
  static constexpr EnumSet all() { return from_bits(kAllBits); }

  constexpr void insert(Enum value) { bits_ |= bit(value); }
  constexpr bool contains(Enum value) const { return (bits_ & bit(value)) != 0; }
  constexpr bool contains_all(EnumSet other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint32_t bits() const { return bits_; }

  constexpr EnumSet operator|(EnumSet other) const { return from_bits(bits_ | other.bits_); }
  constexpr EnumSet operator&(EnumSet other) const { return from_bits(bits_ & other.bits_); }
  constexpr bool operator==(const EnumSet&) const = default;

 private:
  static constexpr std::uint32_t kAllBits = (std::uint32_t{1} << Count) - 1;
  static constexpr std::uint32_t bit(Enum value) {
    return (std::uint32_t{1} << static_cast<unsigned>(value)) & kAllBits;
  }
  std::uint32_t bits_ = 0;
};

}  // namespace vakt::access
