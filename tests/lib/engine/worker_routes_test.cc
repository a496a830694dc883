// Log sources, fields and times of records as workers give them, with the shipped maps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "engine/pipeline.h"
#include "engine/worker.h"
#include "folder.h"

namespace vakt::engine {
namespace {

namespace fs = std::filesystem;

constexpr Time kNow = from_unix_seconds(1'800'000'000);

PipelineOptions shipped_options() {
  PipelineOptions options;
  options.decoder_paths = {VAKT_SOURCE_DIR "/rules/decoders"};
  options.field_map_paths = {VAKT_SOURCE_DIR "/rules/field_maps"};
  options.listeners = {ListenerSettings{}};
  return options;
}

std::shared_ptr<const Pipeline> load(const PipelineOptions& options) {
  Diagnostics diagnostics;
  auto pipeline = Pipeline::load(options, diagnostics);
  EXPECT_NE(pipeline, nullptr);
  return pipeline;
}

struct Added {
  event::Batch batch{1 << 20, 1};
  const event::Event& event() const { return batch.events().front(); }
};

void add(Added& out, Worker& worker, std::string_view frame,
         std::optional<event::RouteId> route = {}) {
  Origin origin;
  origin.peer = "test";
  origin.received = kNow;
  origin.route = route;
  worker.add(out.batch, frame, false, origin);
}

TEST(WorkerRoutes, TimesOfRecords) {
  const auto pipeline = load(shipped_options());
  Worker worker(pipeline);
  const Time at = from_unix_seconds(1'765'055'462);
  const std::vector<std::pair<const char*, Time>> rows{
      {R"({"Event":{"System":{"TimeCreated":{"#attributes":)"
       R"({"SystemTime":"2025-12-06T21:11:02Z"}},"EventID":1,"Channel":"System"}}})",
       at},
      {R"({"EventTime":"2025-12-06 21:11:02","EventID":1,"Channel":"System"})", at},
      {R"({"@timestamp":"2025-12-06T21:11:02Z","EventTime":"2020-01-01 00:00:00"})", at},
      {R"({"eventTime":"2025-12-06T21:11:02Z","eventName":"x"})", at},
      {R"({"message":"<38>1 2025-12-06T21:11:02Z h su - - - x","time":"2020-01-01T00:00:00Z"})",
       at},
      {R"({"EventTime":"nonsense"})", kNow},
      {R"({"x":1})", kNow}};
  for (const auto& [frame, expected] : rows) {
    Added added;
    add(added, worker, frame);
    EXPECT_EQ(added.event().event_time, expected) << frame;
    EXPECT_EQ((added.event().flags & event::kTimeSuspect) != 0, expected == kNow) << frame;
  }
}

TEST(WorkerRoutes, LabelsGivenWithTheRecordCount) {
  const auto pipeline = load(shipped_options());
  Worker worker(pipeline);
  const std::string_view frame =
      R"({"Channel":"Security","EventID":4688,"NewProcessName":"a","SourceName":"s"})";
  const auto has = [&](const Added& added, const char* name) {
    return added.batch.find(added.event(), pipeline->names.find(name)) != nullptr;
  };
  Added content;
  add(content, worker, frame);
  EXPECT_TRUE(pipeline->routes.applies(content.event().route, {"windows", "", "security"}));
  EXPECT_TRUE(has(content, "Image"));
  EXPECT_TRUE(has(content, "Provider_Name"));
  Added given;
  add(given, worker, frame, event::RouteId{0});
  EXPECT_EQ(given.event().route, 0u);
  EXPECT_FALSE(has(given, "Image"));
  EXPECT_FALSE(has(given, "Provider_Name"));
}

TEST(WorkerRoutes, DecodersStillLabelWhatNoMapKnows) {
  const auto pipeline = load(shipped_options());
  Worker worker(pipeline);
  Added added;
  add(added, worker, "<38>Dec  6 21:11:02 h sshd[1]: Connection closed by 203.0.113.9 port 1");
  EXPECT_TRUE(pipeline->routes.applies(added.event().route, {"linux", "", "sshd"}));
}

TEST(WorkerRoutes, AccessLogsAreOfWebServers) {
  const auto pipeline = load(shipped_options());
  Worker worker(pipeline);
  Added added;
  add(added, worker,
      "192.0.2.1 - - [17/May/2015:10:05:03 +0200] \"GET /a?b HTTP/1.1\" 200 1 \"-\" \"curl\"");
  const event::Event& e = added.event();
  EXPECT_TRUE(pipeline->routes.applies(e.route, {"", "webserver", ""}));
  EXPECT_EQ(e.event_time, from_unix_seconds(1'431'849'903));
  EXPECT_EQ(e.flags & (event::kUnparsed | event::kTimeSuspect), 0);
  const std::vector<std::pair<const char*, const char*>> rows{
      {"source.ip", "192.0.2.1"}, {"cs-method", "GET"}, {"cs-uri-query", "/a?b"},
      {"cs-uri-stem", "/a"},      {"sc-status", "200"}, {"cs-user-agent", "curl"}};
  for (const auto& [name, value] : rows) {
    const event::Field* field = added.batch.find(e, pipeline->names.find(name));
    ASSERT_NE(field, nullptr) << name;
    EXPECT_EQ(field->text, value) << name;
  }
  // As a message of a syslog record it is what some program says.
  Added forged;
  add(forged, worker,
      "<38>Dec  6 21:11:02 h x: 192.0.2.1 - - [17/May/2015:10:05:03 +0200] \"GET / HTTP/1.1\" 200 "
      "1");
  EXPECT_FALSE(pipeline->routes.applies(forged.event().route, {"", "webserver", ""}));
}

TEST(WorkerRoutes, AuditRecordsAreOfAuditd) {
  PipelineOptions options = shipped_options();
  const auto pipeline = load(options);
  Worker worker(pipeline);
  const std::string record =
      "type=EXECVE msg=audit(1765055462.243:24287): argc=2 a0=\"id\" a1=2F7661722F6120";
  const std::vector<std::pair<std::string, bool>> rows{
      {record, true},
      {"node=h1 " + record, true},
      {"<38>Dec  6 21:11:02 h audispd: " + record, true},
      {"<38>Dec  6 21:11:02 h evil: " + record, false},
      // Whose structured data is broken is named all the same.
      {"<38>1 2025-12-06T21:11:02Z h evil - - [x " + record, false},
      {"<38>1 2025-12-06T21:11:02Z h evil - - " + record, false}};
  for (const auto& [frame, expected] : rows) {
    Added added;
    add(added, worker, frame);
    const event::Event& e = added.event();
    EXPECT_EQ(pipeline->routes.applies(e.route, {"linux", "", "auditd"}), expected) << frame;
    if (!expected) continue;
    EXPECT_EQ(e.event_time, from_unix_seconds(1'765'055'462) + std::chrono::milliseconds(243));
    EXPECT_EQ(e.flags & (event::kUnparsed | event::kTimeSuspect), 0) << frame;
    EXPECT_EQ(added.batch.find(e, pipeline->names.find("a0"))->text, "id");
  }
}

TEST(WorkerRoutes, SnareRecordsAreOfWindows) {
  PipelineOptions options = shipped_options();
  const test::Folder rules;
  options.rule_paths = {rules.write(
      "r.yml",
      "title: t\nlogsource: {product: windows}\ndetection:\n  s: {Image: a, CommandLine: b, "
      "SubjectUserName: c, ParentImage: d, ScriptBlockText: e, TargetUserName: f}\n"
      "  condition: s\n")};
  const auto pipeline = load(options);
  Worker worker(pipeline);
  const auto record = [](const std::string& channel, const std::string& id,
                         const std::string& text) {
    return "MSWinEventLog\t1\t" + channel + "\t9\tSat Dec 06 21:11:02 2025\t" + id +
           "\tP\teve\tUser\tSuccess Audit\tws1.acme.se\tC\t\t" + text + "\t9";
  };
  const std::string process = record(
      "Security", "4688",
      "A new process has been created.    Creator Subject:   Account Name:  eve    Target "
      "Subject:   Account Name:  -    Process Information:   New Process Name: C:\\a.exe   Creator "
      "Process Name: C:\\b.exe   Process Command Line: a  /c x");
  std::string escaped = process;
  for (std::size_t at = 0; (at = escaped.find('\t', at)) != std::string::npos;)
    escaped.replace(at, 1, "#011");
  struct Row {
    std::string frame, host;
    bool expected;
  };
  const std::vector<Row> rows{{"<14>Dec  6 22:00:00 ws1 " + process, "ws1", true},
                              {"<14>Dec  6 22:00:00 ws1 " + escaped, "ws1", true},
                              {"ws1\t" + process, "ws1.acme.se", true},
                              {process, "ws1.acme.se", true},
                              {"<14>Dec  6 22:00:00 ws1 evil: " + process, "ws1", false},
                              {"<14>Dec  6 22:00:00 ws1 x " + process, "ws1", false}};
  for (const auto& [frame, host, expected] : rows) {
    Added added;
    add(added, worker, frame);
    const event::Event& e = added.event();
    EXPECT_EQ(pipeline->routes.applies(e.route, {"windows", "process_creation", ""}), expected)
        << frame;
    EXPECT_EQ(added.batch.find(e, event::kHostName)->text, host) << frame;
    if (!expected) continue;
    EXPECT_EQ(e.event_time, from_unix_seconds(1'765'055'462)) << frame;
    EXPECT_EQ(e.flags & (event::kUnparsed | event::kTimeSuspect), 0) << frame;
    const auto text = [&](const char* name) {
      const event::Field* f = added.batch.find(e, pipeline->names.find(name));
      return f == nullptr ? std::string("(none)") : std::string(f->text);
    };
    EXPECT_EQ(text("Image"), "C:\\a.exe");
    EXPECT_EQ(text("ParentImage"), "C:\\b.exe");
    EXPECT_EQ(text("CommandLine"), "a  /c x");
    EXPECT_EQ(text("SubjectUserName"), "eve");
    EXPECT_EQ(text("TargetUserName"), "-");
  }
  Added sysmon;
  add(sysmon, worker,
      record("Microsoft-Windows-Sysmon/Operational", "1",
             "Process Create:  RuleName: -  Image: C:\\c.exe  CommandLine: c.exe a: b"));
  EXPECT_TRUE(
      pipeline->routes.applies(sysmon.event().route, {"windows", "process_creation", "sysmon"}));
  EXPECT_EQ(sysmon.batch.find(sysmon.event(), pipeline->names.find("CommandLine"))->text,
            "c.exe a: b");
}

fs::path data() {
  const char* given = std::getenv("VAKT_TEST_DATA");
  return (given != nullptr ? fs::path(given)
                           : fs::path(VAKT_SOURCE_DIR) / ".." / "shared" / "data") /
         "sigma";
}

// The text of a member, up to its closing brace or quote. The lines are ours to trust.
std::string_view member(std::string_view line, std::string_view key) {
  std::size_t at = line.find("\"" + std::string(key) + "\": ");
  if (at == std::string_view::npos) return {};
  at += key.size() + 4;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = at; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\') ++i;
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '{' || c == '[')) ++depth;
    if (!quoted && (c == '}' || c == ']') && depth > 0) --depth;
    if (!quoted && depth == 0 && (c == '}' || c == '"')) return line.substr(at, i + 1 - at);
  }
  return {};
}

// Real Windows events and rules that match them: each event gets to its rule by its content alone.
TEST(WorkerRoutes, PublicCasesReachTheirRules) {
  if (!fs::exists(data() / "cases_public.jsonl.zst"))
    GTEST_SKIP() << "no public cases in " << data() << " (set VAKT_TEST_DATA)";
  const test::Folder whole;
  const std::string& folder = whole.path;
  const std::string command = "tar --zstd -xf '" + (data() / "sigma-rules.tar.zst").string() +
                              "' -C '" + folder + "' --strip-components=1 && zstd -dqo '" + folder +
                              "/cases' '" + (data() / "cases_public.jsonl.zst").string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  PipelineOptions options = shipped_options();
  Diagnostics ignored;
  std::vector<std::string> paths;
  for (const char* name : {"rules", "rules-emerging-threats", "rules-threat-hunting"})
    paths.push_back(folder + "/" + name);
  std::map<std::string, event::LogSource> logsource_of;
  for (const rule::Rule& rule : rule::load(paths, ignored).rules)
    logsource_of['"' + rule.meta.id + '"'] = rule.logsource;
  const auto pipeline = load(options);
  Worker worker(pipeline);
  std::ifstream in(folder + "/cases");
  std::size_t cases = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.find("\"logsource\": null") == std::string::npos ||
        line.find("\"expect\": true") == std::string::npos)
      continue;
    const auto rule = logsource_of.find(std::string(member(line, "rule_id")));
    if (rule == logsource_of.end()) continue;  // refused: not for its log source
    Added added;
    add(added, worker, member(line, "event"));
    EXPECT_TRUE(pipeline->routes.applies(added.event().route, rule->second)) << line;
    ++cases;
  }
  EXPECT_GT(cases, 400u);
}

}  // namespace
}  // namespace vakt::engine
