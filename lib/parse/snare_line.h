// A Windows event as Snare's agent, and NXLog's to_syslog_snare(), write it into a syslog message:
// "MSWinEventLog", then fields between tabs, the last of them the event's text with its line ends
// made spaces. rsyslog writes a tab as "#011". Views of the line.
//
// The text names values by labels ("Process Command Line: cmd /c x"), some below a section
// ("Subject:   Account Name:  eve"). Where a value ends is a guess: at the next text that looks
// like a label. A program that puts such a text into its arguments can cut them there; the whole
// record is still searched by keywords.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace date {
class time_zone;
}

namespace vakt::parse {

struct SnareLine {
  std::string_view channel;   // "Security"
  std::string_view event_id;  // "4688"
  std::string_view provider;  // "Microsoft-Windows-Security-Auditing"
  std::string_view user;
  std::string_view type;  // "Success Audit"
  std::string_view computer;
  std::string_view category;
  std::string_view text;
  std::optional<Time> time;
};

// Cheap. Also with the host and a tab before it, as the agent writes without a syslog header.
bool looks_like_snare(std::string_view text);

// Nullopt: not such a line. Its time is of `zone` (null: UTC).
std::optional<SnareLine> parse_snare_line(std::string_view line, const date::time_zone* zone);

inline constexpr std::size_t kSnareLabelBytesMax = 64;

struct SnarePair {
  std::string_view section;  // empty: none; it and the label have at most kSnareLabelBytesMax bytes
  std::string_view label;
  std::string_view value;  // never empty
};

// The pairs of an event's text, one after the other.
class SnareText {
 public:
  explicit SnareText(std::string_view text);
  // False: there is none any more.
  bool next(SnarePair& pair);

 private:
  std::string_view rest_;
  std::string_view section_;
};

}  // namespace vakt::parse
