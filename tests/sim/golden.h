// The labelled log auth.log and its truth (auth.episodes_golden.json), for tests.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/time.h"
#include "parse/syslog.h"

namespace vakt::golden {

struct Episode {
  std::string group;
  Time first;
  Time last;
  Time fired;
  std::uint64_t events = 0;
  std::uint64_t peak = 0;
  std::uint64_t line = 0;
  auto operator<=>(const Episode&) const = default;
};

inline void PrintTo(const Episode& e, std::ostream* out) {
  *out << e.group << " " << format_rfc3339(e.first) << ".." << format_rfc3339(e.last) << " x"
       << e.events << " peak " << e.peak << " fired " << format_rfc3339(e.fired) << " line "
       << e.line << "\n";
}

struct Truth {
  std::string name;
  bool distinct = false;
  std::string window;  // "300s"
  std::map<std::uint64_t, std::uint64_t> incidents_by_threshold;
  std::map<std::uint64_t, std::set<Episode>> episodes;  // by threshold
};

inline std::filesystem::path data_path() {
  if (const char* path = std::getenv("VAKT_TEST_DATA")) return path;
  return std::filesystem::path(VAKT_SOURCE_DIR) / "../shared/data";
}
inline std::filesystem::path auth_log_path() { return data_path() / "logs/auth.log"; }

inline std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Into `folder`, the rule that a user would write for it.
inline void write_rule(const Truth& truth, std::uint64_t threshold, const std::string& folder) {
  std::ofstream out(std::filesystem::path(folder) / "rule.yml");
  out << "title: sshd authentication failure\nname: sshd_failure\nlevel: low\n"
         "logsource: {product: linux, service: sshd}\n"
         "detection:\n  failed:\n    message|re: 'Failed (password|none|publickey) for '\n"
         "    source.ip|exists: true\n  condition: failed\n---\n"
         "title: brute force\nname: brute_force\nlevel: high\n"
         "correlation:\n  type: "
      << (truth.distinct ? "value_count" : "event_count")
      << "\n  rules: [sshd_failure]\n  group-by: [source.ip]\n  timespan: " << truth.window
      << "\n  condition:\n    gte: " << threshold << "\n";
  if (truth.distinct) out << "    field: user.name\n";
}

// Reorders lines so that no line comes after one that is more than `disorder` newer than it.
inline std::vector<std::string> shuffle_within(const std::vector<std::string>& lines,
                                               Duration disorder, std::mt19937_64& random) {
  std::vector<std::pair<Time, std::string>> keyed;
  for (const std::string& line : lines) {
    const auto header =
        parse::parse_syslog(line, {from_unix_seconds(1'800'000'000), 2017, nullptr});
    const auto shift =
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(disorder.count() + 1));
    keyed.emplace_back(header.time + Duration(shift), line);
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (auto& [time, line] : keyed) out.push_back(std::move(line));
  return out;
}

}  // namespace vakt::golden
