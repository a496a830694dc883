// FieldNames gives each field name that somebody asked for (a rule, a decoder, a correlation, Vakt
// itself) a small number. It is filled while rules and decoders load and is constant afterwards, so
// workers read it without locks. A name nobody asked for has no id, and events do not carry it.
//
// Names are ECS (Elastic Common Schema 8) where ECS has one. Matching of names is exact.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vakt::event {

using FieldId = std::uint16_t;
inline constexpr FieldId kNoField = 0xFFFF;

// Always present, in this order.
enum : FieldId {
  kMessage,           // "message": the text after the header; for JSON its "message" member
  kHostName,          // "host.name": the header's host
  kProcessName,       // "process.name": the syslog tag / APP-NAME
  kProcessPid,        // "process.pid"
  kSyslogPriority,    // "log.syslog.priority": 0..191
  kSyslogFacility,    // "log.syslog.facility.code"
  kSyslogSeverity,    // "log.syslog.severity.code"
  kSyslogMsgId,       // "log.syslog.msgid"
  kSyslogStructured,  // "log.syslog.structured_data": RFC 5424 SD as sent
  kTimestamp,         // "@timestamp" as sent
  kSourceIp,          // "source.ip"
  kSourcePort,        // "source.port"
  kUserName,          // "user.name"
  kEventAction,       // "event.action"
  kEventOutcome,      // "event.outcome": success, failure, unknown
  kFixedFields,
};

class FieldNames {
 public:
  FieldNames();

  FieldId intern(std::string_view name);  // aborts past 65,534 names (rule loading bounds them)
  FieldId find(std::string_view name) const {
    const auto it = ids_.find(name);
    return it == ids_.end() ? kNoField : it->second;
  }
  const std::string& name(FieldId id) const { return names_.at(id); }
  std::size_t size() const { return names_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::unordered_map<std::string, FieldId, Hash, std::equal_to<>> ids_;
  std::vector<std::string> names_;
};

}  // namespace vakt::event
