// Routing and naming of records by the shipped field maps: each family, each shape.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/normalise/counted_new.h"
#include "lib/normalise/field_map_fixture.h"

namespace vakt::normalise {
namespace {

const LoadedMaps& shipped() {
  static const auto loaded = LoadedMaps::shipped({"Image",
                                                  "CommandLine",
                                                  "ParentImage",
                                                  "ParentCommandLine",
                                                  "OriginalFileName",
                                                  "User",
                                                  "TargetFilename",
                                                  "TargetObject",
                                                  "QueryName",
                                                  "DestinationIp",
                                                  "DestinationPort",
                                                  "Initiated",
                                                  "Hashes",
                                                  "Data",
                                                  "ThreatName",
                                                  "Computer",
                                                  "process.executable",
                                                  "Payload",
                                                  "SourceImage",
                                                  "ImageLoaded",
                                                  "PipeName",
                                                  "SubjectUserName",
                                                  "SourceName"});
  return *loaded;
}

TEST(FieldMaps, ShippedMapsLoad) { EXPECT_EQ(shipped().complaints(), ""); }

struct WindowsRoute {
  const char* channel;
  const char* event_ids;  // separated by spaces
  event::LogSource label;
  const char* data = "";  // more of EventData
};

const std::string kSysmon = "Microsoft-Windows-Sysmon/Operational";

std::vector<WindowsRoute> sysmon_routes() {
  const char* sysmon = kSysmon.c_str();
  const auto of = [](const char* category) {
    return event::LogSource{"windows", category, "sysmon"};
  };
  return {{sysmon, "1", of("process_creation")},
          {sysmon, "2", of("file_change")},
          {sysmon, "3", of("network_connection")},
          {sysmon, "4 16", of("sysmon_status")},
          {sysmon, "5", of("process_termination")},
          {sysmon, "6", of("driver_load")},
          {sysmon, "7", of("image_load")},
          {sysmon, "8", of("create_remote_thread")},
          {sysmon, "9", of("raw_access_thread")},
          {sysmon, "10", of("process_access")},
          {sysmon, "11", of("file_event")},
          {sysmon, "12 13 14", of("registry_event")},
          {sysmon, "12", of("registry_add"), R"("EventType":"CreateKey")"},
          {sysmon, "12", of("registry_delete"), R"("EventType":"DeleteKey")"},
          {sysmon, "12", of("registry_delete"), R"("EventType":"DeleteValue")"},
          {sysmon, "13", of("registry_set")},
          {sysmon, "14", of("registry_rename")},
          {sysmon, "15", of("create_stream_hash")},
          {sysmon, "17 18", of("pipe_created")},
          {sysmon, "19 20 21", of("wmi_event")},
          {sysmon, "22", of("dns_query")},
          {sysmon, "23", of("file_delete")},
          {sysmon, "24", of("clipboard_change")},
          {sysmon, "25", of("process_tampering")},
          {sysmon, "26", of("file_delete_detected")},
          {sysmon, "27", of("file_block_executable")},
          {sysmon, "28", of("file_block_shredding")},
          {sysmon, "29", of("file_executable_detected")},
          {sysmon, "255", of("sysmon_error")}};
}

std::vector<WindowsRoute> windows_routes() {
  auto out = sysmon_routes();
  const std::vector<WindowsRoute> others{
      {"security", "4688", {"windows", "process_creation", "security"}},
      {"SECURITY", "1102", {"windows", "", "security"}},
      {"Microsoft-Windows-PowerShell/Operational", "4103", {"windows", "ps_module", "powershell"}},
      {"PowerShellCore/Operational", "4104", {"windows", "ps_script", "powershell"}},
      {"Windows PowerShell", "400", {"windows", "ps_classic_start", "powershell-classic"}},
      {"Windows PowerShell", "600", {"windows", "ps_classic_provider_start", "powershell-classic"}},
      {"Windows PowerShell", "800", {"windows", "ps_classic_script", "powershell-classic"}},
      {"Microsoft-Windows-Windows Defender/Operational",
       "1006 1007 1008 1009 1010 1011 1012 1017 1018 1019 1115 1116",
       {"windows", "antivirus", "windefend"}},
      {"Microsoft-Windows-Windows Defender/Operational", "5007", {"windows", "", "windefend"}},
      {"Application", "1", {"windows", "", "application"}},
      {"System", "7045", {"windows", "", "system"}},
      {"Microsoft-Windows-AppLocker/EXE and DLL", "8004", {"windows", "", "applocker"}},
      {"DNS Server", "150", {"windows", "", "dns-server"}},
      {"Microsoft-ServiceBus-Client/Admin", "1", {"windows", "", "microsoft-servicebus-client"}},
      {"Somebody's own", "1", {"windows", "", ""}}};
  out.insert(out.end(), others.begin(), others.end());
  return out;
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

TEST(FieldMaps, EveryWindowsRouteInEveryShape) {
  for (const WindowsRoute& row : windows_routes()) {
    for (const std::string& id : words(row.event_ids)) {
      const std::string data = row.data;
      const std::string more = data.empty() ? "" : "," + data;
      const std::vector<std::string> shapes{
          fmt::format(R"({{"Event":{{"System":{{"EventID":{},"Channel":"{}"}},)"
                      R"("EventData":{{{}}}}}}})",
                      id, row.channel, data),
          fmt::format(R"({{"Event":{{"System":{{"EventID":{{"#attributes":{{"Qualifiers":0}},)"
                      R"("#text":{}}},"Channel":"{}"}},"EventData":{{{}}}}}}})",
                      id, row.channel, data),
          fmt::format(R"({{"EventID":"{}","Channel":"{}"{}}})", id, row.channel, more),
          fmt::format(R"({{"event":{{"code":"{}"}},"winlog":{{"channel":"{}",)"
                      R"("event_data":{{{}}}}}}})",
                      id, row.channel, data),
          fmt::format(R"({{"winlog":{{"event_id":{},"channel":"{}","event_data":{{{}}}}}}})", id,
                      row.channel, data)};
      for (const std::string& shape : shapes) {
        const Mapped mapped = map_record(shipped(), shape);
        EXPECT_TRUE(mapped.is(row.label)) << shape << " is " << mapped.shown();
        EXPECT_TRUE(mapped.is({"windows", "", ""})) << shape;
      }
    }
  }
}

struct Row {
  const char* record;
  std::vector<event::LogSource> labels;
  std::vector<std::string> fields;  // among others
  std::vector<std::string> absent;  // names
};

TEST(FieldMaps, Fields) {
  const std::vector<Row> rows{
      {R"({"Channel":"Security","EventID":4688,"NewProcessName":"a","ParentProcessName":"b",)"
       R"("CommandLine":"c"})",
       {{"windows", "process_creation", ""}},
       {"Image=a", "ParentImage=b", "CommandLine=c", "NewProcessName=a"},
       {}},
      // What the record has under the name itself is kept.
      {R"({"Channel":"Security","EventID":4688,"NewProcessName":"a","Image":"b"})",
       {{"windows", "process_creation", ""}},
       {"Image=b"},
       {"Image=a"}},
      // Another event of the same channel is not renamed.
      {R"({"Channel":"Security","EventID":4689,"NewProcessName":"a"})",
       {{"windows", "", "security"}},
       {},
       {"Image=a"}},
      {R"({"Event":{"System":{"Channel":"Microsoft-Windows-Windows Defender/Operational",)"
       R"("EventID":1116},"EventData":{"Threat Name":"t","Path":"p"}}})",
       {{"", "antivirus", ""}},
       {"ThreatName=t", "Signature=t", "Filename=p"},
       {}},
      {R"({"Event":{"System":{"Channel":"Security","EventID":1102},)"
       R"("UserData":{"LogFileCleared":{"SubjectUserName":"eve"}}}})",
       {{"windows", "", "security"}},
       {"SubjectUserName=eve"},
       {}},
      {R"({"Event":{"System":{"Channel":"Application","EventID":{"#text":1}},)"
       R"("EventData":{"Data":{"#text":["a","b"]}}}})",
       {{"windows", "", "application"}},
       {"Data=a", "Data=b"},
       {}},
      {R"({"SourceName":"Microsoft-Windows-Sysmon","EventID":1,"Image":"x"})",
       {{"windows", "process_creation", "sysmon"}},
       {"Provider_Name=Microsoft-Windows-Sysmon", "SourceName=Microsoft-Windows-Sysmon"},
       {}},
      {R"({"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":1},"process":)"
       R"({"executable":"e","command_line":"c","parent":{"executable":"p","command_line":"q"},)"
       R"("pe":{"original_file_name":"o","imphash":"1f"},"hash":{"md5":"2f"}},)"
       R"("user":{"domain":"D","name":"n"}})",
       {{"windows", "process_creation", "sysmon"}},
       {"Image=e", "process.executable=e", "CommandLine=c", "ParentImage=p", "ParentCommandLine=q",
        "OriginalFileName=o", "User=D\\n", "Hashes=MD5=2f", "Hashes=IMPHASH=1f"},
       {"User=n"}},
      {R"({"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":3},)"
       R"("network":{"direction":"Ingress"},"destination":{"ip":"203.0.113.9","port":443}})",
       {{"windows", "network_connection", ""}},
       {"Initiated=false", "DestinationIp=203.0.113.9", "DestinationPort=443"},
       {}},
      {R"({"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":7},)"
       R"("file":{"path":"C:\\x.dll"}})",
       {{"windows", "image_load", ""}},
       {"ImageLoaded=C:\\x.dll"},
       {}},
      {R"({"Channel":"Linux-Sysmon/Operational","EventID":1,"Image":"/bin/id"})",
       {{"linux", "process_creation", ""}},
       {"Image=/bin/id"},
       {}},
  };
  for (const Row& row : rows) {
    const Mapped mapped = map_record(shipped(), row.record);
    for (const auto& label : row.labels) EXPECT_TRUE(mapped.is(label)) << row.record;
    for (const std::string& field : row.fields)
      EXPECT_EQ(mapped.fields.count(field), 1u) << field << " in " << mapped.shown();
    for (const std::string& field : row.absent)
      EXPECT_EQ(mapped.fields.count(field), 0u) << field << " in " << mapped.shown();
  }
}

TEST(FieldMaps, WhatNoMapKnowsIsLeftAlone) {
  for (const char* record :
       {"{}", R"({"message":"x","process":{"name":"sshd"}})", R"({"Channel":"Security"})",
        R"({"EventID":4688})", R"({"Channel":null,"EventID":4688})", R"({"type":"EXECVE"})",
        R"({"eventSource":"evil.example","eventName":"x","awsRegion":"y"})"}) {
    const Mapped mapped = map_record(shipped(), record);
    EXPECT_FALSE(mapped.applied) << record;
    EXPECT_TRUE(mapped.labels.empty()) << record;
  }
}

TEST(FieldMaps, TheListenersLabelStays) {
  const auto loaded = LoadedMaps::shipped({}, {{"acme", "", "gateway"}});
  const Mapped mapped = map_record(*loaded, R"({"Channel":"System","EventID":1})");
  EXPECT_TRUE(mapped.is({"acme", "", "gateway"}));
  EXPECT_TRUE(mapped.is({"windows", "", "system"}));
}

// Ten thousand names that nobody knows neither become fields nor make the next record dearer.
TEST(FieldMaps, UnknownNamesLeaveNothingBehind) {
  const std::size_t names_before = shipped().names.size();
  for (int block = 0; block < 10; ++block) {
    std::string record = R"({"Event":{"System":{"Channel":"Security","EventID":1},"UserData":{)";
    for (int i = 0; i < 1000; ++i) {
      const int n = block * 1000 + i;
      record += fmt::format(R"({}"n {} {}":{{"x {}":1}})", i == 0 ? "" : ",", n, n % 7, n);
    }
    record += "}}}";
    const Mapped mapped = map_record(shipped(), record);
    EXPECT_EQ(mapped.fields.size(), 2u) << mapped.shown();
  }
  EXPECT_EQ(shipped().names.size(), names_before);
}

TEST(FieldMaps, NamesLongerThanAnyBoundAreUnknown) {
  const std::string name(3000, ' ');
  const Mapped mapped =
      map_record(shipped(), R"({"Event":{"UserData":{")" + name + R"(":{"Image":"x"}}}})");
  EXPECT_TRUE(mapped.fields.empty());
}

TEST(FieldMaps, ApplyingAllocatesNothingAfterWarmUp) {
  const std::string record =
      R"({"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":3},)"
      R"("process":{"executable":"e"},"user":{"domain":"D","name":"n"},)"
      R"("network":{"direction":"egress"},"Unknown Name":1})";
  parse::JsonParser json(1 << 16);
  event::Batch batch(1 << 16, 100);
  const auto pass = [&] {
    batch.clear();
    for (int i = 0; i < 50; ++i) {
      batch.add(record);
      ASSERT_EQ(json.parse(batch, shipped().names, false), parse::JsonError::none);
      ASSERT_TRUE(shipped().maps->apply(batch, 0));
    }
  };
  pass();
  pass();
  const std::size_t before = allocations();
  pass();
  EXPECT_EQ(allocations(), before);
}

TEST(FieldMaps, TimeOfARecord) {
  const std::vector<std::pair<const char*, const char*>> rows{
      {R"({"Event":{"System":{"TimeCreated":{"#attributes":{"SystemTime":"a"}}},)"
       R"("EventData":{"UtcTime":"b"}}})",
       "a"},
      {R"({"UtcTime":"b","EventReceivedTime":"d","EventTime":"c"})", "c"},
      {R"({"eventTime":"e"})", "e"},
      {R"({"ts":1704067200.5,"_path":"dns"})", "1704067200.5"},
      {R"({"EventTime":null,"ts":{"a":1}})", ""}};
  for (const auto& [record, expected] : rows) {
    parse::JsonParser json(4096);
    event::Batch batch(4096, 1);
    batch.add(record);
    ASSERT_EQ(json.parse(batch, shipped().names, false), parse::JsonError::none);
    const event::Field* time = shipped().maps->time_of(batch);
    EXPECT_EQ(time == nullptr ? "" : time->text, expected) << record;
  }
}

}  // namespace
}  // namespace vakt::normalise
