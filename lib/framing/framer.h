// Framer: bytes of a stream to frames (RFC 6587: octet counting and non-transparent LF; NUL).
//
// One Framer per connection, fed by whatever a read gave, in order. Any split of the same bytes
// gives the same frames. Frames are handed out as views that live until the sink returns: into the
// bytes just fed where the frame lay whole in them, else into the framer's own tail. Memory is at
// most `frame_bytes_max` (and a terminator) per connection and nearly nothing when idle at a
// frame's end.
//
// Bad input, limits and what is stripped: README.md of this folder (source: RFC 6587 section 3.4,
// habits of real clients). Thread: that of its connection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace vakt::framing {

enum class Mode : std::uint8_t {
  automatic,  // decided by the first bytes, then sticky: `[1-9][0-9]{0,8} <` is octet, else LF
  octet,
  lf,
  nul,
};

struct Options {
  Mode mode = Mode::automatic;
  std::size_t frame_bytes_max = 256 * 1024;        // longer frames keep their prefix
  std::size_t octet_bytes_max = 16 * 1024 * 1024;  // a larger count is a broken stream
};

struct Frame {
  std::string_view bytes;  // stripped of its terminator (one LF, CRLF or NUL) and of
                           // leading SP/LF/NUL; never empty
  bool truncated = false;
  std::uint64_t original_bytes = 0;  // stripped likewise, before truncation
};

enum class FramingError : std::uint8_t {
  none,
  bad_count,      // leading zero, non-digit, no space, over octet_bytes_max
  end_mid_frame,  // octet-counted stream ended inside a frame
};

// What feed() and finish() tell their caller, beside the frames.
struct FeedResult {
  FramingError error = FramingError::none;  // count it as bad_frame and close: there is no resync
  std::uint32_t empty_frames = 0;           // ignored: nothing between two terminators
};

// A datagram is one frame; it is stripped and truncated as a stream's frames are. Nullopt: empty.
std::optional<Frame> datagram_frame(std::string_view bytes, const Options& options);

class Framer {
 public:
  explicit Framer(const Options& options);

  // Sink: void(const Frame&). An error is told once; what is fed after it is ignored.
  template <class Sink>
  FeedResult feed(std::string_view bytes, Sink&& sink);
  // The stream ended: hands out an unterminated last LF/NUL frame. Nothing may be fed afterwards.
  template <class Sink>
  FeedResult finish(Sink&& sink);

  std::size_t buffered_bytes() const { return tail_.size(); }
  Mode mode() const { return options_.mode; }  // automatic until decided

 private:
  enum class State : std::uint8_t {
    decide,  // automatic: no full `digits SP <` or its opposite seen yet; the tail has the bytes
    line,    // inside or at the start of an LF or NUL frame
    count,   // before or inside an octet count
    body,    // `remaining_` bytes of an octet frame are to come
    ended,   // broken or finished
  };

  // The decision about the mode. Takes from `bytes` only what is the framing's own.
  void decide(std::string_view& bytes, FeedResult& result);
  void read_count(std::string_view& bytes, FeedResult& result);
  void begin_body(FeedResult& result);
  // Adds a piece of the frame under way to the tail. Once that is full the frame is oversize: the
  // rest of it is discarded and only its length and last bytes are kept.
  void hold(std::string_view piece);
  Frame held_frame(std::size_t terminator_bytes) const;
  void release();
  std::size_t held_terminator_bytes() const;
  FeedResult break_off(FeedResult result, FramingError error);

  template <class Sink>
  void read_lines(std::string_view& bytes, Sink& sink, FeedResult& result);
  template <class Sink>
  void read_body(std::string_view& bytes, Sink& sink, FeedResult& result);
  template <class Sink>
  void hand_out_held(std::size_t terminator_bytes, Sink& sink, FeedResult& result);

  Options options_;
  State state_;
  char terminator_;  // of line frames
  // The last two bytes held or discarded, as a terminator may come in two pieces.
  char before_last_ = '\0';
  char last_ = '\0';
  bool count_space_ = false;  // decide only: the space after the digits was seen
  std::uint8_t count_digits_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t remaining_ = 0;   // of the octet frame
  std::uint64_t held_bytes_ = 0;  // length of the frame under way so far, discarded bytes too
  std::string tail_;              // its first frame_bytes_max + kTerminatorBytesMax bytes
};

