#include "framing/framer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vakt::framing {
namespace {

using namespace std::string_literals;

struct Seen {
  std::string bytes;
  bool truncated = false;
  std::uint64_t original_bytes = 0;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& s) {
  return out << testing::PrintToString(s.bytes) << (s.truncated ? " truncated of " : " of ")
             << s.original_bytes;
}

struct Outcome {
  std::vector<Seen> frames;
  std::uint32_t empty_frames = 0;
  FramingError error = FramingError::none;
  Mode mode = Mode::automatic;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& o) {
  for (const Seen& s : o.frames) out << "\n  " << s;
  return out << "\n  empty " << o.empty_frames << ", error " << static_cast<int>(o.error)
             << ", mode " << static_cast<int>(o.mode);
}

// Feeds the bytes in the given pieces, each in a heap block of exactly its size.
Outcome run(const Options& options, const std::vector<std::string_view>& pieces) {
  Framer framer(options);
  Outcome out;
  const auto sink = [&](const Frame& f) {
    out.frames.push_back({std::string(f.bytes), f.truncated, f.original_bytes});
  };
  const auto note = [&](const FeedResult& r) {
    out.empty_frames += r.empty_frames;
    if (r.error == FramingError::none) return;
    EXPECT_EQ(out.error, FramingError::none) << "an error is told once";
    out.error = r.error;
  };
  for (const std::string_view piece : pieces) {
    const auto block = std::make_unique<char[]>(piece.size());
    std::memcpy(block.get(), piece.data(), piece.size());
    note(framer.feed({block.get(), piece.size()}, sink));
    EXPECT_LE(framer.buffered_bytes(), options.frame_bytes_max + 2);
  }
  note(framer.finish(sink));
  EXPECT_EQ(framer.buffered_bytes(), 0u);
  out.mode = framer.mode();
  return out;
}

Outcome run_whole(const Options& options, std::string_view text) { return run(options, {text}); }

std::vector<std::string_view> in_pieces_of(std::string_view text, std::size_t size) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < text.size(); i += size) pieces.push_back(text.substr(i, size));
  return pieces;
}

struct Row {
  const char* name;
  Mode mode;
  std::string input;
  std::vector<Seen> frames;  // original_bytes 0: the frame's own length
  std::uint32_t empty_frames = 0;
  FramingError error = FramingError::none;
  Mode mode_after = Mode::lf;
};

constexpr std::size_t kFrameBytesMax = 16;

Options options_of(const Row& row) {
  return {.mode = row.mode, .frame_bytes_max = kFrameBytesMax, .octet_bytes_max = 1000};
}

