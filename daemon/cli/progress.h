// How far a command has come through its files: one line on a terminal's standard error, at most
// ten times a second.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>

namespace vakt::cli {

class Progress {
 public:
  void operator()(std::uint64_t bytes, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    any_ = true;
    const double mib = static_cast<double>(bytes) / (1 << 20);
    if (total == 0) {
      fmt::print(stderr, "\r\x1b[K{:.0f} MiB", mib);
    } else {
      const double part = static_cast<double>(bytes) / static_cast<double>(total);
      const auto filled = static_cast<std::size_t>(part * 30);
      fmt::print(stderr, "\r\x1b[K[{:=<{}}{:{}}] {:3.0f} %  {:.0f} MiB", "", filled, "",
                 30 - std::min<std::size_t>(filled, 30), part * 100, mib);
    }
    std::fflush(stderr);
  }
  void clear() const {
    if (any_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  std::chrono::steady_clock::time_point shown_{};
  bool any_ = false;
};

}  // namespace vakt::cli
