// Framer, whole against split: however the bytes are cut, frames, empty frames and error agree.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "framing/framer.h"

namespace {

using vakt::check;
using namespace vakt::framing;

struct Seen {
  std::string bytes;
  bool truncated = false;
  std::uint64_t original_bytes = 0;
  bool operator==(const Seen&) const = default;
};

struct Outcome {
  std::vector<Seen> frames;
  std::uint64_t empty_frames = 0;
  FramingError error = FramingError::none;
  Mode mode = Mode::automatic;
  bool operator==(const Outcome&) const = default;
};

// `seed` decides where to cut; 0 cuts nowhere, 1 after every byte.
Outcome run(const Options& options, std::string_view text, std::uint64_t seed) {
  Framer framer(options);
  Outcome out;
  const auto sink = [&](const Frame& f) {
    check(!f.bytes.empty() && f.bytes.size() <= options.frame_bytes_max, "frame size");
    check(f.truncated == (f.original_bytes > f.bytes.size()), "truncated");
    out.frames.push_back({std::string(f.bytes), f.truncated, f.original_bytes});
  };
  const auto note = [&](const FeedResult& r) {
    out.empty_frames += r.empty_frames;
    if (r.error == FramingError::none) return;
    check(out.error == FramingError::none, "an error is told once");
    out.error = r.error;
  };
  std::uint64_t random = seed;
  while (!text.empty()) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    std::size_t size = text.size();
    if (seed == 1) size = 1;
    if (seed > 1) size = std::min<std::size_t>(size, 1 + (random >> 33) % 23);
    // An exact-size block per piece: a read beyond it, or a kept view, is seen by the sanitizer.
    const auto block = std::make_unique<char[]>(size);
    text.copy(block.get(), size);
    note(framer.feed({block.get(), size}, sink));
    check(framer.buffered_bytes() <= options.frame_bytes_max + 2, "memory is bounded");
    text.remove_prefix(size);
  }
  note(framer.finish(sink));
  out.mode = framer.mode();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Options options;
  options.mode = static_cast<Mode>(data[0] % 4);
  options.frame_bytes_max = 1 + data[1] % 64;
  options.octet_bytes_max = 300;
  const std::uint64_t seed = 2 + data[2];
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);

  const Outcome whole = run(options, text, 0);
  check(run(options, text, 1) == whole, "byte by byte");
  check(run(options, text, seed) == whole, "random pieces");

  if (const auto frame = datagram_frame(text, options); frame)
    check(!frame->bytes.empty() && frame->bytes.size() <= options.frame_bytes_max, "datagram");
  return 0;
}
