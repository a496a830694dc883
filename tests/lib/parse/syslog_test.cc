#include "parse/syslog.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vakt::parse {
namespace {

Time at(std::string_view text) { return parse_rfc3339(text).value(); }

// A header with its own text, parsed from a heap block of exactly the frame's size.
struct Parsed {
  explicit Parsed(std::string_view frame, const SyslogContext& context)
      : block(std::make_unique<char[]>(frame.size())) {
    std::memcpy(block.get(), frame.data(), frame.size());
    header = parse_syslog({block.get(), frame.size()}, context);
  }
  std::string time() const { return header.has_time ? format_rfc3339(header.time) : ""; }

  std::unique_ptr<char[]> block;
  SyslogHeader header;
};

SyslogContext context_at(std::string_view received) { return {at(received), {}, nullptr}; }

struct Row {
  std::string_view frame;
  std::string_view time;  // empty: none
  std::string_view host;
  std::string_view app;
  std::string_view pid;
  std::string_view message;
  int priority = 13;
  bool unparsed = false;
};

void expect_row(const Row& row, const SyslogContext& context) {
  const Parsed p(row.frame, context);
  const SyslogHeader& h = p.header;
  EXPECT_EQ(p.time(), row.time) << row.frame;
  EXPECT_EQ(h.hostname, row.host) << row.frame;
  EXPECT_EQ(h.app_name, row.app) << row.frame;
  EXPECT_EQ(h.proc_id, row.pid) << row.frame;
  EXPECT_EQ(h.message, row.message) << row.frame;
  EXPECT_EQ(h.priority, row.priority) << row.frame;
  EXPECT_EQ(h.unparsed, row.unparsed) << row.frame;
  // Every view lies within the frame.
  const char* begin = p.block.get();
  const char* end = begin + row.frame.size();
  for (const std::string_view view :
       {h.timestamp, h.hostname, h.app_name, h.proc_id, h.msg_id, h.structured_data, h.message})
    if (!view.empty()) {
      EXPECT_GE(view.data(), begin) << row.frame;
      EXPECT_LE(view.data() + view.size(), end) << row.frame;
    }
}

TEST(Syslog, Rfc3164) {
  const Row rows[] = {
      // The RFC's own, section 5.4.
      {"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
       "2026-10-11T22:14:15Z", "mymachine", "su", "", "'su root' failed for lonvick on /dev/pts/8",
       34},
      {"Use the BFG!", "", "", "", "", "Use the BFG!", 13, true},
      {"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", "2026-02-05T17:32:18Z", "10.0.0.99", "", "",
       "Use the BFG!"},
      {"<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time.", "1987-08-24T05:34:00Z",
       "mymachine", "myproc", "10", "%% It's time.", 165},
      // Host and tag.
      {"<13>Nov 23 19:15:32 host app[12]: msg", "2026-11-23T19:15:32Z", "host", "app", "12", "msg"},
      {"<13>Nov 23 19:15:32 app: msg", "2026-11-23T19:15:32Z", "", "app", "", "msg"},
      {"<13>Nov 23 19:15:32 app[12]: msg", "2026-11-23T19:15:32Z", "", "app", "12", "msg"},
      {"<13>Nov 23 19:15:32 host app[12] msg", "2026-11-23T19:15:32Z", "host", "app", "12", "msg"},
      {"<13>Nov 23 19:15:32 host app:", "2026-11-23T19:15:32Z", "host", "app", "", ""},
      {"<13>Nov 23 19:15:32 host", "2026-11-23T19:15:32Z", "host", "", "", ""},
      {"<13>Nov 23 19:15:32", "2026-11-23T19:15:32Z", "", "", "", ""},
      {"<13>Nov 23 19:15:32 host some text: x", "2026-11-23T19:15:32Z", "host", "", "",
       "some text: x"},
      {"<13>Nov 23 19:15:32 h CRON[123]: (root) CMD", "2026-11-23T19:15:32Z", "h", "CRON", "123",
       "(root) CMD"},
      {"<13>Nov 23 19:15:32 h systemd-logind[1118]: x", "2026-11-23T19:15:32Z", "h",
       "systemd-logind", "1118", "x"},
      {"<13>Nov 23 19:15:32 h /usr/sbin/cron[1]: x", "2026-11-23T19:15:32Z", "h", "/usr/sbin/cron",
       "1", "x"},
      {"<13>Nov 23 19:15:32 h postfix/smtpd[7]: x", "2026-11-23T19:15:32Z", "h", "postfix/smtpd",
       "7", "x"},
      {"<13>Nov 23 19:15:32 h (systemd)[1]: x", "2026-11-23T19:15:32Z", "h", "(systemd)", "1", "x"},
      {"<13>Nov 23 19:15:32 h Foo::Bar: x", "2026-11-23T19:15:32Z", "h", "Foo::Bar", "", "x"},
      {"<13>Nov 23 19:15:32 h sudo:   ubuntu : TTY=pts/0 ; PWD=/", "2026-11-23T19:15:32Z", "h",
       "sudo", "", "ubuntu : TTY=pts/0 ; PWD=/"},
      {"<6>Nov 23 19:15:32 h kernel: [12.345] x", "2026-11-23T19:15:32Z", "h", "kernel", "",
       "[12.345] x", 6},
      {"<6>Nov 23 19:15:32 h [12.345] x", "2026-11-23T19:15:32Z", "h", "", "", "[12.345] x", 6},
      {"<13>Nov 23 19:15:32 h last message repeated 3 times", "2026-11-23T19:15:32Z", "h", "", "",
       "last message repeated 3 times"},
      {"<13>Nov 23 19:15:32 h sshd[1]: message repeated 2 times: [ Failed]", "2026-11-23T19:15:32Z",
       "h", "sshd", "1", "message repeated 2 times: [ Failed]"},
      {"<13>Nov 23 19:15:32 h -- MARK --", "2026-11-23T19:15:32Z", "h", "", "", "-- MARK --"},
      {"<13>Nov 23 19:15:32 h CEF:0|V|P|1|x|y|3|a=b", "2026-11-23T19:15:32Z", "h", "", "",
       "CEF:0|V|P|1|x|y|3|a=b"},
      {"<13>Nov 23 19:15:32 h {\"a\": 1}", "2026-11-23T19:15:32Z", "h", "", "", "{\"a\": 1}"},
      {"<13>Nov 23 19:15:32 {\"a\": 1}", "2026-11-23T19:15:32Z", "", "", "", "{\"a\": 1}"},
      {"<13>Nov 23 19:15:32 a=b c=d", "2026-11-23T19:15:32Z", "", "", "", "a=b c=d"},
      {"<13>Nov 23 19:15:32 h app[12: msg", "2026-11-23T19:15:32Z", "h", "", "", "app[12: msg"},
      {"<13>Nov 23 19:15:32 fe80::1 app: x", "2026-11-23T19:15:32Z", "fe80::1", "app", "", "x"},
      {"<13>Nov 23 19:15:32 h app: \xEF\xBB\xBFx", "2026-11-23T19:15:32Z", "h", "app", "", "x"},
      {"\xEF\xBB\xBF<13>Nov 23 19:15:32 h app: x", "2026-11-23T19:15:32Z", "h", "app", "", "x"},
      // Priority.
      {"<0>Nov 23 19:15:32 h a: x", "2026-11-23T19:15:32Z", "h", "a", "", "x", 0},
      {"<191>Nov 23 19:15:32 h a: x", "2026-11-23T19:15:32Z", "h", "a", "", "x", 191},
      {"<192>Nov 23 19:15:32 h a: x", "2026-11-23T19:15:32Z", "h", "a", "", "x", 13},
      {"<>Nov 23 19:15:32 h a: x", "2026-11-23T19:15:32Z", "h", "a", "", "x", 13},
      {"Nov 23 19:15:32 h a: x", "2026-11-23T19:15:32Z", "h", "a", "", "x", 13},
      {"<34> Nov 23 19:15:32 h a: x", "2026-11-23T19:15:32Z", "h", "a", "", "x", 34},
      // Nothing to be found.
      {"<34>hello world", "", "", "", "", "hello world", 34, true},
      {"<192>hello world", "", "", "", "", "<192>hello world", 13, true},
      {"<34", "", "", "", "", "<34", 13, true},
      {"<34>", "", "", "", "", "", 34, true},
      {"", "", "", "", "", "", 13, true},
      {"Novel 23 19:15:32 h a: x", "", "", "", "", "Novel 23 19:15:32 h a: x", 13, true},
      {"Nov 23 19:15 h a: x", "", "", "", "", "Nov 23 19:15 h a: x", 13, true},
      // It looks like a time and is none: the header is parsed all the same.
      {"<13>Nov 31 19:15:32 h a: x", "", "h", "a", "", "x"},
      {"<13>Nov 23 29:15:32 h a: x", "", "h", "a", "", "x"},
  };
  for (const Row& row : rows) expect_row(row, context_at("2026-11-24T00:00:00Z"));
}

TEST(Syslog, Timestamps) {
  struct TimeRow {
    std::string_view stamp;
    std::string_view time;
  };
  const TimeRow rows[] = {
      {"Nov  3 19:15:32", "2026-11-03T19:15:32Z"},
      {"Nov 3 19:15:32", "2026-11-03T19:15:32Z"},
      {"Nov 03 19:15:32", "2026-11-03T19:15:32Z"},
      {"nov 03 9:15:32", "2026-11-03T09:15:32Z"},
      {"Nov  3 19:15:32.5", "2026-11-03T19:15:32.5Z"},
      {"Nov  3 19:15:32.123456789123", "2026-11-03T19:15:32.123456789Z"},
      {"Oct  3 2024 13:19:33", "2024-10-03T13:19:33Z"},
      {"Oct  3 2024 13:19:33.250", "2024-10-03T13:19:33.25Z"},
      {"Oct  3 2024 13:19:33-05:00", "2024-10-03T18:19:33Z"},
      {"Mar 27 13:06:56 2017", "2017-03-27T13:06:56Z"},
      {"Mar 27 13:06:56 UTC 2017", "2017-03-27T13:06:56Z"},
      {"Mar 27 13:06:56 +0200", "2026-03-27T11:06:56Z"},
      {"2017 Mar 27 13:06:56", "2017-03-27T13:06:56Z"},
      {"2026-11-23T19:16:27", "2026-11-23T19:16:27Z"},
      {"2026-11-23T19:16:27Z", "2026-11-23T19:16:27Z"},
      {"2026-11-23T19:16:27.000123Z", "2026-11-23T19:16:27.000123Z"},
      {"2026-11-23T19:16:27,5+01:00", "2026-11-23T18:16:27.5Z"},
      {"2026-11-23T19:16:27-0130", "2026-11-23T20:46:27Z"},
      {"2026-11-23T19:16:27+01", "2026-11-23T18:16:27Z"},
      {"2026-11-23 19:16:27", "2026-11-23T19:16:27Z"},
      {"2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"},
      {"1969-07-20T20:17:40Z", "1969-07-20T20:17:40Z"},
      {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
  };
  for (const TimeRow& row : rows) {
    const std::string frame = "<13>" + std::string(row.stamp) + " host app[1]: x";
    expect_row({frame, row.time, "host", "app", "1", "x"}, context_at("2026-11-24T00:00:00Z"));
    EXPECT_EQ(Parsed(frame, context_at("2026-11-24T00:00:00Z")).header.timestamp, row.stamp);
  }
  // No such time: the header stays.
  for (const std::string_view stamp :
       {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-11-00T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T00:60:00Z",
        "2026-11-24T00:00:61Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"}) {
    const std::string frame = "<13>" + std::string(stamp) + " host app[1]: x";
    expect_row({frame, "", "host", "app", "1", "x"}, context_at("2026-11-24T00:00:00Z"));
  }
}

TEST(Syslog, Vendors) {
  const Row rows[] = {
      {"<189>29: *Apr 29 13:58:40.411: %SYS-5-CONFIG_I: Configured from console",
       "2026-04-29T13:58:40.411Z", "", "%SYS-5-CONFIG_I", "", "Configured from console", 189},
      {"<189>29: foo: *Apr 29 13:58:40.411: %SYS-5-CONFIG_I: Configured",
       "2026-04-29T13:58:40.411Z", "foo", "%SYS-5-CONFIG_I", "", "Configured", 189},
      {"<180>782431: machine1: .Nov 18 21:03:22.631 GMT: %CDP-4-NATIVE: mismatch",
       "2026-11-18T21:03:22.631Z", "machine1", "%CDP-4-NATIVE", "", "mismatch", 180},
      {"<180>1: 000014: Mar  9 21:03:22.631 CEST: %CDP-4-NATIVE: mismatch",
       "2026-03-09T21:03:22.631Z", "", "%CDP-4-NATIVE", "", "mismatch", 180},
      {"<189>: 2024 Mar  1 10:00:00 UTC: %DAEMON-3-SYSTEM_MSG: x", "2024-03-01T10:00:00Z", "",
       "%DAEMON-3-SYSTEM_MSG", "", "x", 189},
      {"<189>5: RP/0/RSP0/CPU0: Apr 29 13:58:40.411 : ifmgr[213]: %PKT-3: x",
       "2026-04-29T13:58:40.411Z", "RP/0/RSP0/CPU0", "ifmgr", "213", "%PKT-3: x", 189},
      {"<189>Sep  6 09:13:00 RouterName 82: .Sep  6 14:12:56.872 EDT: %SYS-5-CONFIG_I: x",
       "2026-09-06T09:13:00Z", "RouterName", "%SYS-5-CONFIG_I", "", "x", 189},
      {"<189>Sep  6 09:13:00 RouterName 89: %SYS-5-CONFIG_I: x", "2026-09-06T09:13:00Z",
       "RouterName", "%SYS-5-CONFIG_I", "", "x", 189},
      {"<166>Oct 03 2024 13:19:33: %ASA-6-302013: Built", "2024-10-03T13:19:33Z", "",
       "%ASA-6-302013", "", "Built", 166},
      {"<166>Oct 03 2024 13:19:33 fw1 : %ASA-6-302013: Built", "2024-10-03T13:19:33Z", "fw1",
       "%ASA-6-302013", "", "Built", 166},
      {"<113>2022-10-04T21:13:43Z firepower : %FTD-1-430003: x", "2022-10-04T21:13:43Z",
       "firepower", "%FTD-1-430003", "", "x", 113},
      {"<113>2022-10-04T21:13:43Z: %FTD-1-430003: x", "2022-10-04T21:13:43Z", "", "%FTD-1-430003",
       "", "x", 113},
      {"<190>Oct  3 2024 13:19:33 S5700 %%01INFO/4/SUPPRESS_LOG(l):Last message repeated.",
       "2024-10-03T13:19:33Z", "S5700", "", "", "%%01INFO/4/SUPPRESS_LOG(l):Last message repeated.",
       190},
      {"<189>date=2024-05-06 time=07:08:09 devname=\"fw-1\" devid=\"FG\" tz=\"+0200\" type=x",
       "2024-05-06T05:08:09Z", "fw-1", "", "",
       "date=2024-05-06 time=07:08:09 devname=\"fw-1\" devid=\"FG\" tz=\"+0200\" type=x", 189},
      {"<30>device=\"SFW\" date=2020-05-18 time=14:38:48 timezone=\"CEST\" device_name=\"XG\"",
       "2020-05-18T14:38:48Z", "XG", "", "",
       "device=\"SFW\" date=2020-05-18 time=14:38:48 timezone=\"CEST\" device_name=\"XG\"", 30},
      {"<189>date=2024-05-06 devname=x", "", "", "", "", "date=2024-05-06 devname=x", 189, true},
      // loggen, logger, omrelp.
      {"<38>2026-11-23T19:16:27 localhost prg00000[1234]: seq: 1", "2026-11-23T19:16:27Z",
       "localhost", "prg00000", "1234", "seq: 1", 38},
      {"<13>2026-11-23T19:16:27.123456+00:00 vm app: x", "2026-11-23T19:16:27.123456Z", "vm", "app",
       "", "x"},
      // A tag in capitals is no zone.
      {"<13>Nov 23 19:15:32 CRON: x", "2026-11-23T19:15:32Z", "", "CRON", "", "x"},
      {"<13>Nov 23 19:15:32 ESX app: x", "2026-11-23T19:15:32Z", "ESX", "app", "", "x"},
  };
  for (const Row& row : rows) expect_row(row, context_at("2026-11-24T00:00:00Z"));
}

TEST(Syslog, Rfc5424) {
  struct Row5424 {
    std::string_view frame;
    std::string_view time;
    std::string_view host, app, pid, msg_id, structured_data, message;
    bool unparsed = false;
  };
  const Row5424 rows[] = {
      // The RFC's own, section 6.5.
      {"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF'su root'",
       "2003-10-11T22:14:15.003Z", "mymachine.example.com", "su", "", "ID47", "", "'su root'"},
      {"<34>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time.",
       "2003-08-24T12:14:15.000003Z", "192.0.2.1", "myproc", "8710", "", "", "%% It's time."},
      {"<34>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [exampleSDID@32473 iut=\"3\" "
       "eventSource=\"Application\" eventID=\"1011\"] An application",
       "2003-10-11T22:14:15.003Z", "h", "evntslog", "", "ID47",
       "[exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"]",
       "An application"},
      {"<34>1 2003-10-11T22:14:15.003Z h e - ID47 [a@1 iut=\"3\"][b@2 class=\"high\"]",
       "2003-10-11T22:14:15.003Z", "h", "e", "", "ID47", "[a@1 iut=\"3\"][b@2 class=\"high\"]", ""},
      // NILVALUE and short forms.
      {"<34>1 - - - - - -", "", "", "", "", "", "", ""},
      {"<34>1 - - - - - - x", "", "", "", "", "", "", "x"},
      {"<34>1 2003-10-11T22:14:15Z - - - - -  two spaces", "2003-10-11T22:14:15Z", "", "", "", "",
       "", "two spaces"},
      {"<34>12 2003-10-11T22:14:15Z h a p m - x", "2003-10-11T22:14:15Z", "h", "a", "p", "m", "",
       "x"},
      {"<34>1 2003-10-11T22:14:15 h a p m - no zone", "2003-10-11T22:14:15Z", "h", "a", "p", "m",
       "", "no zone"},
      {"<34>1 2003-02-30T22:14:15Z h a p m - no such day", "", "h", "a", "p", "m", "",
       "no such day"},
      // Structured data: escapes, an unescaped bracket in quotes, lenient spaces.
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x y="a\"b\\c\]d" z=""] t)", "2003-10-11T22:14:15Z",
       "h", "a", "p", "m", R"([x y="a\"b\\c\]d" z=""])", "t"},
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x y="]"] t)", "2003-10-11T22:14:15Z", "h", "a", "p",
       "m", R"([x y="]"])", "t"},
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x] t)", "2003-10-11T22:14:15Z", "h", "a", "p", "m",
       "[x]", "t"},
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x  y="1" ] t)", "2003-10-11T22:14:15Z", "h", "a", "p",
       "m", R"([x  y="1" ])", "t"},
      // Bad structured data: the message is the rest.
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x y="1" t)", "2003-10-11T22:14:15Z", "h", "a", "p",
       "m", "", R"([x y="1" t)", true},
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x y=1] t)", "2003-10-11T22:14:15Z", "h", "a", "p",
       "m", "", R"([x y=1] t)", true},
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [] t)", "2003-10-11T22:14:15Z", "h", "a", "p", "m", "",
       "[] t", true},
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x]t)", "2003-10-11T22:14:15Z", "h", "a", "p", "m", "",
       "[x]t", true},
      {R"(<34>1 2003-10-11T22:14:15Z h a p m [x y="1\)", "2003-10-11T22:14:15Z", "h", "a", "p", "m",
       "", R"([x y="1\)", true},
      {"<34>1 2003-10-11T22:14:15Z h a p m text", "2003-10-11T22:14:15Z", "h", "a", "p", "m", "",
       "text", true},
      {"<34>1 2003-10-11T22:14:15Z h a", "2003-10-11T22:14:15Z", "h", "a", "", "", "", "", true},
  };
  for (const Row5424& row : rows) {
    const Parsed p(row.frame, context_at("2026-11-24T00:00:00Z"));
    const SyslogHeader& h = p.header;
    EXPECT_EQ(h.priority, 34) << row.frame;
    EXPECT_TRUE(h.has_priority) << row.frame;
    EXPECT_EQ(p.time(), row.time) << row.frame;
    EXPECT_EQ(h.hostname, row.host) << row.frame;
    EXPECT_EQ(h.app_name, row.app) << row.frame;
    EXPECT_EQ(h.proc_id, row.pid) << row.frame;
    EXPECT_EQ(h.msg_id, row.msg_id) << row.frame;
    EXPECT_EQ(h.structured_data, row.structured_data) << row.frame;
    EXPECT_EQ(h.message, row.message) << row.frame;
    EXPECT_EQ(h.unparsed, row.unparsed) << row.frame;
    EXPECT_FALSE(h.year_guessed) << row.frame;
  }
  // Without a priority too; a lone NILVALUE then proves nothing.
  expect_row({"1 2003-10-11T22:14:15Z h a 1 - - x", "2003-10-11T22:14:15Z", "h", "a", "1", "x"},
             context_at("2026-11-24T00:00:00Z"));
  expect_row({"1 - x", "", "", "", "", "1 - x", 13, true}, context_at("2026-11-24T00:00:00Z"));
}