const std::vector<Row>& rows() {
  constexpr auto automatic = Mode::automatic;
  constexpr auto octet = Mode::octet;
  constexpr auto lf = Mode::lf;
  constexpr auto nul = Mode::nul;
  constexpr auto bad_count = FramingError::bad_count;
  constexpr auto end_mid_frame = FramingError::end_mid_frame;
  static const std::vector<Row> table{
      // Line feeds.
      {"lines", automatic, "<13>a\n<13>b\n", {{"<13>a"}, {"<13>b"}}},
      {"crlf", automatic, "<13>a\r\nb\r\n", {{"<13>a"}, {"b"}}},
      {"one CR only", lf, "a\r\r\n", {{"a\r"}}},
      {"CR inside is text", lf, "a\rb\n", {{"a\rb"}}},
      {"no last LF", automatic, "a\nb", {{"a"}, {"b"}}},
      {"last CR without LF is text", lf, "a\r", {{"a\r"}}},
      {"empty lines are counted", lf, "\n\na\n\r\n \n\0\nb\n"s, {{"a"}, {"b"}}, 5},
      {"NUL after LF, as some agents send", lf, "a\n\0b\n\0"s, {{"a"}, {"b"}}},
      {"NUL inside is kept", lf, "a\0b\n"s, {{"a\0b"s}}},
      {"NUL at the end of the stream", lf, "a\0"s, {{"a"}}},
      {"Cisco ASA: space after LF", automatic, "<166>a\n <166>b\n", {{"<166>a"}, {"<166>b"}}},
      {"exactly the limit", lf, "0123456789abcdef\n", {{"0123456789abcdef"}}},
      {"exactly the limit, CRLF", lf, "0123456789abcdef\r\nx", {{"0123456789abcdef"}, {"x"}}},
      {"one over", lf, "0123456789abcdefg\nx\n", {{"0123456789abcdef", true, 17}, {"x"}}},
      {"one over, CRLF", lf, "0123456789abcdefg\r\nx\n", {{"0123456789abcdef", true, 17}, {"x"}}},
      {"far over: nothing of it is an event of its own",
       lf,
       "0123456789abcdefghijklmnopqrstuvwxyz<13>0123456789\r\nx\n",
       {{"0123456789abcdef", true, 50}, {"x"}}},
      {"over and unterminated", lf, "0123456789abcdefghi", {{"0123456789abcdef", true, 19}}},
      {"nothing", automatic, "", {}, 0, FramingError::none, automatic},
      {"keep-alives only", automatic, "\n\n \n", {}, 3, FramingError::none, automatic},
      // NUL.
      {"nul", nul, "a\0b\nc\0d"s, {{"a"}, {"b\nc"}, {"d"}}, 0, FramingError::none, nul},
      {"nul: leading LF goes, CR stays", nul, "\na\r\0"s, {{"a\r"}}, 0, FramingError::none, nul},
      {"nul: empty", nul, "\0a\0\0"s, {{"a"}}, 2, FramingError::none, nul},
      {"nul: end by LF", nul, "a\n", {{"a"}}, 0, FramingError::none, nul},
      // Octet counting.
      {"octets", automatic, "5 <13>a6 <13>bc", {{"<13>a"}, {"<13>bc"}}, 0, {}, octet},
      {"octets with LF inside the count",
       automatic,
       "6 <13>a\n6 <13>b\n",
       {{"<13>a"}, {"<13>b"}},
       0,
       {},
       octet},
      {"octets with CRLF, NUL", octet, "3 a\r\n2 b\0"s, {{"a"}, {"b"}}, 0, {}, octet},
      {"only one terminator goes", octet, "3 a\n\n3 a\0\0"s, {{"a\n"}, {"a\0"s}}, 0, {}, octet},
      {"embedded LF is kept", octet, "3 a\nb", {{"a\nb"}}, 0, {}, octet},
      {"leading bytes of the frame", octet, "4  \n\0a1 b"s, {{"a"}, {"b"}}, 0, {}, octet},
      {"bytes between frames", octet, "1 a\n1 b \0001 c"s, {{"a"}, {"b"}, {"c"}}, 0, {}, octet},
      {"empty octet frames", octet, "1 \n2 \r\n3  \n 1 a", {{"a"}}, 3, {}, octet},
      {"octets: exactly the limit",
       octet,
       "16 0123456789abcdef",
       {{"0123456789abcdef"}},
       0,
       {},
       octet},
      {"octets: the limit and LF",
       octet,
       "17 0123456789abcdef\n",
       {{"0123456789abcdef"}},
       0,
       {},
       octet},
      {"octets: the limit and CRLF",
       octet,
       "18 0123456789abcdef\r\n",
       {{"0123456789abcdef"}},
       0,
       {},
       octet},
      {"octets: over, in sync after it",
       octet,
       "26 0123456789abcdef5 <13>xyz\n1 b",
       {{"0123456789abcdef", true, 25}, {"b"}},
       0,
       {},
       octet},
      {"octets: over after leading bytes",
       octet,
       "19  \n0123456789abcdefg1 b",
       {{"0123456789abcdef", true, 17}, {"b"}},
       0,
       {},
       octet},
      {"leading zero", octet, "1 a05 <13>a", {{"a"}}, 0, bad_count, octet},
      {"zero", octet, "0 ", {}, 0, bad_count, octet},
      {"not a digit", octet, "1 ax", {{"a"}}, 0, bad_count, octet},
      {"not a digit in the count", octet, "1x a", {}, 0, bad_count, octet},
      {"sticky: a line after octets is an error",
       automatic,
       "5 <13>a<13>b\n",
       {{"<13>a"}},
       0,
       bad_count,
       octet},
      {"count over the limit", octet, "1001 a", {}, 0, bad_count, octet},
      {"count of the limit, cut", octet, "1000 a", {}, 0, end_mid_frame, octet},
      {"ten digits", octet, "1234567890", {}, 0, bad_count, octet},
      {"automatic: count over the limit", automatic, "12345 <13>a", {}, 0, bad_count, octet},
      {"end inside a frame", automatic, "5 <13>a7 <13>", {{"<13>a"}}, 0, end_mid_frame, octet},
      {"end inside an oversize frame",
       octet,
       "90 0123456789abcdefghijk",
       {},
       0,
       end_mid_frame,
       octet},
      {"end inside a count", octet, "1 a12", {{"a"}}, 0, end_mid_frame, octet},
      {"end after white space", octet, "1 a\n", {{"a"}}, 0, {}, octet},
      // Which of the two?
      {"access log", automatic, "127.0.0.1 - -\n5 <13>x\n", {{"127.0.0.1 - -"}, {"5 <13>x"}}},
      {"number and text", automatic, "123 abc\n", {{"123 abc"}}},
      {"number and two spaces", automatic, "5  <13>\n", {{"5  <13>"}}},
      {"leading zero is text", automatic, "05 <13>a\n", {{"05 <13>a"}}},
      {"ten digits are text", automatic, "1234567890 <1>\n", {{"1234567890 <1>"}}},
      {"only digits", automatic, "123\n4 <\n", {{"123"}, {"4 <"}}},
      {"digits at the end", automatic, "123", {{"123"}}, 0, {}, automatic},
      {"digits and space at the end", automatic, "5 ", {{"5 "}}, 0, {}, automatic},
      {"line mode given", lf, "5 <13>a\n", {{"5 <13>a"}}},
      {"octets after a keep-alive", automatic, "\n\0 5 <13>a"s, {{"<13>a"}}, 1, {}, octet},
      {"lines after a keep-alive", automatic, "\n <13>a\n", {{"<13>a"}}, 1},
  };
  return table;
}

