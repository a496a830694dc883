// Inflates a gzip body, within limits that no bomb gets past (zlib stays in gzip.cc).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace vakt::source {

struct GzipLimits {
  std::size_t bytes_max = 64 << 20;
  std::size_t ratio_max = 100;             // of what came out to what went in,
  std::size_t ratio_from_bytes = 1 << 20;  // asked from this much output on
};

enum class GzipError : std::uint8_t { none, broken, too_large, no_memory };

// Appends to `out`. `grow` is told the size `out` is about to have; false stops with `no_memory`.
// Several gzip members after one another are one body (RFC 1952 section 2.2).
GzipError inflate_gzip(std::string_view in, const GzipLimits& limits,
                       const std::function<bool(std::size_t bytes)>& grow, std::string& out);

}  // namespace vakt::source
