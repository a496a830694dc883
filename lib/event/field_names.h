// FieldNames gives each field name that somebody asked for (a rule, a decoder, a correlation, Vakt
// itself) a small number. It is filled while rules and decoders load and is constant afterwards, so
// workers read it without locks. A name nobody asked for has no id, and events do not carry it.
//
// Names are ECS (Elastic Common Schema 8) where ECS has one. Matching of names is exact.
//
// Records spell a name in their own way: "Event.EventData.CommandLine" is what a Sigma rule calls
// CommandLine. Spellings (data in rules/field_maps) are declared while loading and looked up by
// parsers; one spelling can stand for several names, so that a rule may ask for either.
#pragma once

#include <array>
#include <cstdint>
#include <span>
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

  // Records that have `spelling` mean `name`; nothing happens where nobody asks for `name`. Of a
  // spelling only the first kSpellingIdsMax names count (loaders refuse more).
  void add_spelling(std::string_view spelling, std::string_view name);
  // Whatever name is asked for, records may have it behind this prefix ("winlog.event_data."). A
  // "*" stands for one part that is not known before: "Event.UserData.*.". Vakt's own names (those
  // below kFixedFields) are never meant so.
  void add_prefix(std::string_view prefix);
  // Once, when every name is interned: before it, lookup() finds names only as they are.
  void resolve_spellings();

  // The names that a record's `spelling` stands for, itself included. Names with spaces that nobody
  // asked for are those without ("Threat Name"). Cost and memory do not depend on what was asked
  // before: attackers choose spellings.
  std::span<const FieldId> lookup(std::string_view spelling) const {
    const auto it = spellings_.find(spelling);
    return it == spellings_.end() ? lookup_loosely(spelling) : it->second.view();
  }

  static constexpr std::size_t kSpellingIdsMax = 6;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  template <class T>
  using ByText = std::unordered_map<std::string, T, Hash, std::equal_to<>>;
  struct Ids {
    std::array<FieldId, kSpellingIdsMax> ids{};
    std::uint8_t count = 0;
    void add(FieldId id);
    std::span<const FieldId> view() const { return {ids.data(), count}; }
  };
  struct Spelling {
    std::string spelling;
    std::string name;
  };
  std::span<const FieldId> lookup_loosely(std::string_view spelling) const;
  std::span<const FieldId> behind_wildcard(std::string_view spelling) const;

  ByText<FieldId> ids_;
  std::vector<std::string> names_;
  ByText<Ids> spellings_;               // with the names themselves
  std::vector<Spelling> declared_;      // until they are resolved
  std::vector<std::string> prefixes_;   // likewise
  std::vector<std::string> wildcards_;  // prefixes, up to their "*"
};

}  // namespace vakt::event
