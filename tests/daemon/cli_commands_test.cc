// The command line as people and scripts use it: output, exit status, help.

#include <gtest/gtest.h>

#include <fstream>

#include "cli/line_map.h"
#include "cli/output.h"
#include "config/config.h"
#include "daemon/api_rig.h"
#include "daemon/cli_rig.h"

namespace vakt::cli {
namespace {

const std::string kRules = VAKT_SOURCE_DIR "/rules/linux";
const std::string kDecoders = VAKT_SOURCE_DIR "/rules/decoders";

std::string failures(int first_minute, int count, const std::string& address) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += "Mar  2 10:" + std::to_string(first_minute) + ":" + std::to_string(10 + i) +
           " web1 sshd[7]: Failed password for root from " + address + " port 4022 ssh2\n";
  return out;
}

TEST(CliCommands, EveryCommandTeaches) {
  const std::vector<std::vector<std::string>> commands{{},
                                                       {"serve"},
                                                       {"check"},
                                                       {"replay"},
                                                       {"rules", "test"},
                                                       {"rules", "match"},
                                                       {"rules", "check"},
                                                       {"rules", "reload"},
                                                       {"incidents"},
                                                       {"incidents", "list"},
                                                       {"incidents", "show"},
                                                       {"incidents", "ack"},
                                                       {"incidents", "close"},
                                                       {"incidents", "note"},
                                                       {"users"},
                                                       {"users", "list"},
                                                       {"users", "add"},
                                                       {"users", "set-roles"},
                                                       {"users", "password"},
                                                       {"users", "disable"},
                                                       {"users", "enable"},
                                                       {"tokens"},
                                                       {"tokens", "list"},
                                                       {"tokens", "issue"},
                                                       {"tokens", "revoke"},
                                                       {"whoami"}};
  for (auto words : commands) {
    words.push_back("--help");
    const Ran ran = run_line(words);
    SCOPED_TRACE(words.front());
    EXPECT_EQ(ran.status, kOk);
    EXPECT_NE(ran.out.find("Example"), std::string::npos) << ran.out;
    EXPECT_EQ(ran.err, "");
  }
}

TEST(CliCommands, RulesReloadSaysWhatChangedOrWhyNothingDid) {
  api::Rig rig;
  const Folder folder;
  const std::string token = folder.write("token", std::string(api::kToken) + "\n");
  const std::vector<std::string> words{"rules",   "reload",       "--url",
                                       rig.url(), "--token-file", token};
  Ran ran = run_line(words);
  EXPECT_EQ(ran.status, kOk);
  EXPECT_EQ(ran.out, "7 rules and 0 correlations in use: 0 added, 1 changed, 0 removed\n");
  rig.rules_are_good = false;
  ran = run_line(words);
  EXPECT_EQ(ran.status, kCheckFailed);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("vakt rules reload: 1 new error\n"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find(".yml:3:5: error: no condition (add one)\n"), std::string::npos)
      << ran.err;
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos) << "a file's name reached the terminal";
}

TEST(CliCommands, ExitStatus) {
  struct Row {
    std::vector<std::string> words;
    int status;
    std::string err;
  };
  const std::vector<Row> rows{
      {{}, kUsage, "subcommand"},
      {{"dance"}, kUsage, "subcommand"},
      {{"replay"}, kUsage, "files"},
      {{"replay", "--format", "odd", "x"}, kUsage, "--format"},
      {{"replay", "--rules", kRules, "--decoders", kDecoders, "/nowhere/x.log"},
       kError,
       "/nowhere/x.log"},
      {{"replay", "--zone", "Mars/Olympus", "/dev/null"}, kError, "Mars/Olympus"},
      {{"rules", "test", "/nowhere"}, kNotFoundOrConflict, "/nowhere"},
      {{"check", "--config", "/nowhere.yaml"}, kCheckFailed, "/nowhere.yaml"},
      {{"incidents", "list", "--url", "http://127.0.0.1:1"}, kError, "vakt serve"},
      {{"incidents", "list", "--url", "https://x"}, kError, "plain HTTP"},
      {{"incidents", "list", "--url", "nonsense"}, kError, "http://127.0.0.1:8740"},
      {{"incidents", "close", "1"}, kUsage, "--disposition"},
      {{"version"}, kOk, ""},
  };
  for (const Row& row : rows) {
    const Ran ran = run_line(row.words);
    SCOPED_TRACE(row.words.empty() ? "nothing" : row.words.back());
    EXPECT_EQ(ran.status, row.status) << ran.err;
    EXPECT_NE(ran.err.find(row.err), std::string::npos) << ran.err;
    EXPECT_EQ(ran.out.empty(), row.status != kOk && row.status != kCheckFailed) << ran.out;
  }
}

// The first block of YAML below `heading`.
std::string readme_yaml(const std::string& heading) {
  std::ifstream readme(VAKT_SOURCE_DIR "/README.md");
  std::string yaml;
  bool below = false;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (inside && line == "```") break;
    if (inside) yaml += line + "\n";
    below = below || line == heading;
    inside = inside || (below && line == "```yaml");
  }
  return yaml;
}