Outcome expected(const Row& row) {
  Outcome want{row.frames, row.empty_frames, row.error, row.mode_after};
  for (Seen& s : want.frames)
    if (s.original_bytes == 0) s.original_bytes = s.bytes.size();
  return want;
}

TEST(Framer, Rows) {
  for (const Row& row : rows())
    EXPECT_EQ(run_whole(options_of(row), row.input), expected(row)) << row.name;
}

TEST(Framer, AnySplitGivesTheSameFrames) {
  for (const Row& row : rows()) {
    const Outcome want = expected(row);
    const std::string_view text = row.input;
    for (std::size_t size = 1; size <= 5; ++size)
      EXPECT_EQ(run(options_of(row), in_pieces_of(text, size)), want)
          << row.name << " in pieces of " << size;
    for (std::size_t a = 0; a <= text.size(); ++a)
      for (std::size_t b = a; b <= text.size(); ++b)
        EXPECT_EQ(run(options_of(row), {text.substr(0, a), text.substr(a, b - a), text.substr(b)}),
                  want)
            << row.name << " split at " << a << " and " << b;
  }
}

TEST(Framer, AnySplitOfAllRowsInOneStream) {
  std::string lines;
  std::string octets;
  for (const Row& row : rows()) {
    if (row.mode != Mode::octet) lines += row.input + "\n";
    octets += std::to_string(row.input.size() + 1) + " " + row.input + "\n";
  }
  for (const auto& [mode, text] : {std::pair(Mode::automatic, lines), std::pair(Mode::lf, octets),
                                   std::pair(Mode::octet, octets), std::pair(Mode::nul, lines)}) {
    for (const std::size_t frame_bytes_max : {1, 2, 7, 16, 100'000}) {
      const Options options{.mode = mode, .frame_bytes_max = frame_bytes_max};
      const Outcome want = run_whole(options, text);
      EXPECT_EQ(want.error, FramingError::none);
      EXPECT_GT(want.frames.size(), 10u);
      EXPECT_EQ(run(options, in_pieces_of(text, 1)), want);
      for (std::size_t at = 0; at <= text.size(); ++at) {
        const std::string_view view = text;
        ASSERT_EQ(run(options, {view.substr(0, at), view.substr(at)}), want) << at;
      }
    }
  }
}

TEST(Framer, WholeFramesAreHandedOutInPlace) {
  for (const std::string& text : {"<13>a\n<13>b\n<13>c\n"s, "5 <13>a5 <13>b5 <13>c"s}) {
    Framer framer(Options{});
    std::size_t frames = 0;
    (void)framer.feed(text, [&](const Frame& f) {
      ++frames;
      EXPECT_GE(f.bytes.data(), text.data());
      EXPECT_LT(f.bytes.data(), text.data() + text.size());
    });
    EXPECT_EQ(frames, 3u);
    EXPECT_EQ(framer.buffered_bytes(), 0u);
  }
}

TEST(Framer, MemoryStaysWithinTheLimit) {
  const std::string chunk(1000, 'x');
  for (const Mode mode : {Mode::lf, Mode::nul, Mode::octet}) {
    Framer framer({.mode = mode, .frame_bytes_max = 5000});
    std::vector<Seen> frames;
    const auto sink = [&](const Frame& f) {
      frames.push_back({std::string(f.bytes), f.truncated, f.original_bytes});
    };
    if (mode == Mode::octet) (void)framer.feed("1000000 ", sink);
    for (int i = 0; i < 1000; ++i) {
      (void)framer.feed(chunk, sink);
      EXPECT_LE(framer.buffered_bytes(), 5002u);
    }
    (void)framer.finish(sink);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0], (Seen{std::string(5000, 'x'), true, 1'000'000}));
  }
}

