#include "scan/cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "folder.h"
#include "scan/scratch.h"

namespace vakt::scan {
namespace {

namespace fs = std::filesystem;

class CacheTest : public testing::Test {
 protected:
  void SetUp() override { directory_ = folder_.path + "/databases"; }

  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(directory_)) out.push_back(entry.path());
    return out;
  }

  test::Folder folder_;
  std::string directory_;
};

const std::vector<Literal> kLiterals = {{"mimikatz", true}, {"psexec", false}};
const std::vector<Literal> kOthers = {{"mimikatz", true}, {"psexec", true}};

std::vector<std::uint32_t> ids_in(const Database& database, std::string_view text) {
  Scratch scratch;
  EXPECT_TRUE(scratch.fit(database));
  std::vector<std::uint32_t> ids;
  scratch.scan(database, text, [&](std::uint32_t id, std::size_t) { ids.push_back(id); });
  return ids;
}

TEST_F(CacheTest, OneDatabaseForTheSamePatternsWhileSomebodyHoldsIt) {
  Cache cache;
  auto first = *cache.literals(kLiterals);
  EXPECT_EQ(*cache.literals(kLiterals), first);
  EXPECT_NE(*cache.literals(kOthers), first) << "a flag is part of the content";
  EXPECT_EQ(cache.counts().shared, 1u);
  EXPECT_EQ(cache.counts().compiled, 2u);
  first.reset();
  ASSERT_TRUE(cache.literals(kLiterals));
  EXPECT_EQ(cache.counts().compiled, 3u) << "nobody held it, and there is no directory";
}

TEST_F(CacheTest, LiteralsAndExpressionsOfTheSameTextAreNotTheSame) {
  Cache cache(directory_);
  const std::vector<Literal> literal = {{"a.c", false}};
  const std::vector<Expression> expression = {{"a.c", false, false, false, true, false}};
  EXPECT_TRUE(ids_in(**cache.literals(literal), "abc").empty());
  EXPECT_EQ(ids_in(**cache.expressions(expression), "abc").size(), 1u);
  Cache next(directory_);
  EXPECT_TRUE(ids_in(**next.literals(literal), "abc").empty());
  EXPECT_EQ(ids_in(**next.expressions(expression), "abc").size(), 1u);
  EXPECT_EQ(next.counts().read, 2u);
}

TEST_F(CacheTest, ARestartReadsInsteadOfCompiling) {
  ASSERT_TRUE(Cache(directory_).literals(kLiterals));
  Cache cache(directory_);
  const auto database = cache.literals(kLiterals);
  ASSERT_TRUE(database);
  EXPECT_EQ(cache.counts().read, 1u);
  EXPECT_EQ(cache.counts().compiled, 0u);
  EXPECT_EQ(ids_in(**database, "xMIMIKATZ psexec PSEXEC"), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(fs::status(directory_).permissions() & fs::perms::all, fs::perms::owner_all);
}

// Every byte flipped once, and every shorter file: never used, always replaced.
TEST_F(CacheTest, ADamagedFileIsCompiledAnew) {
  ASSERT_TRUE(Cache(directory_).literals(kLiterals));
  ASSERT_EQ(files().size(), 1u);
  const fs::path file = files().front();
  std::ifstream in(file, std::ios::binary);
  const std::string good(std::istreambuf_iterator<char>(in), {});
  const std::size_t step = good.size() / 40 + 1;
  for (std::size_t at = 0; at < good.size(); at += step)
    for (const bool cut : {false, true}) {
      std::string bad = cut ? good.substr(0, at) : good;
      if (!cut) bad[at] = static_cast<char>(bad[at] ^ 1);
      std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
      Cache cache(directory_);
      ASSERT_TRUE(cache.literals(kLiterals));
      EXPECT_EQ(cache.counts().compiled, 1u) << (cut ? "cut at " : "flipped at ") << at;
      std::ifstream again(file, std::ios::binary);
      EXPECT_EQ(std::string(std::istreambuf_iterator<char>(again), {}), good);
    }
}

TEST_F(CacheTest, ADirectoryThatCannotBeWrittenOnlyCostsTime) {
  std::ofstream(directory_) << "a file where the directory should be";
  Cache cache(directory_);
  ASSERT_TRUE(cache.literals(kLiterals));
  EXPECT_EQ(cache.counts().compiled, 1u);
  cache.prune(0);
}

TEST_F(CacheTest, PruningKeepsWhatWasAskedFor) {
  Cache cache(directory_);
  ASSERT_TRUE(cache.literals(kLiterals));
  ASSERT_TRUE(cache.literals(kOthers));
  cache.prune(0);
  EXPECT_EQ(files().size(), 2u);
  ASSERT_TRUE(cache.literals(kOthers));
  cache.prune(1 << 20);
  EXPECT_EQ(files().size(), 2u) << "there is room for both";
  ASSERT_TRUE(cache.literals(kOthers));
  cache.prune(0);
  ASSERT_EQ(files().size(), 1u);
  Cache next(directory_);
  ASSERT_TRUE(next.literals(kOthers));
  EXPECT_EQ(next.counts().read, 1u);
}

TEST_F(CacheTest, AnOpinionIsAskedForOnceAndForgottenWhenUnused) {
  Cache cache;
  const Expression good{"a(b|c)d"};
  const Expression bad{"(a)\\1"};
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(cache.objection(good), std::nullopt);
      EXPECT_EQ(cache.objection(bad), objection(bad));
    }
    cache.prune(0);
    EXPECT_EQ(cache.counts().judged, 2u) << "kept over one prune()";
  }
  cache.prune(0);
  EXPECT_EQ(cache.objection(good), std::nullopt);
  EXPECT_EQ(cache.counts().judged, 3u);
}

TEST_F(CacheTest, WhatIsRefusedIsRefusedAgain) {
  Cache cache(directory_);
  const std::vector<Expression> bad = {{"fine", false, false, false, true, false},
                                       {"(unclosed", false, false, false, true, false}};
  for (int i = 0; i < 2; ++i) {
    const auto refused = cache.expressions(bad);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().pattern, 1u);
  }
  EXPECT_EQ(cache.counts().compiled, 0u);
}

}  // namespace
}  // namespace vakt::scan
