#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/diagnostic.h"
#include "base/result.h"

namespace vakt {
namespace {

// Hashes are stored: a change of the function would orphan what is on disk.
TEST(Hash, IsTheSameFunctionForEver) {
  EXPECT_EQ(to_hex(hash128("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2u);
}

TEST(Hash, WritesAllDigits) {
  EXPECT_EQ(to_hex({0, 0}), std::string(32, '0'));
  EXPECT_EQ(to_hex({1, 0xAB}), "000000000000000100000000000000ab");
}

TEST(Hash, DependsOnEveryByteAndTheSeed) {
  std::set<Hash128> seen;
  const std::string text(100, 'x');
  seen.insert(hash128(text));
  seen.insert(hash128(text, 1));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = 'y';
    seen.insert(hash128(changed));
  }
  EXPECT_EQ(seen.size(), text.size() + 2);
  EXPECT_EQ(hash128(text), hash128(std::string(100, 'x')));
}

TEST(Diagnostic, IsOneSafeLine) {
  EXPECT_EQ(to_string(Diagnostic{Severity::error, "a.yml", 3, 7, "bad\nthing", "do this"}),
            "a.yml:3:7: error: bad\\x0athing (do this)");
  EXPECT_EQ(to_string(Diagnostic{Severity::warning, "a.yml", 0, 0, "odd", ""}),
            "a.yml: warning: odd");
  EXPECT_FALSE(has_errors({{Severity::warning, "a", 1, 1, "m", ""}}));
  EXPECT_TRUE(has_errors({{Severity::warning, "a", 1, 1, "m", ""}, {}}));
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 7;
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(*good, 7);
  const Result<int> bad = fail(Errc::too_large, "no");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, Errc::too_large);
}

}  // namespace
}  // namespace vakt