// Implementation ----------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t kTerminatorBytesMax = 2;

inline bool is_leading(char c) { return c == ' ' || c == '\n' || c == '\0'; }

inline std::size_t terminator_bytes(char before_last, char last, std::uint64_t size) {
  if (size == 0) return 0;
  if (last == '\0') return 1;
  if (last != '\n') return 0;
  return size > 1 && before_last == '\r' ? 2 : 1;
}

inline std::size_t terminator_bytes(std::string_view bytes) {
  const std::size_t size = bytes.size();
  return size == 0 ? 0 : terminator_bytes(size > 1 ? bytes[size - 2] : '\0', bytes[size - 1], size);
}

inline Frame make_frame(std::string_view bytes, std::size_t frame_bytes_max) {
  return {bytes.substr(0, frame_bytes_max), bytes.size() > frame_bytes_max, bytes.size()};
}

}  // namespace detail

template <class Sink>
FeedResult Framer::feed(std::string_view bytes, Sink&& sink) {
  FeedResult result;
  while (!bytes.empty()) {
    switch (state_) {
      case State::decide:
        decide(bytes, result);
        break;
      case State::line:
        read_lines(bytes, sink, result);
        break;
      case State::count:
        read_count(bytes, result);
        break;
      case State::body:
        read_body(bytes, sink, result);
        break;
      case State::ended:
        return result;
    }
  }
  return result;
}

template <class Sink>
FeedResult Framer::finish(Sink&& sink) {
  FeedResult result;
  switch (state_) {
    case State::decide:
    case State::line:
      if (held_bytes_ > 0) hand_out_held(held_terminator_bytes(), sink, result);
      break;
    case State::count:
      if (count_digits_ > 0) return break_off(result, FramingError::end_mid_frame);
      break;
    case State::body:
      return break_off(result, FramingError::end_mid_frame);
    case State::ended:
      break;
  }
  return break_off(result, FramingError::none);
}

template <class Sink>
void Framer::read_lines(std::string_view& bytes, Sink& sink, FeedResult& result) {
  while (!bytes.empty()) {
    if (held_bytes_ == 0 && detail::is_leading(bytes[0])) {
      result.empty_frames += bytes[0] == terminator_;
      bytes.remove_prefix(1);
      continue;
    }
    const void* found = std::memchr(bytes.data(), terminator_, bytes.size());
    if (found == nullptr) {
      hold(bytes);
      bytes = {};
      return;
    }
    const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    std::string_view line = bytes.substr(0, size);
    bytes.remove_prefix(size + 1);
    if (held_bytes_ > 0) {
      hold(line);
      hand_out_held(terminator_ == '\n' && last_ == '\r' ? 1 : 0, sink, result);
      state_ = State::line;
      continue;
    }
    if (terminator_ == '\n' && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) {
      ++result.empty_frames;
    } else {
      sink(detail::make_frame(line, options_.frame_bytes_max));
    }
  }
}

template <class Sink>
void Framer::read_body(std::string_view& bytes, Sink& sink, FeedResult& result) {
  while (held_bytes_ == 0 && remaining_ > 0 && !bytes.empty() && detail::is_leading(bytes[0])) {
    bytes.remove_prefix(1);
    --remaining_;
  }
  const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
  bytes.remove_prefix(piece.size());
  remaining_ -= piece.size();
  if (held_bytes_ > 0 || remaining_ > 0) {
    hold(piece);
    if (remaining_ > 0) return;
    hand_out_held(held_terminator_bytes(), sink, result);
  } else {
    const std::string_view stripped =
        piece.substr(0, piece.size() - detail::terminator_bytes(piece));
    if (stripped.empty()) {
      ++result.empty_frames;
    } else {
      sink(detail::make_frame(stripped, options_.frame_bytes_max));
    }
  }
  state_ = State::count;
}

template <class Sink>
void Framer::hand_out_held(std::size_t terminator_bytes, Sink& sink, FeedResult& result) {
  const Frame frame = held_frame(terminator_bytes);
  if (frame.bytes.empty()) {
    ++result.empty_frames;
  } else {
    sink(frame);
  }
  release();
}

}  // namespace vakt::framing
