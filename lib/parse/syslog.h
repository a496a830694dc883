// Syslog headers: RFC 5424, RFC 3164 and what vendors really send. One function, no allocation, no
// failure: what cannot be understood is the message.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace date {
class time_zone;
}

namespace vakt::parse {

struct BsdMemo;

struct SyslogContext {
  Time received;                          // for the missing year, and as fallback
  std::optional<int> year;                // of the listener or the replay; overrides guessing
  const date::time_zone* zone = nullptr;  // for times without a zone; null: UTC
  BsdMemo* memo = nullptr;                // makes it faster where records of a second come together
};

// The BSD time read last ("Nov  2 10:00:00 "), what it was read with, and what it came to.
struct BsdMemo {
  static constexpr std::size_t kBytes = 16;
  std::array<char, kBytes> text{};
  Time received;
  std::optional<int> year;
  const date::time_zone* zone = nullptr;
  Time time;
  bool has_time = false;
  bool year_guessed = false;
};

struct SyslogHeader {
  SyslogHeader() {}            // an aggregate would be cleared by `rep stos`: 3 % of a replay
  std::uint8_t priority = 13;  // RFC 3164 section 4.3.3: user.notice where there is none
  bool has_priority = false;
  bool has_time = false;  // a usable time was found in the record
  bool year_guessed = false;
  bool unparsed = false;       // no timestamp found, or broken structured data
  Time time;                   // valid where has_time
  std::string_view timestamp;  // the record's own text of it
  std::string_view hostname;   // empty: none (or RFC 5424 NILVALUE)
  std::string_view app_name;   // tag without [pid] and ':'
  std::string_view proc_id;
  std::string_view msg_id;
  std::string_view structured_data;
  std::string_view message;  // one BOM stripped
};

// `frame` must be valid UTF-8 without NUL (see base/text.h append_sanitised).
SyslogHeader parse_syslog(std::string_view frame, const SyslogContext& context);

}  // namespace vakt::parse
