// The lines of a request body: bounds, numbers, and what is worth telling about them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framing/framer.h"

namespace vakt::source {

// Calls `each(line_number, frame)` for every line that is not empty; returns how many were empty.
// A line ends at LF or CRLF; the last one needs no end. Line numbers count from 1.
template <class Each>
std::uint64_t each_line(std::string_view body, std::size_t frame_bytes_max, Each&& each) {
  std::uint64_t number = 0;
  std::uint64_t empty = 0;
  while (!body.empty()) {
    ++number;
    const std::size_t end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) {
      ++empty;
      continue;
    }
    each(number, framing::Frame{line.substr(0, frame_bytes_max), line.size() > frame_bytes_max,
                                line.size()});
  }
  return empty;
}

struct LineCounts {
  std::uint64_t lines = 0;  // not empty
  std::uint64_t empty = 0;
  std::uint64_t bytes = 0;  // of the frames
};
LineCounts count_lines(std::string_view body, std::size_t frame_bytes_max);

// What the answer says about the lines of one request.
struct LineReport {
  std::uint64_t accepted = 0;                  // stored as parsed
  std::uint64_t malformed = 0;                 // stored as they are
  std::vector<std::uint64_t> first_malformed;  // line numbers

  void add(std::uint64_t line, bool bad);
  // {"accepted":…,"malformed":…,"first_errors":[{"line":…,"error":…}]}
  std::string json() const;
};

}  // namespace vakt::source
