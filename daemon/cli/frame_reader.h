// A log file as frames with the numbers of their lines.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "cli/line_map.h"
#include "cli/log_file.h"
#include "engine/worker.h"
#include "framing/framer.h"

namespace vakt::cli {

class FrameReader {
 public:
  explicit FrameReader(LogFile file, std::size_t frame_bytes_max = engine::kFrameBytesMax)
      : file_(std::move(file)), framer_(line_framing(frame_bytes_max)) {}

  // Calls sink(frame, line) for the frames of the next chunk; false at the end of the file.
  template <class Sink>
  Result<bool> read_chunk(Sink&& sink) {
    const auto with_line = [&](const framing::Frame& frame) {
      sink(frame, tracker_.line_of(frame));
    };
    const auto chunk = file_.read();
    if (!chunk) return tl::make_unexpected(chunk.error());
    bytes_ += chunk->size();
    tracker_.begin_chunk(*chunk);
    if (chunk->empty()) {
      framer_.finish(with_line);
      return false;
    }
    framer_.feed(*chunk, with_line);
    tracker_.end_chunk();
    return true;
  }
  const LogFile& file() const { return file_; }
  LogFile take_file() { return std::move(file_); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  static framing::Options line_framing(std::size_t frame_bytes_max) {
    framing::Options options;
    options.mode = framing::Mode::lf;
    options.frame_bytes_max = frame_bytes_max;
    return options;
  }

  LogFile file_;
  framing::Framer framer_;
  LineTracker tracker_;
  std::uint64_t bytes_ = 0;
};

}  // namespace vakt::cli
