#include "source/ndjson.h"

#include <fmt/format.h>

namespace vakt::source {

namespace {
constexpr std::size_t kErrorsMax = 10;
}

LineCounts count_lines(std::string_view body, std::size_t frame_bytes_max) {
  LineCounts counts;
  counts.empty = each_line(body, frame_bytes_max, [&](std::uint64_t, const framing::Frame& frame) {
    ++counts.lines;
    counts.bytes += frame.bytes.size();
  });
  return counts;
}

void LineReport::add(std::uint64_t line, bool bad) {
  accepted += !bad;
  malformed += bad;
  if (bad && first_malformed.size() < kErrorsMax) first_malformed.push_back(line);
}

std::string LineReport::json() const {
  std::string out =
      fmt::format("{{\"accepted\":{},\"malformed\":{},\"first_errors\":[", accepted, malformed);
  for (std::size_t i = 0; i < first_malformed.size(); ++i)
    out += fmt::format("{}{{\"line\":{},\"error\":\"not a record in the expected format\"}}",
                       i == 0 ? "" : ",", first_malformed[i]);
  return out + "]}\n";
}

}  // namespace vakt::source
