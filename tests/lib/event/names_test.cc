#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "event/field_names.h"
#include "event/log_source.h"

namespace vakt::event {
namespace {

TEST(FieldNames, FixedNamesHaveTheirNumbers) {
  const FieldNames names;
  const std::vector<std::pair<FieldId, const char*>> rows{
      {kMessage, "message"},
      {kHostName, "host.name"},
      {kProcessName, "process.name"},
      {kProcessPid, "process.pid"},
      {kSyslogPriority, "log.syslog.priority"},
      {kSyslogFacility, "log.syslog.facility.code"},
      {kSyslogSeverity, "log.syslog.severity.code"},
      {kSyslogMsgId, "log.syslog.msgid"},
      {kSyslogStructured, "log.syslog.structured_data"},
      {kTimestamp, "@timestamp"},
      {kSourceIp, "source.ip"},
      {kSourcePort, "source.port"},
      {kUserName, "user.name"},
      {kEventAction, "event.action"},
      {kEventOutcome, "event.outcome"}};
  EXPECT_EQ(rows.size(), kFixedFields);
  EXPECT_EQ(names.size(), kFixedFields);
  for (const auto& [id, name] : rows) {
    EXPECT_EQ(names.name(id), name);
    EXPECT_EQ(names.find(name), id);
  }
}

TEST(FieldNames, InternIsStableAndExact) {
  FieldNames names;
  const FieldId a = names.intern("a.b");
  EXPECT_EQ(a, kFixedFields);
  EXPECT_EQ(names.intern("a.b"), a);
  const FieldId upper = names.intern("A.b");
  EXPECT_NE(upper, a);
  EXPECT_EQ(names.find("a.B"), kNoField);
  EXPECT_EQ(names.find(""), kNoField);
  EXPECT_EQ(names.name(upper), "A.b");
  for (int i = 0; i < 5000; ++i) names.intern("f" + std::to_string(i));
  EXPECT_EQ(names.find("a.b"), a);
  EXPECT_EQ(names.size(), kFixedFields + 5002u);
}

std::string found(const FieldNames& names, std::string_view spelling) {
  std::string out;
  for (const FieldId id : names.lookup(spelling)) out += names.name(id) + " ";
  return out;
}

TEST(FieldNames, SpellingsStandForNames) {
  FieldNames names;
  names.add_prefix("Event.Data.");
  names.add_prefix("Event.User.*.");
  names.add_spelling("process.executable", "Image");
  names.add_spelling("process.executable", "Source");
  names.add_spelling("other", "NobodyAsks");
  names.add_spelling("Computer", "host.name");
  for (const char* name : {"Image", "Source", "process.executable", "ThreatName", "a.b"})
    names.intern(name);
  EXPECT_EQ(found(names, "Image"), "Image ");
  EXPECT_EQ(found(names, "Event.Data.Image"), "") << "not resolved yet";
  names.resolve_spellings();
  const std::vector<std::pair<const char*, const char*>> rows{
      {"Image", "Image "},
      {"image", ""},
      {"Event.Data.Image", "Image "},
      {"Event.Data.a.b", "a.b "},
      {"Event.Data.Unknown", ""},
      {"Event.Data.message", ""},  // Vakt's own
      {"Event.Data.Threat Name", "ThreatName "},
      {"Threat  Name ", "ThreatName "},
      {"Event.User.X.Image", "Image "},
      {"Event.User.X Y.Threat Name", "ThreatName "},
      {"Event.User.X.Y.Image", ""},
      {"Event.User.X.message", ""},
      {"Event.User.Image", ""},
      {"Event.User.", ""},
      {"process.executable", "process.executable Image Source "},
      {"Event.Data.process.executable", "process.executable "},
      {"other", ""},
      {"Computer", "host.name "},
      {"", ""},
      {" ", ""}};
  for (const auto& [spelling, expected] : rows)
    EXPECT_EQ(found(names, spelling), expected) << spelling;
  EXPECT_EQ(found(names, std::string(300, ' ') + "Image"), "");
}

const LogSource kSshd{"linux", "", "sshd"};
const LogSource kAuth{"linux", "", "auth"};

TEST(Routes, EqualSetsShareANumber) {
  Routes routes;
  EXPECT_EQ(routes.size(), 1u);
  EXPECT_TRUE(routes.labels(0).empty());
  EXPECT_EQ(routes.intern({}), 0u);
  const RouteId both = routes.intern({kSshd, kAuth});
  EXPECT_EQ(routes.intern({kAuth, kSshd}), both);
  EXPECT_EQ(routes.intern({kAuth, kSshd, kAuth}), both);
  EXPECT_NE(routes.intern({kAuth}), both);
  EXPECT_EQ(routes.size(), 3u);
}

TEST(Routes, ARuleAppliesWhenOneLabelHasAllItNames) {
  Routes routes;
  const RouteId both = routes.intern({kSshd, kAuth});
  const RouteId windows = routes.intern({{"windows", "process_creation", "sysmon"}});
  struct Row {
    RouteId route;
    LogSource wanted;
    bool applies;
  };
  const std::vector<Row> rows{
      {0, {}, true},
      {0, {"linux", "", ""}, false},
      {both, {}, true},
      {both, {"linux", "", ""}, true},
      {both, {"linux", "", "sshd"}, true},
      {both, {"", "", "auth"}, true},
      {both, {"linux", "", "sudo"}, false},
      {both, {"linux", "process_creation", ""}, false},
      {both, {"windows", "", "sshd"}, false},
      {windows, {"windows", "process_creation", ""}, true},
      {windows, {"", "process_creation", ""}, true},
      {windows, {"windows", "process_creation", "security"}, false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(routes.applies(row.route, row.wanted), row.applies)
        << row.route << ' ' << row.wanted.product << '/' << row.wanted.category << '/'
        << row.wanted.service;
  // Parts of two labels do not add up to one.
  const RouteId mixed = routes.intern({{"linux", "", "sshd"}, {"windows", "", "security"}});
  EXPECT_FALSE(routes.applies(mixed, {"windows", "", "sshd"}));
}

}  // namespace
}  // namespace vakt::event
