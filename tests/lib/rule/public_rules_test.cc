// The public SigmaHQ rules (3,757 in the main folders): all load but the two that need
// placeholders, and those too once there are lists for them. Needs the archive
// sigma/sigma-rules.tar.zst in the directory VAKT_TEST_DATA, else beside the source tree; skipped
// where it is missing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include "folder.h"
#include "rule_testing.h"

namespace vakt::rule {
namespace {

namespace fs = std::filesystem;

fs::path archive() {
  const char* data = std::getenv("VAKT_TEST_DATA");
  const fs::path folder =
      data != nullptr ? fs::path(data) : fs::path(VAKT_SOURCE_DIR) / ".." / "shared" / "data";
  return folder / "sigma" / "sigma-rules.tar.zst";
}

TEST(PublicRules, AllLoadButThoseThatNeedPlaceholders) {
  if (!fs::exists(archive())) GTEST_SKIP() << archive() << " is missing";
  const test::Folder here;
  const std::string& folder = here.path;
  const std::string command =
      "tar --zstd -xf '" + archive().string() + "' -C '" + folder + "' --strip-components=1";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  std::vector<std::string> paths;
  for (const char* name :
       {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"})
    paths.push_back(folder + "/" + name);

  Diagnostics diagnostics;
  const RuleSet set = load(paths, diagnostics);
  Diagnostics none;
  const RuleSet whole = load(paths, none, {.placeholders = {{"known_cdcs", {"cdc1", "cdc2"}}}});
  EXPECT_FALSE(has_errors(none));
  EXPECT_EQ(whole.rules.size(), 3757u);

  std::map<std::string, std::size_t> reasons;
  std::set<std::string> refused;
  for (const Diagnostic& d : diagnostics) {
    ++reasons[(d.severity == Severity::error ? "error: " : "warning: ") + d.message];
    if (d.severity != Severity::error) continue;
    refused.insert(d.file);
    EXPECT_EQ(d.message, "the placeholder %known_cdcs% has no values") << to_string(d);
  }
  for (const auto& [reason, count] : reasons) std::cout << count << "\t" << reason << "\n";
  std::cout << set.rules.size() << " loaded, " << refused.size() << " refused\n";
  EXPECT_EQ(refused.size(), 2u);
  EXPECT_EQ(set.rules.size(), 3755u);
  EXPECT_EQ(set.correlations.size(), 0u);

  std::size_t tests = 0;
  std::set<std::string> fields;
  std::set<Hash128> hashes;
  const auto count = [&](const auto& self, const Expr& expr) -> void {
    tests += expr.kind == Expr::Kind::test ? 1 : 0;
    for (const Expr& child : expr.children) self(self, child);
  };
  for (const Rule& rule : set.rules) {
    for (const Detection& detection : rule.detections) count(count, detection.expr);
    fields.insert(rule.fields.begin(), rule.fields.end());
    hashes.insert(rule.detection_hash);
  }
  std::cout << tests << " tests, " << fields.size() << " fields, " << hashes.size()
            << " different detections\n";
  EXPECT_GT(tests, 40'000u);
  EXPECT_GT(fields.size(), 350u);
}

}  // namespace
}  // namespace vakt::rule