TEST(CliCommands, TheReadmesFilterLoads) {
  const Folder folder;
  folder.write("filter.yml", readme_yaml("## Rules"));
  const Ran ran = run_line({"check", "--rules", kRules, "--rules", folder.path});
  EXPECT_EQ(ran.status, kOk) << ran.err;
}

TEST(CliCommands, TheReadmesConfigurationIsValid) {
  const std::string yaml = readme_yaml("## Configuration");
  Diagnostics diagnostics;
  const auto parsed =
      config::parse(yaml, "README.md", config::Environment::of_process(), diagnostics);
  for (const Diagnostic& d : diagnostics) ADD_FAILURE() << to_string(d);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->listeners.size(), 3u);
}

TEST(CliCommands, CheckPassesTheShippedRules) {
  const Ran ran = run_line({"check"});
  EXPECT_EQ(ran.status, kOk) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("ok: ")) << ran.out;
}

TEST(CliCommands, CheckNamesThePlace) {
  const Folder folder;
  folder.write("bad.yml", "title: x\nlogsource:\n  product: linux\ndetection:\n  condition: a\n");
  const Ran ran = run_line({"check", "--rules", folder.path});
  EXPECT_EQ(ran.status, kCheckFailed);
  EXPECT_NE(ran.err.find("bad.yml:"), std::string::npos) << ran.err;
  const Ran json = run_line({"check", "--rules", folder.path, "--json"});
  EXPECT_EQ(json.status, kCheckFailed);
  EXPECT_NE(json.out.find("\"ok\":false"), std::string::npos) << json.out;
}

TEST(CliCommands, ReplayFindsTheLine) {
  const Folder folder;
  const std::string log =
      folder.write("auth.log", "\nMar  2 09:59:00 web1 CRON[1]: nothing\n\n\r\n" +
                                   failures(10, 12, "203.0.113.9"));
  const std::vector<std::string> base{"replay",  "--rules", kRules, "--decoders",
                                      kDecoders, "--year",  "2026"};
  auto words = base;
  words.insert(words.end(), {"--json", log});
  const Ran json = run_line(words);
  ASSERT_EQ(json.status, kOk) << json.err;
  EXPECT_EQ(std::count(json.out.begin(), json.out.end(), '\n'), 1) << json.out;
  for (const std::string part :
       {"\"rule\":{\"id\":", "\"severity\":\"high\"", "\"group\":{\"source.ip\":\"203.0.113.9\"}",
        "\"first_event_time\":\"2026-03-02T10:10:10Z\"", "\"line\":14", "\"event_count\":12",
        "\"peak\":12"})
    EXPECT_NE(json.out.find(part), std::string::npos) << part << " in " << json.out;
  EXPECT_NE(json.err.find("13 events"), std::string::npos) << json.err;

  words = base;
  words.push_back(log);
  const Ran table = run_line(words);
  EXPECT_TRUE(table.out.starts_with("FIRST EVENT")) << table.out;
  EXPECT_NE(table.out.find("line 14"), std::string::npos) << table.out;
  EXPECT_EQ(table.out.find('\x1b'), std::string::npos);
}

TEST(CliCommands, ReplayMergesFilesByTime) {
  const Folder folder;
  // Alone neither reaches ten within five minutes.
  const std::string a = folder.write("a.log", failures(10, 6, "203.0.113.9"));
  const std::string b = folder.write("b.log", failures(11, 6, "203.0.113.9"));
  const Ran ran = run_line(
      {"replay", "--rules", kRules, "--decoders", kDecoders, "--year", "2026", "--json", b, a});
  ASSERT_EQ(ran.status, kOk) << ran.err;
  EXPECT_NE(ran.out.find("/b.log\",\"line\":4"), std::string::npos) << ran.out;
}

TEST(CliCommands, ReplayIntoAStoreOnce) {
  const Folder folder;
  const std::string log = folder.write("auth.log", failures(10, 12, "203.0.113.9"));
  const std::vector<std::string> words{
      "replay", "--rules", kRules,    "--decoders",           kDecoders,
      "--year", "2026",    "--store", folder.path + "/store", log};
  EXPECT_EQ(run_line(words).status, kOk);
  const Ran again = run_line(words);
  EXPECT_EQ(again.status, kError);
  EXPECT_NE(again.err.find("name an empty one"), std::string::npos) << again.err;
}

