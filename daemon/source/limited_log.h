// LimitedLog: the first trouble a source makes per minute is logged, with its peer and the first
// bytes in hexadecimal; the rest is only counted, by the caller. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace vakt::source {

class LimitedLog {
 public:
  struct Trouble {
    std::string_view listener;
    std::string_view peer;
    std::string_view reason;
    std::string_view bytes;  // what it sent; may be empty
  };
  // Logs, or not. True: it did.
  bool report(const Trouble& trouble, Time now);

 private:
  static constexpr std::size_t kSourcesMax = 10'000;
  static constexpr std::size_t kHexBytes = 128;

  std::mutex mutex_;
  Time minute_{};
  std::unordered_map<std::string, std::uint64_t> reported_;  // listener and peer; times this minute
};

}  // namespace vakt::source
