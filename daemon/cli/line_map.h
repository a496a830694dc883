// Which line of which file an event came from, at the cost of one comparison an event: lines follow
// each other, so only the breaks are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "framing/framer.h"

namespace vakt::cli {

// Line numbers of the frames of one text that is fed to a Framer in LF mode, chunk by chunk: empty
// lines and leading blanks make no frame, but count.
class LineTracker {
 public:
  void begin_chunk(std::string_view chunk) {
    chunk_ = chunk;
    counted_ = 0;
  }
  // From 1. To be asked for every frame, in order, before the framer goes on.
  std::uint64_t line_of(const framing::Frame& frame) {
    const auto begin = reinterpret_cast<std::uintptr_t>(chunk_.data());
    const auto at = reinterpret_cast<std::uintptr_t>(frame.bytes.data());
    if (at < begin || at >= begin + chunk_.size()) return line_of_held();
    count_to(at - begin);
    counted_ += frame.original_bytes;
    return lines_ + 1;
  }
  void end_chunk() {
    count_to(chunk_.size());
    chunk_ = {};
    counted_ = 0;
  }

 private:
  // It began in an earlier chunk and holds no line end; the first one of this chunk is its own.
  std::uint64_t line_of_held() {
    counted_ = std::min(chunk_.find('\n'), chunk_.size());
    return lines_ + 1;
  }
  void count_to(std::size_t offset) {
    if (offset > counted_)
      lines_ += static_cast<std::uint64_t>(
          std::count(chunk_.data() + counted_, chunk_.data() + offset, '\n'));
    counted_ = offset;
  }

  std::string_view chunk_;
  std::size_t counted_ = 0;  // bytes of the chunk whose line ends are in `lines_`
  std::uint64_t lines_ = 0;  // ends of lines before that
};

class LineMap {
 public:
  struct Place {
    std::uint32_t file = 0;
    std::uint64_t line = 0;  // 0: unknown
  };

  // Sequences come in ascending order.
  void add(std::uint64_t sequence, std::uint32_t file, std::uint64_t line) {
    if (!runs_.empty()) {
      const Run& last = runs_.back();
      if (last.place.file == file && line - last.place.line == sequence - last.sequence) return;
    }
    runs_.push_back({sequence, {file, line}});
  }
  Place find(std::uint64_t sequence) const {
    const auto after =
        std::upper_bound(runs_.begin(), runs_.end(), sequence,
                         [](std::uint64_t s, const Run& run) { return s < run.sequence; });
    if (after == runs_.begin()) return {};
    const Run& run = *(after - 1);
    return {run.place.file, run.place.line + (sequence - run.sequence)};
  }
  std::size_t runs() const { return runs_.size(); }

 private:
  struct Run {
    std::uint64_t sequence = 0;
    Place place;
  };
  std::vector<Run> runs_;
};

}  // namespace vakt::cli
