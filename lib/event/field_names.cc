#include "event/field_names.h"

#include <array>

#include "base/check.h"

namespace vakt::event {

FieldNames::FieldNames() {
  constexpr std::array<std::string_view, kFixedFields> fixed{"message",
                                                             "host.name",
                                                             "process.name",
                                                             "process.pid",
                                                             "log.syslog.priority",
                                                             "log.syslog.facility.code",
                                                             "log.syslog.severity.code",
                                                             "log.syslog.msgid",
                                                             "log.syslog.structured_data",
                                                             "@timestamp",
                                                             "source.ip",
                                                             "source.port",
                                                             "user.name",
                                                             "event.action",
                                                             "event.outcome"};
  for (const std::string_view name : fixed) intern(name);
  check(find("event.outcome") == kEventOutcome, "fixed field order");
}

FieldId FieldNames::intern(std::string_view name) {
  if (const FieldId id = find(name); id != kNoField) return id;
  check(names_.size() < kNoField, "fewer than 65,535 field names");
  const auto id = static_cast<FieldId>(names_.size());
  names_.emplace_back(name);
  ids_.emplace(std::string(name), id);
  return id;
}

}  // namespace vakt::event
