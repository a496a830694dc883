// ProgramTable: from a program's name to its number, whatever the letter case (ASCII), without
// allocation. Filled while decoders load, constant afterwards.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace vakt::normalise {

class ProgramTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  ProgramTable() : slots_(8) {}

  // `name` is in lower case. Returns its number: 0, 1, 2 … in the order of first insertion.
  std::uint32_t insert(const std::string& name) {
    if (const std::uint32_t known = find(name); known != kNone) return known;
    if ((size_ + 1) * 2 > slots_.size()) grow();
    place({name, size_});
    if (name.size() > name_bytes_max_) name_bytes_max_ = name.size();
    return size_++;
  }

  std::uint32_t find(std::string_view name) const {
    if (name.empty() || name.size() > name_bytes_max_) return kNone;
    for (std::size_t i = hash(name) & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.name.empty()) return kNone;
      if (equal(slot.name, name)) return slot.number;
    }
  }

  std::uint32_t size() const { return size_; }

 private:
  struct Slot {
    std::string name;  // empty: free
    std::uint32_t number = 0;
  };

  static unsigned char fold(char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 'A' && u <= 'Z' ? static_cast<unsigned char>(u | 0x20) : u;
  }
  // Of the first and the last eight bytes, the bit that tells letter cases apart set in all: names
  // are short, and only files choose the slots.
  static std::uint32_t hash(std::string_view name) {
    constexpr std::uint64_t kCaseBits = 0x2020202020202020;
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (name.size() >= sizeof first) {
      std::memcpy(&first, name.data(), sizeof first);
      std::memcpy(&last, name.data() + name.size() - sizeof last, sizeof last);
    } else {
      std::memcpy(&first, name.data(), name.size());
    }
    const std::uint64_t mixed = ((first | kCaseBits) * kOdd ^ (last | kCaseBits)) * kOdd;
    return static_cast<std::uint32_t>((mixed ^ name.size()) >> 32);
  }
  static bool equal(std::string_view lower, std::string_view name) {
    if (lower == name) return true;
    if (lower.size() != name.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i)
      if (static_cast<unsigned char>(lower[i]) != fold(name[i])) return false;
    return true;
  }
  void place(Slot slot) {
    std::size_t i = hash(slot.name) & (slots_.size() - 1);
    while (!slots_[i].name.empty()) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = std::move(slot);
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (Slot& slot : old)
      if (!slot.name.empty()) place(std::move(slot));
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t name_bytes_max_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace vakt::normalise
