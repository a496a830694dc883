#include "parse/access_log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace vakt::parse {
namespace {

// "client|user|method|target|path|status|bytes|referrer|agent", or "" for no access line. Read from
// a heap block of exactly its size.
std::string read(const std::string& text) {
  const auto block = std::make_unique<char[]>(text.size());
  std::memcpy(block.get(), text.data(), text.size());
  const auto line = parse_access_line({block.get(), text.size()});
  if (!line) return "";
  std::string out(line->client);
  for (const auto part : {line->user, line->method, line->target, line->path, line->status,
                          line->bytes, line->referrer, line->user_agent})
    out += "|" + std::string(part);
  return out;
}

const std::string kStamp = "[17/May/2015:10:05:03 +0200]";

TEST(AccessLog, Lines) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"192.0.2.1 - - " + kStamp + R"( "GET /a?b=c HTTP/1.1" 200 12 "http://r/" "curl/8")",
       "192.0.2.1||GET|/a?b=c|/a|200|12|http://r/|curl/8"},
      {"192.0.2.1 - bob " + kStamp + R"( "POST / HTTP/1.0" 404 -)",
       "192.0.2.1|bob|POST|/|/|404|||"},
      {"2001:db8::1 - a b " + kStamp + R"( "GET /x y HTTP/1.1" 200 1 "-" "-" 0.003)",
       "2001:db8::1|a b|GET|/x y|/x y|200|1||"},
      {"h - - " + kStamp + R"( "-" 408 -)", "h|||||408|||"},
      {"h - - " + kStamp + R"( "\x16\x03\x01" 400 0 "-" "-")",
       R"(h|||\x16\x03\x01|\x16\x03\x01|400|0||)"},
      {"h - - " + kStamp + R"( "GET /\" 200 1 \" HTTP/1.1" 404 9 "-" "a \"b\" c")",
       R"(h||GET|/\" 200 1 \"|/\" 200 1 \"|404|9||a \"b\" c)"},
      // A user who writes a line into the name: the server has escaped the quotes.
      {"h - x " + kStamp + R"( \"GET /forged HTTP/1.1\" 200 1 )" + kStamp +
           R"( "GET /real HTTP/1.1" 401 2)",
       "h|x " + kStamp + R"( \"GET /forged HTTP/1.1\" 200 1|GET|/real|/real|401|2||)"},
      {"", ""},
      {"h", ""},
      {"h - -", ""},
      {"h - - " + kStamp, ""},
      {"h - - " + kStamp + " ", ""},
      {"h - - " + kStamp + " \"GET / HTTP/1.1", ""},
      {"h - - " + kStamp + " \"GET /\\", ""},
      {"h - - " + kStamp + R"( "GET / HTTP/1.1" 20 1)", ""},
      {"h - - " + kStamp + R"( "GET / HTTP/1.1" 200 x)", ""},
      {R"(h - - [32/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1)", ""},
      {"Failed password for root from 203.0.113.9 port 51022 ssh2", ""}};
  for (const auto& [text, expected] : rows) EXPECT_EQ(read(text), expected) << text;
}

TEST(AccessLog, Time) {
  const std::string text = "h - - " + kStamp + R"( "GET / HTTP/1.1" 200 1)";
  const auto line = parse_access_line(text);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->time, from_unix_seconds(1'431'849'903));
  EXPECT_EQ(line->stamp, "17/May/2015:10:05:03 +0200");
}

TEST(AccessLog, ARealLog) {
  const char* data = std::getenv("VAKT_TEST_DATA");
  std::ifstream in((data != nullptr ? data : VAKT_SOURCE_DIR "/../shared/data") +
                   std::string("/logs/apache_access.log"));
  if (!in) GTEST_SKIP() << "no test data (set VAKT_TEST_DATA)";
  std::size_t lines = 0;
  std::size_t read_lines = 0;
  for (std::string line; std::getline(in, line); ++lines)
    read_lines += parse_access_line(line).has_value() ? 1 : 0;
  EXPECT_EQ(lines, 10'000u);
  EXPECT_EQ(read_lines, lines);
}

}  // namespace
}  // namespace vakt::parse
