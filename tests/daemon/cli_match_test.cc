// `vakt rules match`: which rules match which lines, how lines are labelled, why a rule matches.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <sstream>
#include <thread>

#include "cli/labelled_line.h"
#include "cli/log_file.h"
#include "daemon/cli_rig.h"

namespace vakt::cli {
namespace {

const std::string kShell =
    "title: A shell\nid: 00000000-0000-4000-8000-00000000000b\nlevel: low\n"
    "logsource: {product: windows, category: process_creation}\n"
    "detection:\n  selection:\n    Image|endswith: '\\cmd.exe'\n"
    "  filter:\n    User: root\n  condition: selection and not filter\n";
const std::string kAnything =
    "title: Anything by eve\nid: 00000000-0000-4000-8000-00000000000a\nlevel: informational\n"
    "logsource: {product: windows}\n"
    "detection:\n  selection:\n    User: eve\n  condition: selection\n";
const std::string kLinux =
    "title: A word\nid: 00000000-0000-4000-8000-00000000000c\n"
    "logsource: {product: linux}\n"
    "detection:\n  keywords:\n    - needle\n  condition: keywords\n";
const std::string kA = "\"00000000-0000-4000-8000-00000000000a\"";
const std::string kB = "\"00000000-0000-4000-8000-00000000000b\"";
const std::string kC = "\"00000000-0000-4000-8000-00000000000c\"";

struct Rules : Folder {
  Rules() {
    std::filesystem::create_directory(path + "/rules");
    write("rules/shell.yml", kShell);
    write("rules/anything.yml", kAnything);
    write("rules/linux.yml", kLinux);
  }
  Ran match(std::vector<std::string> words) const {
    words.insert(words.begin(), {"rules", "match", "--rules", path + "/rules"});
    return run_line(words);
  }
  // The lines of --json without the file's name.
  std::vector<std::string> lines(const std::vector<std::string>& options,
                                 const std::string& text) const {
    auto words = options;
    words.insert(words.end(), {"--json", write("events", text)});
    const Ran ran = match(words);
    const std::string before = "{\"file\":\"" + path + "/events\",\"line\":";
    std::vector<std::string> out;
    std::istringstream stream(ran.out);
    for (std::string line; std::getline(stream, line);) {
      EXPECT_TRUE(line.starts_with(before)) << line;
      out.push_back(line.substr(before.size()));
    }
    return out;
  }
};

TEST(CliMatch, EveryLineHasAnAnswer) {
  const std::string shell = R"({"Image":"C:\\x\\CMD.exe","User":"eve"})";
  struct Row {
    std::vector<std::string> options;
    std::string text;
    std::vector<std::string> lines;
  };
  const std::vector<std::string> inside{"--event-field", "event", "--logsource-field", "logsource"};
  const std::string windows = R"("logsource":{"product":"Windows","category":"process_creation"})";
  const std::vector<Row> rows{
      {{"--logsource", "product=windows,category=process_creation"},
       shell + "\n\n" + R"({"User":"x"})" + "\n" + shell,
       {"1,\"rules\":[" + kA + "," + kB + "]}", "3,\"rules\":[]}",
        "4,\"rules\":[" + kA + "," + kB + "]}"}},
      {{"--logsource", "product=windows"}, shell, {"1,\"rules\":[" + kA + "]}"}},
      {{},
       shell + "\n{\"a\":\n",
       {"1,\"rules\":[]}", "2,\"rules\":[],\"error\":\"the event is not valid JSON\"}"}},
      {inside,
       "{\"event\":" + shell + "," + windows + "}\n" + "{\"event\":" + shell +
           ",\"logsource\":null}\n" + "{\"event\":" + shell +
           ",\"logsource\":{\"product\":\"windows\",\"service\":null}}\n" + "{\"event\":" + shell +
           ",\"logsource\":{}}\n" +
           R"({"event":"a \u006eeedle here","logsource":{"product":"linux"}})" + "\n",
       {"1,\"rules\":[" + kA + "," + kB + "]}", "2,\"rules\":[]}", "3,\"rules\":[" + kA + "]}",
        "4,\"rules\":[]}", "5,\"rules\":[" + kC + "]}"}},
      {{"--event-field", "a.b", "--logsource-field", "a.c"},
       R"({"a":{"c":{"product":"linux"},"b":{"x":"needle"}},"b":1})",
       {"1,\"rules\":[" + kC + "]}"}},
      {{"--event-field", "e", "--logsource", "product=linux"},
       R"({"e":{},"raw":"a needle"})"
       "\n"
       R"({"e":{},"raw":null})",
       {"1,\"rules\":[" + kC + "]}", "2,\"rules\":[]}"}},
      {{"--event-field", "e", "--logsource", "product=linux", "--raw-field", "x.y"},
       R"({"e":{},"raw":"a needle"})"
       "\n"
       R"({"e":{},"x":{"y":"a needle"}})",
       {"1,\"rules\":[]}", "2,\"rules\":[" + kC + "]}"}},
      {{"--event-field", "event", "--logsource-field", "l", "--logsource", "product=linux"},
       R"({"event":{"x":"needle"}})",
       {"1,\"rules\":[" + kC + "]}"}},
      {inside,
       "nothing\n{\"logsource\":null}\n{\"event\":7,\"logsource\":null}\n"
       "{\"event\":{},\"logsource\":\"linux\"}\n{\"event\":{},\"logsource\":{\"product\":1}}\n"
       "{\"event\":{\"a\":tru},\"logsource\":null}\n{\"event\":\"\"}\n",
       {"1,\"rules\":[],\"error\":\"the line is not a JSON object\"}",
        "2,\"rules\":[],\"error\":\"the line has no member 'event'\"}",
        "3,\"rules\":[],\"error\":\"'event' is neither an object nor a text\"}",
        "4,\"rules\":[],\"error\":\"'logsource' is neither an object nor null\"}",
        "5,\"rules\":[],\"error\":\"'logsource.product' is not a text\"}",
        "6,\"rules\":[],\"error\":\"the event is not valid JSON\"}",
        "7,\"rules\":[],\"error\":\"the event is empty\"}"}},
  };
  const Rules rules;
  for (const Row& row : rows)
    for (const std::string engine : {"hyperscan", "reference", "both"}) {
      auto options = row.options;
      options.insert(options.end(), {"--engine", engine});
      EXPECT_EQ(rules.lines(options, row.text), row.lines) << row.text << engine;
    }
}

TEST(CliMatch, ManyBatchesKeepTheirOrder) {
  const Rules rules;
  std::string text;
  for (int i = 1; i <= 10'000; ++i)
    text += i % 3 == 0   ? "{\"event\":{\"User\":\"eve\"},\"l\":{\"product\":\"windows\"}}\n"
            : i % 3 == 1 ? "{\"event\":{\"User\":\"eve\"},\"l\":{\"product\":\"linux\"}}\n"
                         : "broken\n";
  const auto lines = rules.lines({"--event-field", "event", "--logsource-field", "l"}, text);
  ASSERT_EQ(lines.size(), 10'000u);
  for (int i = 1; i <= 10'000; ++i) {
    const std::string& line = lines[static_cast<std::size_t>(i - 1)];
    EXPECT_TRUE(line.starts_with(std::to_string(i) + ",\"rules\":[")) << line;
    EXPECT_EQ(line.find(kA) != std::string::npos, i % 3 == 0) << line;
    EXPECT_EQ(line.find("error") != std::string::npos, i % 3 == 2) << line;
  }
}

TEST(CliMatch, ExitStatus) {
  const Rules rules;
  const std::string good = rules.write("good", "{\"User\":\"eve\"}\n");
  const std::string bad = rules.write("bad", "{\"User\"\n");
  const std::string none = rules.write("none", "");
  struct Row {
    std::vector<std::string> words;
    int status;
    std::string err;
  };
  const std::vector<Row> rows{
      {{good}, kOk, "1 events, 0 with a match, 0 unreadable; 3 rules"},
      {{none}, kOk, "0 events"},
      {{good, bad}, kError, "2 events, 0 with a match, 1 unreadable"},
      {{"--engine", "both", good}, kOk, "disagree on 0 events"},
      {{"--logsource-field", "labels", good}, kOk, "no line has a member 'labels'"},
      {{"/nowhere"}, kError, "/nowhere"},
      {{"--logsource", "windows", good}, kUsage, "product=windows"},
      {{"--logsource", "produce=windows", good}, kUsage, "product=windows"},
      {{"--engine", "fast", good}, kUsage, "--engine"},
      {{"--explain", "--json", good}, kUsage, "--json"},
      {{"--rule", "x", good}, kUsage, "--explain"},
      {{"--explain", "--rule", "x", good}, kError, "no rule 'x'"},
      {{}, kUsage, "files"},
  };
  for (const Row& row : rows) {
    const Ran ran = rules.match(row.words);
    EXPECT_EQ(ran.status, row.status) << ran.err;
    EXPECT_NE(ran.err.find(row.err), std::string::npos) << ran.err;
  }
}

TEST(CliMatch, RefusedRulesAreNamedAndLeftOut) {
  const Rules rules;
  rules.write("rules/bad.yml",
              "title: x\nlogsource:\n  product: linux\ndetection:\n"
              "  a:\n    F|sideways: x\n  condition: a\n");
  const Ran ran = rules.match({rules.write("e", "{\"a\":1}\n")});
  EXPECT_EQ(ran.status, kOk) << ran.err;
  EXPECT_NE(ran.err.find("bad.yml:6:5: error: "), std::string::npos) << ran.err;
}

TEST(CliMatch, ExplainsWhatMatchesAndWhatItIsAskedFor) {
  const Rules rules;
  const std::string file = rules.write(
      "e", "{\"Image\":\"C:\\\\cmd.exe\\u001b[2J\",\"User\":\"eve\"}\n{\"User\":\"root\"}\n");
  const std::vector<std::string> base{"--logsource", "product=windows,category=process_creation",
                                      "--explain"};
  auto words = base;
  words.push_back(file);
  const Ran matching = rules.match(words);
  EXPECT_EQ(matching.status, kOk) << matching.err;
  EXPECT_EQ(matching.out, file +
                              ":1: 1 rule matches\n"
                              "  00000000-0000-4000-8000-00000000000a  Anything by eve\n"
                              "    rule 00000000-0000-4000-8000-00000000000a: true\n"
                              "      logsource product=windows: true"
                              "  (product=windows, category=process_creation)\n"
                              "      selection: true\n"
                              "        User equals 'eve': true  (eve)\n" +
                              file + ":2: no rule matches\n");
  words = base;
  words.insert(words.end(), {"--rule", "00000000-0000-4000-8000-00000000000b", file});
  const Ran asked = rules.match(words);
  EXPECT_NE(asked.out.find("        selection: false\n"
                           "          Image endswith '\\cmd.exe': false"
                           "  (C:\\cmd.exe\\x1b[2J)\n"
                           "        not: true\n"
                           "          filter: false\n"
                           "            User equals 'root': false  (eve)\n"),
            std::string::npos)
      << asked.out;
  EXPECT_NE(asked.out.find("Image endswith '\\cmd.exe': false  (no such field)"), std::string::npos)
      << asked.out;
}

TEST(CliMatch, FiltersHideForBothEngines) {
  const Rules rules;
  rules.write("rules/filter.yml",
              "title: Ours\nid: 00000000-0000-4000-8000-00000000000f\n"
              "logsource: {product: windows}\n"
              "filter:\n  rules: [00000000-0000-4000-8000-00000000000a]\n"
              "  ours:\n    Host: web1\n  condition: not ours\n");
  for (const std::string engine : {"hyperscan", "reference", "both"})
    EXPECT_EQ(rules.lines({"--logsource", "product=windows", "--engine", engine},
                          "{\"User\":\"eve\",\"Host\":\"web1\"}\n{\"User\":\"eve\"}\n"),
              (std::vector<std::string>{"1,\"rules\":[]}", "2,\"rules\":[" + kA + "]}"}))
        << engine;
}

TEST(CliMatch, LabelsAreReadAndWritten) {
  const auto labels = parse_labels("product=Windows,service=x");
  ASSERT_TRUE(labels);
  EXPECT_EQ(to_text(*labels), "product=windows,service=x");
  for (const std::string text : {"x", "product=", "=x", "product=a,,service=b"})
    EXPECT_FALSE(parse_labels(text)) << text;
}

// The whole of a file, or what went wrong.
std::string content(LogFile& file) {
  std::string out;
  while (true) {
    const auto chunk = file.read();
    if (!chunk) return chunk.error().message;
    if (chunk->empty()) return out;
    out += *chunk;
  }
}

TEST(CliLogFile, CompressedLogsAreInflated) {
  const Folder folder;
  const std::string path = folder.path + "/old.log.gz";
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i) + "\n";
  for (const char* mode : {"wb", "ab"}) {  // a second member follows the first
    gzFile out = ::gzopen(path.c_str(), mode);
    ASSERT_EQ(::gzwrite(out, text.data(), static_cast<unsigned>(text.size())),
              static_cast<int>(text.size()));
    ASSERT_EQ(::gzclose(out), Z_OK);
  }
  auto file = LogFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->size(), 0u);  // unknown
  ASSERT_TRUE(file->make_rewindable());
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(file->rewind());
    EXPECT_EQ(content(*file), text + text);
  }

  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 9);
  auto cut = LogFile::open(path);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ(content(*cut), "reading " + path + ": the compressed data ends in the middle");
}

TEST(CliLogFile, APipeCanBeReadTwice) {
  const Folder folder;
  const std::string pipe = folder.path + "/pipe";
  const std::string text(3 * kChunkBytes + 17, 'x');
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::jthread writer([&] { std::ofstream(pipe, std::ios::binary) << text; });
  auto file = LogFile::open(pipe);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->size(), 0u);
  ASSERT_TRUE(file->make_rewindable());
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(file->rewind());
    EXPECT_EQ(content(*file), text);
  }
  EXPECT_EQ(file->size(), text.size());
}

}  // namespace
}  // namespace vakt::cli