TEST(CliCommands, IncidentsAgainstTheApi) {
  const api::Rig rig;
  const Folder folder;
  const std::string token = folder.write("token", std::string(api::kToken) + "\n");
  const auto with_api = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "incidents");
    words.insert(words.end(), {"--url", rig.url(), "--token-file", token});
    return run_line(words);
  };
  const Ran list = with_api({"list"});
  EXPECT_EQ(list.status, kOk);
  EXPECT_TRUE(list.out.starts_with("NAME   SEVERITY  STATE  FIRST EVENT")) << list.out;
  EXPECT_EQ(list.out.find('\x1b'), std::string::npos)
      << "an attacker's escape reached the terminal";
  EXPECT_NE(list.out.find("root\\x1b[31m"), std::string::npos) << list.out;
  const Ran show = with_api({"show", "INC-2"});
  EXPECT_EQ(show.status, kOk);
  EXPECT_EQ(show.out.find('\x1b'), std::string::npos);
  EXPECT_NE(show.out.find("Timeline\n"), std::string::npos) << show.out;
  EXPECT_NE(show.out.find("Evidence (1 of 1)\n"), std::string::npos) << show.out;
  EXPECT_NE(show.err.find("next: vakt incidents ack INC-2"), std::string::npos) << show.err;

  struct Row {
    std::vector<std::string> words;
    int status;
    std::string out, err;
  };
  const std::vector<Row> rows{
      {{"ack", "2", "--actor", "ada"}, kOk, "INC-2 is acknowledged\n", "next: vakt incidents inv"},
      {{"ack", "2", "--actor", "eve"}, kNotFoundOrConflict, "", "already acknowledged"},
      {{"note", "2", "seen", "--actor", "ada"}, kOk, "INC-2 is acknowledged\n", ""},
      {{"contain", "2", "--revision", "1", "--actor", "ada"}, kNotFoundOrConflict, "", "revision"},
      {{"close", "2", "--disposition", "odd", "--actor", "ada"}, kUsage, "", "true_positive"},
      {{"close", "2", "--disposition", "benign", "--actor", "ada"}, kOk, "INC-2 is closed\n", ""},
      {{"show", "99"}, kNotFoundOrConflict, "", ""},
      {{"list", "--state", "closed", "--json"}, kOk, "\"disposition\":\"benign\"", ""},
  };
  for (const Row& row : rows) {
    const Ran ran = with_api(row.words);
    SCOPED_TRACE(row.words.front());
    EXPECT_EQ(ran.status, row.status) << ran.out << ran.err;
    EXPECT_NE(ran.out.find(row.out), std::string::npos) << ran.out;
    EXPECT_NE(ran.err.find(row.err), std::string::npos) << ran.err;
  }
  folder.write("token", "wrong\n");
  EXPECT_EQ(with_api({"list"}).status, kAuth);
}

TEST(CliOutput, TablesFit) {
  const Table table{{"A", "LONG"}, {{"x", "0123456789abcdef"}, {"\x1b[2J", "é"}}, SIZE_MAX};
  EXPECT_EQ(render(table, {}),
            "A        LONG\n"
            "x        0123456789abcdef\n"
            "\\x1b[2J  é\n");
  EXPECT_EQ(render(table, {false, 19}),
            "A        LONG\n"
            "x        012345678…\n"
            "\\x1b[2J  é\n");
}

TEST(CliLineMap, AnySplitGivesTheSameLines) {
  using std::string_literals::operator""s;
  const std::string whole = "a\n\n  b\r\n\r\n\n c\0d\ne\n\n \nlast"s;
  const auto lines_of = [&](std::size_t chunk_bytes) {
    framing::Options options;
    options.mode = framing::Mode::lf;
    framing::Framer framer(options);
    LineTracker tracker;
    std::vector<std::pair<std::string, std::uint64_t>> out;
    const auto sink = [&](const framing::Frame& frame) {
      out.emplace_back(std::string(frame.bytes), tracker.line_of(frame));
    };
    for (std::size_t at = 0; at < whole.size(); at += chunk_bytes) {
      // A block of its own size, so that a read past it is seen.
      const std::vector<char> chunk(
          whole.begin() + static_cast<std::ptrdiff_t>(at),
          whole.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk_bytes, whole.size())));
      tracker.begin_chunk({chunk.data(), chunk.size()});
      framer.feed({chunk.data(), chunk.size()}, sink);
      tracker.end_chunk();
    }
    tracker.begin_chunk({});
    framer.finish(sink);
    return out;
  };
  const auto wanted = lines_of(whole.size());
  ASSERT_EQ(wanted.size(), 5u);
  EXPECT_EQ(wanted[0].second, 1u);
  EXPECT_EQ(wanted[1].second, 3u);
  EXPECT_EQ(wanted[2].second, 6u);
  EXPECT_EQ(wanted[3].second, 7u);
  EXPECT_EQ(wanted[4].second, 10u);
  for (std::size_t bytes = 1; bytes < whole.size(); ++bytes)
    EXPECT_EQ(lines_of(bytes), wanted) << bytes;
}

TEST(CliLineMap, OnlyBreaksAreKept) {
  LineMap map;
  for (std::uint64_t i = 0; i < 1'000; ++i) map.add(i, 0, i < 500 ? i + 1 : i + 3);
  EXPECT_EQ(map.runs(), 2u);
  EXPECT_EQ(map.find(499).line, 500u);
  EXPECT_EQ(map.find(500).line, 503u);
  EXPECT_EQ(map.find(999).line, 1'002u);
}

}  // namespace
}  // namespace vakt::cli
