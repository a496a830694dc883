#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "base/text.h"
#include "yaml/builder.h"
#include "yaml/node.h"

namespace vakt::yaml {
namespace {

// Hands the text to yaml-cpp piece by piece, and stops when the parser reads on and on without
// completing a node: its scanner queues every token of a flow collection (some 200 bytes of memory
// for each byte of "[[[[") before it tells us of the first.
//
// After the text it hands out a document end marker: yaml-cpp takes a quoted scalar that the end of
// the text cuts off as complete, but not one that runs into a marker.
class Reader : public std::streambuf {
 public:
  Reader(std::string_view text, const Builder& builder) : text_(text), builder_(builder) {
    text_ += text.ends_with('\n') ? "...\n" : "\n...\n";
  }
  bool stalled() const { return stalled_; }

 protected:
  int_type underflow() override {
    if (builder_.events != events_) {
      events_ = builder_.events;
      progress_at_ = read_;
    }
    if (read_ - progress_at_ >= kStallBytesMax) stalled_ = true;
    if (stalled_ || read_ == text_.size()) return traits_type::eof();
    const std::size_t bytes = std::min<std::size_t>(4096, text_.size() - read_);
    char* const piece = text_.data() + read_;
    setg(text_.data(), piece, piece + bytes);
    read_ += bytes;
    return traits_type::to_int_type(*piece);
  }

 private:
  std::string text_;
  const Builder& builder_;
  std::size_t events_ = 0;
  std::size_t read_ = 0;
  std::size_t progress_at_ = 0;
  bool stalled_ = false;
};

std::size_t sequence_bytes(char lead) {
  const auto c = static_cast<unsigned char>(lead);
  return c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

// YAML allows no control characters, and yaml-cpp would take 0x04 for the end of the text.
bool check_characters(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  int line = 1;
  std::size_t line_start = 0;
  const bool valid = is_valid_utf8(text);
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t bytes = sequence_bytes(text[i]);
    const bool control = c < 0x20 && c != '\n' && c != '\r' && c != '\t';
    if (control || (!valid && !is_valid_utf8(text.substr(i, bytes)))) {
      diagnostics.push_back(
          {Severity::error, file, line, static_cast<int>(i - line_start) + 1,
           fmt::format("{} (byte 0x{:02x})", control ? "control character" : "invalid UTF-8", c),
           control ? "write it as an escape in double quotes, for example \"\\x1b\""
                   : "save the file as UTF-8"});
      return false;
    }
    i += bytes;
    if (c == '\n') {
      ++line;
      line_start = i;
    }
  }
  return true;
}

void report(const std::string& file, const YAML::Mark& mark, std::string message, std::string hint,
            Diagnostics& diagnostics) {
  const bool placed = !mark.is_null();
  diagnostics.push_back({Severity::error, file, placed ? mark.line + 1 : 0,
                         placed ? mark.column + 1 : 0, std::move(message), std::move(hint)});
}

// Is there a line "---" between the two places?
bool is_separated(std::string_view body, const YAML::Mark& from, const YAML::Mark& to) {
  if (from.pos < 0 || to.pos <= from.pos) return false;
  const auto first = std::min(static_cast<std::size_t>(from.pos), body.size());
  const auto bytes = static_cast<std::size_t>(to.pos - from.pos);
  return body.substr(first, bytes).find("\n---") != std::string_view::npos;
}

}  // namespace

std::vector<Node> parse(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  if (text.size() > kTextBytesMax) {
    diagnostics.push_back(
        {Severity::error, file, 0, 0,
         fmt::format("{} bytes are too many: at most {}", text.size(), kTextBytesMax),
         "split the file"});
    return {};
  }
  if (!check_characters(text, file, diagnostics)) return {};
  // The line of the end marker, from 0, is the number of lines of the text.
  const auto lines =
      static_cast<int>(std::count(text.begin(), text.end(), '\n')) + (text.ends_with('\n') ? 0 : 1);
  const std::string_view body = text.substr(text.starts_with("\xEF\xBB\xBF") ? 3 : 0);
  Builder builder(body, lines, file, diagnostics);
  Reader reader(text, builder);
  std::size_t complete = 0;  // documents that the parser has finished
  try {
    std::istream in(&reader);
    YAML::Parser parser(in);
    while (!reader.stalled() && parser.HandleNextDocument(builder))
      if (!reader.stalled()) complete = builder.documents.size();
  } catch (const YAML::Exception& e) {
    if (!builder.in_document() && !is_separated(body, builder.last_mark, e.mark))
      builder.drop_last();
    if (reader.stalled()) {
      // What the parser says of a text that we cut off is of no use to anybody.
    } else if (e.mark.line >= lines) {
      report(file, builder.last_mark, "a quote or bracket is not closed after this place", {},
             diagnostics);
    } else {
      report(file, e.mark, e.msg, {}, diagnostics);
    }
  } catch (const std::exception& e) {
    if (!reader.stalled()) report(file, YAML::Mark::null_mark(), e.what(), {}, diagnostics);
  }
  if (reader.stalled())
    report(file, builder.last_mark,
           fmt::format("more than {} KiB without a complete node after this place",
                       kStallBytesMax >> 10),
           "shorten the scalar or comment, or write the flow collection as a block", diagnostics);
  builder.documents.resize(std::min(complete, builder.documents.size()));
  return std::move(builder.documents);
}

}  // namespace vakt::yaml
