// Sketch: about how many different values the events of the latest window have, in bounded memory
// however many there are: a sliding HyperLogLog (Flajolet et al. 2007; Chabchoub and Hébrail 2010).
//
// Of each of 2,048 registers it keeps the events that are, or may yet become, the one with the
// largest rank in the window; a few each. The standard error is 1.04 / sqrt(2,048) = 2.3 %. The
// window ends at the latest event; events may come in any order. An event costs O(log registers).
// The union of two sketches is the sketch of both events (merge). Pure; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace vakt::correlate {

class Sketch {
 public:
  static constexpr std::size_t kRegisters = 2048;

  Sketch() : registers_(kRegisters) {}

  // `value`: a hash.
  void add(Time time, std::uint64_t value, Duration window);
  void merge(const Sketch& other, Duration window);

  Time latest() const { return latest_; }
  // Of the events in (latest - window, latest].
  std::uint64_t count() const;
  std::size_t bytes() const;

  void encode(ByteWriter& out) const;
  static std::optional<Sketch> decode(ByteReader& in);

 private:
  struct Mark {
    Time time;
    std::uint8_t rank = 0;
  };
  using Register = std::vector<Mark>;  // by time, ranks falling: the first is the window's largest

  void add(std::size_t index, Mark mark);
  void put_first(std::size_t index, std::optional<Mark> before);
  void slide(Duration window);

  std::vector<Register> registers_;
  Time latest_ = kTimeMin;
  std::set<std::pair<Time, std::uint16_t>> firsts_;  // of each register that has one
  std::uint64_t sum_ = 0;                            // of 2^(kScale - rank) of those
  std::size_t marks_ = 0;
};

}  // namespace vakt::correlate
