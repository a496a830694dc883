// A line of a file of events: the event itself, or a JSON object that carries the event and,
// perhaps, the labels it is to be routed by. Thread: its owner's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/worker.h"
#include "event/log_source.h"
#include "parse/json_member.h"

namespace vakt::cli {

// A line carries an event and what is said about it.
inline constexpr std::size_t kLineBytesMax = 4 * engine::kFrameBytesMax;

// Where in the line things are, as dotted paths. Empty: the line is the event; it has no labels.
struct LineFormat {
  std::string event_field;
  std::string logsource_field;
  std::string raw_field = "raw";  // beside the event: the record as its source wrote it
  bool plain() const { return event_field.empty() && logsource_field.empty(); }
};

struct LabelledLine {
  std::string_view event;  // valid until the next line, and as long as the line it came from
  std::string_view raw;    // searched for keywords as well; mostly empty
  std::optional<event::LogSource> labels;  // nullopt: null, or not there
  std::string problem;                     // why there is no event; empty: there is one
};

class LineReader {
 public:
  explicit LineReader(LineFormat format);

  LabelledLine read(std::string_view line);
  // Only the labels, without a judgement of the event.
  std::optional<event::LogSource> labels_of(std::string_view line);
  // Had any line so far a member at logsource_field, be it null?
  bool saw_labels() const { return saw_labels_; }

 private:
  bool read_labels(std::string_view line, LabelledLine& out);

  LineFormat format_;
  parse::JsonMemberFinder finder_;
  parse::JsonMemberFinder parts_;
  std::string event_;
  std::string raw_;
  bool saw_labels_ = false;
};

// "product=windows,category=process_creation"; on failure the message says what is wrong.
Result<event::LogSource> parse_labels(std::string_view text);
// The same, written.
std::string to_text(const event::LogSource& labels);

}  // namespace vakt::cli
