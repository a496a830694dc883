// A whole real log (auth.log of 2017, RFC 3164 without a priority), line by line against a slow
// and obvious reading of it. Needs the test data (VAKT_TEST_DATA), else it is skipped.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "parse/syslog.h"

namespace vakt::parse {
namespace {

std::filesystem::path data_folder() {
  if (const char* given = std::getenv("VAKT_TEST_DATA")) return given;
  return std::filesystem::path(VAKT_SOURCE_DIR) / "../shared/data";
}

std::string expected_time(const std::string& month, int day, const std::string& clock) {
  const std::map<std::string, int> months{{"Mar", 3}, {"Apr", 4}};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "2017-%02d-%02dT%sZ", months.at(month), day,
                clock.c_str());
  return text.data();
}

TEST(AuthLog, ParsesWholly) {
  std::ifstream file(data_folder() / "logs/auth.log");
  if (!file) GTEST_SKIP() << "no logs/auth.log in " << data_folder();
  const std::regex line_regex(R"((\w{3}) +(\d+) (\S+) (\S+) ([^ :\[]+)(\[(\d+)\])?: *(.*))");
  const SyslogContext context{parse_rfc3339("2026-11-24T00:00:00Z").value(), 2017, nullptr};
  std::map<std::string, int> apps;
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    std::smatch want;
    ASSERT_TRUE(std::regex_match(line, want, line_regex)) << line;
    const SyslogHeader h = parse_syslog(line, context);
    ASSERT_FALSE(h.unparsed) << line;
    ASSERT_FALSE(h.year_guessed) << line;
    ASSERT_FALSE(h.has_priority) << line;
    ASSERT_TRUE(h.has_time) << line;
    ASSERT_EQ(format_rfc3339(h.time), expected_time(want[1], std::stoi(want[2]), want[3]));
    ASSERT_EQ(h.hostname, "ip-10-77-20-248") << line;
    ASSERT_EQ(h.app_name, want[5].str()) << line;
    ASSERT_EQ(h.proc_id, want[7].str()) << line;
    ASSERT_EQ(h.message, want[8].str()) << line;
    ++apps[std::string(h.app_name)];
  }
  EXPECT_EQ(lines, 7121);
  const std::map<std::string, int> want_apps{
      {"sshd", 4095},   {"CRON", 1264},  {"sudo", 557}, {"systemd-logind", 452}, {"chpasswd", 417},
      {"systemd", 238}, {"useradd", 50}, {"su", 45},    {"groupadd", 3}};
  EXPECT_EQ(apps, want_apps);
}

}  // namespace
}  // namespace vakt::parse
