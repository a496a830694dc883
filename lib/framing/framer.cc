#include "framing/framer.h"

#include <utility>

namespace vakt::framing {
namespace {

constexpr std::uint8_t kCountDigitsMax = 9;
// A tail that grew past this is given back when its frame is done: ten thousand idle connections
// must not each keep the room of their longest frame.
constexpr std::size_t kTailBytesKept = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Frame> datagram_frame(std::string_view bytes, const Options& options) {
  while (!bytes.empty() && detail::is_leading(bytes[0])) bytes.remove_prefix(1);
  bytes.remove_suffix(detail::terminator_bytes(bytes));
  if (bytes.empty()) return std::nullopt;
  return detail::make_frame(bytes, options.frame_bytes_max);
}

Framer::Framer(const Options& options)
    : options_(options),
      state_(options.mode == Mode::automatic ? State::decide
             : options.mode == Mode::octet   ? State::count
                                             : State::line),
      terminator_(options.mode == Mode::nul ? '\0' : '\n') {}

void Framer::decide(std::string_view& bytes, FeedResult& result) {
  while (held_bytes_ == 0 && !bytes.empty() && detail::is_leading(bytes[0])) {
    result.empty_frames += bytes[0] == '\n';
    bytes.remove_prefix(1);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (count_space_ && c == '<') {
      options_.mode = Mode::octet;
      bytes.remove_prefix(i);
      release();
      begin_body(result);
      return;
    }
    const bool digit = is_digit(c) && !count_space_ && count_digits_ < kCountDigitsMax &&
                       (count_digits_ > 0 || c != '0');
    const bool space = c == ' ' && !count_space_ && count_digits_ > 0;
    if (!digit && !space) {
      // What was looked at and not taken stays in `bytes`, so a whole line is handed out in place.
      options_.mode = Mode::lf;
      state_ = State::line;
      return;
    }
    if (space) {
      count_space_ = true;
    } else {
      count_ = count_ * 10 + static_cast<std::uint64_t>(c - '0');
      ++count_digits_;
    }
  }
  hold(bytes);
  bytes = {};
}

void Framer::read_count(std::string_view& bytes, FeedResult& result) {
  while (!bytes.empty()) {
    const char c = bytes[0];
    bytes.remove_prefix(1);
    if (count_digits_ == 0 && detail::is_leading(c)) continue;
    if (c == ' ') return begin_body(result);
    const bool good =
        is_digit(c) && count_digits_ < kCountDigitsMax && (count_digits_ > 0 || c != '0');
    if (!good) {
      result = break_off(result, FramingError::bad_count);
      return;
    }
    count_ = count_ * 10 + static_cast<std::uint64_t>(c - '0');
    ++count_digits_;
  }
}

void Framer::begin_body(FeedResult& result) {
  if (count_ > options_.octet_bytes_max) {
    result = break_off(result, FramingError::bad_count);
    return;
  }
  remaining_ = count_;
  count_ = 0;
  count_digits_ = 0;
  state_ = State::body;
}

void Framer::hold(std::string_view piece) {
  if (piece.empty()) return;
  const std::size_t limit = options_.frame_bytes_max + detail::kTerminatorBytesMax;
  const std::size_t kept = std::min(piece.size(), limit - tail_.size());
  if (const std::size_t need = tail_.size() + kept; need > tail_.capacity()) {
    // A string that grows by itself doubles beyond the limit; a new one takes what it is told.
    std::string larger;
    larger.reserve(std::min(limit, std::max(need, tail_.capacity() * 2)));
    larger.append(tail_);
    tail_ = std::move(larger);
  }
  tail_.append(piece.data(), kept);
  held_bytes_ += piece.size();
  before_last_ = piece.size() > 1 ? piece[piece.size() - 2] : last_;
  last_ = piece.back();
}

Frame Framer::held_frame(std::size_t terminator_bytes) const {
  const std::uint64_t size = held_bytes_ - terminator_bytes;
  const std::size_t kept = std::min<std::uint64_t>(size, options_.frame_bytes_max);
  return {std::string_view(tail_).substr(0, kept), size > options_.frame_bytes_max, size};
}

std::size_t Framer::held_terminator_bytes() const {
  return detail::terminator_bytes(before_last_, last_, held_bytes_);
}

void Framer::release() {
  if (tail_.capacity() > kTailBytesKept) {
    tail_ = std::string();
  } else {
    tail_.clear();
  }
  held_bytes_ = 0;
  last_ = before_last_ = '\0';
}

FeedResult Framer::break_off(FeedResult result, FramingError error) {
  release();
  state_ = State::ended;
  result.error = error;
  return result;
}

}  // namespace vakt::framing