TEST(Framer, NothingIsReadAfterAnError) {
  Framer framer({.mode = Mode::octet});
  int frames = 0;
  const auto sink = [&](const Frame&) { ++frames; };
  EXPECT_EQ(framer.feed("x1 a", sink).error, FramingError::bad_count);
  EXPECT_EQ(framer.feed("1 a", sink).error, FramingError::none);
  EXPECT_EQ(framer.finish(sink).error, FramingError::none);
  EXPECT_EQ(frames, 0);
}

TEST(Datagram, Rows) {
  const Options options{.frame_bytes_max = kFrameBytesMax};
  struct DatagramRow {
    std::string input;
    std::optional<Seen> frame;
  };
  const std::vector<DatagramRow> table{
      {"<13>a", Seen{"<13>a", false, 5}},
      {"<13>a\n", Seen{"<13>a", false, 5}},
      {"<13>a\r\n", Seen{"<13>a", false, 5}},
      {"<13>a\0"s, Seen{"<13>a", false, 5}},
      {"<13>a\n\n", Seen{"<13>a\n", false, 6}},
      {" \n\0a\nb\n"s, Seen{"a\nb", false, 3}},
      {"5 <13>a", Seen{"5 <13>a", false, 7}},
      {"0123456789abcdef\n", Seen{"0123456789abcdef", false, 16}},
      {"0123456789abcdefgh\n", Seen{"0123456789abcdef", true, 18}},
      {"", std::nullopt},
      {"\r\n", std::nullopt},
      {"\n\0 "s, std::nullopt},
  };
  for (const auto& row : table) {
    const std::optional<Frame> frame = datagram_frame(row.input, options);
    ASSERT_EQ(frame.has_value(), row.frame.has_value()) << testing::PrintToString(row.input);
    if (!frame) continue;
    EXPECT_EQ((Seen{std::string(frame->bytes), frame->truncated, frame->original_bytes}),
              *row.frame);
  }
}

}  // namespace
}  // namespace vakt::framing