TEST(Syslog, Year) {
  struct YearRow {
    std::string_view received;
    std::string_view stamp;
    std::string_view time;
    std::string_view zone = "";
  };
  const YearRow rows[] = {
      {"2026-11-24T00:00:00Z", "Nov 24 00:00:00", "2026-11-24T00:00:00Z"},
      {"2026-11-24T00:00:00Z", "Nov 25 00:00:00", "2026-11-25T00:00:00Z"},
      {"2026-11-24T00:00:00Z", "Nov 25 00:00:01", "2025-11-25T00:00:01Z"},
      {"2026-11-24T00:00:00.5Z", "Nov 25 00:00:00.5", "2026-11-25T00:00:00.5Z"},
      {"2026-11-24T00:00:00.5Z", "Nov 25 00:00:00.500000001", "2025-11-25T00:00:00.500000001Z"},
      // New year, from both sides.
      {"2027-01-01T00:00:05Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"},
      {"2026-12-31T23:59:55Z", "Jan  1 00:00:00", "2027-01-01T00:00:00Z"},
      {"2026-12-30T23:59:55Z", "Jan  1 00:00:00", "2026-01-01T00:00:00Z"},
      // Leap days.
      {"2028-02-29T12:00:00Z", "Feb 29 11:00:00", "2028-02-29T11:00:00Z"},
      {"2028-02-28T12:00:00Z", "Feb 29 11:00:00", "2028-02-29T11:00:00Z"},
      {"2028-02-28T10:00:00Z", "Feb 29 11:00:00", "2024-02-29T11:00:00Z"},
      {"2027-06-01T00:00:00Z", "Feb 29 11:00:00", "2024-02-29T11:00:00Z"},
      {"2103-06-01T00:00:00Z", "Feb 29 11:00:00", "2096-02-29T11:00:00Z"},
      // The source's zone decides.
      {"2026-12-30T16:00:00Z", "Jan  1 00:00:00", "2026-12-31T15:00:00Z", "Asia/Tokyo"},
      {"2026-12-30T14:00:00Z", "Jan  1 00:00:00", "2025-12-31T15:00:00Z", "Asia/Tokyo"},
      {"2027-01-01T04:00:00Z", "Dec 31 22:59:59", "2027-01-01T03:59:59Z", "America/New_York"},
      {"2026-07-01T00:00:00Z", "Jun 30 12:00:00", "2026-06-30T10:00:00Z", "Europe/Berlin"},
  };
  for (const YearRow& row : rows) {
    SyslogContext context = context_at(row.received);
    if (!row.zone.empty()) context.zone = date::locate_zone(row.zone);
    const Parsed p("<13>" + std::string(row.stamp) + " h a: x", context);
    EXPECT_EQ(p.time(), row.time) << row.received << " " << row.stamp;
    EXPECT_TRUE(p.header.year_guessed);
  }
  // A given year overrides the guess, not the record.
  SyslogContext context = context_at("2026-11-24T00:00:00Z");
  context.year = 2017;
  EXPECT_EQ(Parsed("Mar 27 13:06:56 h a: x", context).time(), "2017-03-27T13:06:56Z");
  EXPECT_FALSE(Parsed("Mar 27 13:06:56 h a: x", context).header.year_guessed);
  EXPECT_EQ(Parsed("Mar 27 2018 13:06:56 h a: x", context).time(), "2018-03-27T13:06:56Z");
  EXPECT_EQ(Parsed("Feb 29 13:06:56 h a: x", context).time(), "");
  EXPECT_EQ(Parsed("Feb 29 13:06:56 h a: x", context).header.message, "x");
  // At the ends of time nothing overflows.
  EXPECT_FALSE(Parsed("Mar 27 13:06:56 h a: x", {kTimeMin, {}, nullptr}).header.has_time);
  EXPECT_TRUE(Parsed("Mar 27 13:06:56 h a: x", {kTimeMax, {}, nullptr}).header.has_time);
}

