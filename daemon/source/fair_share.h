// FairShare: how much of the memory the datagrams of each sender hold. Senders share a fixed number
// of places by their address's hash: memory is bounded, and no sender can take everybody's.
// Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace vakt::source {

class FairShare {
 public:
  using Place = std::uint16_t;
  static constexpr std::size_t kPlaces = 4096;
  // What an event costs beside its text: itself and its fields.
  static constexpr std::uint64_t kEventBytes = 512;

  static Place place(std::string_view sender) {
    return static_cast<Place>(hash64(sender) % kPlaces);
  }
  void add(Place place, std::uint64_t bytes) {
    held_[place].fetch_add(bytes, std::memory_order_relaxed);
  }
  void remove(Place place, std::uint64_t bytes) {
    held_[place].fetch_sub(bytes, std::memory_order_relaxed);
  }
  std::uint64_t held(Place place) const { return held_[place].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kPlaces> held_{};
};

}  // namespace vakt::source
