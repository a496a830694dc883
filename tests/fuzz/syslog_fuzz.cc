// Syslog headers and timestamps: whatever comes, every view lies within the frame and the answer
// agrees with itself.
#include <date/tz.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "parse/snare_line.h"
#include "parse/syslog.h"
#include "parse/timestamp.h"
#include "parse/utf8.h"

namespace {

using namespace vakt;
using namespace vakt::parse;

void check_header(std::string_view frame, const SyslogContext& context) {
  const SyslogHeader h = parse_syslog(frame, context);
  for (const std::string_view view :
       {h.timestamp, h.hostname, h.app_name, h.proc_id, h.msg_id, h.structured_data, h.message})
    check(view.empty() || (view.data() >= frame.data() &&
                           view.data() + view.size() <= frame.data() + frame.size()),
          "view within the frame");
  check(h.priority <= 191 && (h.has_priority || h.priority == 13), "priority");
  check(!h.has_time || !h.timestamp.empty(), "a time has a text");
  check(!h.year_guessed || (h.has_time && !context.year), "year guessed");
  if (h.year_guessed) {
    check(h.time <= context.received + std::chrono::hours(24), "a guessed year is not ahead");
    check(h.time > context.received - std::chrono::hours(24) * 366 * 8, "nor far behind");
  }
  // The message is the end of the frame: nothing after it is lost.
  check(h.message.empty() || h.message.data() + h.message.size() == frame.data() + frame.size(),
        "the message is the rest");
}

// Windows events in Snare's format: views of the text, an end, and bounded names.
void check_snare(std::string_view text) {
  const auto line = parse_snare_line(text, nullptr);
  check(!line || looks_like_snare(text), "the cheap look agrees");
  SnareText pairs(line ? line->text : text);
  SnarePair pair;
  for (std::size_t i = 0; pairs.next(pair); ++i) {
    check(i <= text.size(), "it ends");
    check(!pair.value.empty() && !pair.label.empty(), "a pair is whole");
    check(pair.section.size() <= kSnareLabelBytesMax && pair.label.size() <= kSnareLabelBytesMax,
          "short names");
    check(pair.value.data() >= text.data() &&
              pair.value.data() + pair.value.size() <= text.data() + text.size(),
          "a value is within the text");
  }
}

// What the memo holds comes from the same text, then from one that differs in a digit.
void check_memo(std::string_view frame, SyslogContext context) {
  const SyslogHeader without = parse_syslog(frame, context);
  BsdMemo memo;
  context.memo = &memo;
  std::string other(frame);
  if (const auto digit = other.find_first_of("012345678"); digit != std::string::npos)
    ++other[digit];
  for (const std::string_view text : {std::string_view(other), frame, frame}) {
    const SyslogHeader with = parse_syslog(text, context);
    if (text.data() != frame.data()) continue;
    check(with.time == without.time && with.has_time == without.has_time, "the memo's time");
    check(with.year_guessed == without.year_guessed, "the memo's guess");
    check(with.timestamp == without.timestamp && with.hostname == without.hostname &&
              with.message == without.message,
          "the memo's texts");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const date::time_zone* const zones[] = {nullptr, date::locate_zone("Europe/Berlin"),
                                                 date::locate_zone("Asia/Tokyo"),
                                                 date::locate_zone("America/St_Johns")};
  SyslogContext context;
  context.received = from_unix_seconds(1'795'478'400 + data[1] * 100'000);
  context.zone = zones[data[0] % 4];
  if ((data[0] & 4) != 0) context.year = 1950 + data[1];

  const std::string_view raw(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string text;
  append_sanitised(text, raw);
  check(!needs_sanitising(text), "sanitised text is clean");
  check(needs_sanitising(raw) == (text != raw), "only what needs it is changed");
  // An exact-size block, so that the sanitizer sees every overread.
  const auto block = std::make_unique<char[]>(text.size());
  text.copy(block.get(), text.size());
  const std::string_view frame(block.get(), text.size());
  check_header(frame, context);
  check_memo(frame, context);
  check_snare(frame);
  if (const auto time = parse_timestamp(frame, nullptr)) {
    const auto again = parse_timestamp(format_rfc3339(*time), nullptr);
    // The year 2262 has a few months in nanoseconds that only epoch numbers can name.
    check(!again || *again == *time, "a time survives its text");
  }
  return 0;
}