TEST(Syslog, Zone) {
  SyslogContext context = context_at("2026-11-24T00:00:00Z");
  context.zone = date::locate_zone("Europe/Berlin");
  const auto time = [&](std::string_view stamp) {
    return Parsed("<13>" + std::string(stamp) + " h a: x", context).time();
  };
  EXPECT_EQ(time("2026-01-15T12:00:00"), "2026-01-15T11:00:00Z");
  EXPECT_EQ(time("2026-07-15T12:00:00"), "2026-07-15T10:00:00Z");
  EXPECT_EQ(time("2026-07-15T12:00:00Z"), "2026-07-15T12:00:00Z");
  EXPECT_EQ(time("Jul 15 12:00:00"), "2026-07-15T10:00:00Z");
  EXPECT_EQ(time("Jul 15 12:00:00 UTC"), "2026-07-15T12:00:00Z");
  // 02:30 comes twice on 25 October: the first one. It is skipped on 29 March: 03:30.
  EXPECT_EQ(time("2026-10-25T02:30:00"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(time("2026-10-25T03:00:00"), "2026-10-25T02:00:00Z");
  EXPECT_EQ(time("2026-03-29T02:30:00"), "2026-03-29T01:30:00Z");
  EXPECT_EQ(time("2026-03-29T03:30:00"), "2026-03-29T01:30:00Z");
}

// Whatever was read before with the same memo, in whatever context: nothing differs.
TEST(Syslog, AMemoChangesNothing) {
  const std::string_view texts[] = {"Nov  2 10:00:00 host app: x",
                                    "Nov  2 10:00:00 host2 app: x",
                                    "Nov  2 10:00:00 Host app: x",
                                    "Nov  2 10:00:01 host app: x",
                                    "Nov 12 10:00:00 host app: x",
                                    "Oct  2 10:00:00 host app: x",
                                    "Nov  2 10:00:00 2019 host x",
                                    "Nov  2 10:00:00 UTC: %A-1-B:",
                                    "Nov  2 10:00:00: host app: x",
                                    "Nov  2 10:00:00  host app: x",
                                    "Nov  2 10:00:00 ",
                                    "Nov  2 10:00:00",
                                    "Feb 29 10:00:00 host app: x",
                                    "Feb 30 10:00:00 host app: x",
                                    "Nov  2 1:00:00  host app: x",
                                    "*Nov 2 10:00:00 host app: x"};
  std::vector<SyslogContext> contexts{context_at("2026-11-24T00:00:00Z"),
                                      context_at("2025-06-01T00:00:00Z")};
  contexts.push_back(contexts[0]);
  contexts.back().year = 2017;
  contexts.push_back(contexts[0]);
  contexts.back().zone = date::locate_zone("Asia/Tokyo");
  BsdMemo memo;
  const auto compare = [&memo](std::string_view text, SyslogContext context) {
    const SyslogHeader without = parse_syslog(text, context);
    context.memo = &memo;
    const SyslogHeader with = parse_syslog(text, context);
    EXPECT_EQ(with.has_time, without.has_time) << text;
    EXPECT_EQ(with.time, without.time) << text;
    EXPECT_EQ(with.year_guessed, without.year_guessed) << text;
    EXPECT_EQ(with.timestamp, without.timestamp) << text;
    EXPECT_EQ(with.hostname, without.hostname) << text;
    EXPECT_EQ(with.message, without.message) << text;
  };
  for (const std::string_view before : texts)
    for (const SyslogContext& context_before : contexts)
      for (const std::string_view text : texts)
        for (const SyslogContext& context : contexts) {
          compare(before, context_before);
          compare(text, context);
        }
}

TEST(Syslog, EveryPrefixOfARecordIsSafe) {
  for (const std::string_view frame :
       {R"(<34>1 2003-10-11T22:14:15.003Z h a p m [x y="a\"b\\c\]d" z=""][q] text)",
        "<189>29: foo: *Apr 29 2024 13:58:40.411 GMT: %SYS-5-CONFIG_I: Configured",
        "<13>Nov 23 19:15:32.25 +01:00 host app[12]: msg",
        "<30>device=\"SFW\" date=2020-05-18 time=14:38:48 tz=\"+0200\" device_name=\"XG\""}) {
    for (std::size_t size = 0; size <= frame.size(); ++size) {
      const Parsed p(frame.substr(0, size), context_at("2026-11-24T00:00:00Z"));
      EXPECT_LE(p.header.message.size(), size);
    }
  }
}

}  // namespace
}  // namespace vakt::parse
