#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "scan/database.h"
#include "scan/scratch.h"

namespace vakt::scan {
namespace {

using Matches = std::vector<std::pair<std::uint32_t, std::size_t>>;

// The text goes into a block of exactly its size, so that an overread is seen.
Matches matches(const Database& database, std::string_view text) {
  Scratch scratch;
  EXPECT_TRUE(scratch.fit(database).has_value());
  auto cloned = scratch.clone();
  EXPECT_TRUE(cloned.has_value());
  const auto block = std::make_unique<char[]>(text.size());
  if (!text.empty()) std::memcpy(block.get(), text.data(), text.size());
  Matches out;
  cloned->scan(database, {block.get(), text.size()},
               [&](std::uint32_t id, std::size_t end) { out.emplace_back(id, end); });
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Scan, LiteralsReportEveryOccurrence) {
  const std::vector<Literal> literals{{"abc", true},
                                      {"abc", false},
                                      {"a.c", false},
                                      {std::string_view("\0z", 2), false},
                                      {"\xC3\xA9", true}};
  const auto database = compile_literals(literals);
  ASSERT_TRUE(database.has_value());
  struct Row {
    std::string_view text;
    Matches expected;
  };
  const std::vector<Row> rows{
      {"", {}},
      {"xabcABCx", {{0, 4}, {0, 7}, {1, 4}}},
      {"a.c", {{2, 3}}},
      {std::string_view("\0z", 2), {{3, 2}}},
      {"\xC3\xA9", {{4, 2}}},
      {"\xC3\x89", {}},  // caseless is ASCII only
  };
  for (const Row& row : rows) EXPECT_EQ(matches(*database, row.text), row.expected) << row.text;
}

TEST(Scan, ExpressionsReportOnce) {
  const std::vector<Expression> expressions{
      {.pattern = "a+"},
      {.pattern = "A+", .caseless = true},
      {.pattern = "\\A.\\z"},
      {.pattern = "\\A\\z"},
      {.pattern = "^b$", .multiline = true},
      {.pattern = "x.y", .dot_all = true},
  };
  const auto database = compile_expressions(expressions);
  ASSERT_TRUE(database.has_value());
  const auto ids = [&](std::string_view text) {
    std::vector<std::uint32_t> out;
    for (const auto& [id, end] : matches(*database, text)) out.push_back(id);
    return out;
  };
  using Ids = std::vector<std::uint32_t>;
  EXPECT_EQ(ids("aaXaa"), (Ids{0, 1}));
  EXPECT_EQ(ids("\xC3\xA9"), (Ids{2}));  // one character
  EXPECT_EQ(ids(""), (Ids{3}));
  EXPECT_EQ(ids("n\nb\nn"), (Ids{4}));
  EXPECT_EQ(ids("x\ny"), (Ids{5}));
}

TEST(Scan, ErrorsNameThePattern) {
  const auto failed = compile_expressions(std::vector<Expression>{{"ok"}, {"(?=ahead)x"}});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().pattern, 1u);
  EXPECT_FALSE(failed.error().message.empty());

  const auto nul = compile_expressions(std::vector<Expression>{{std::string("a\0b", 3)}});
  ASSERT_FALSE(nul.has_value());
  EXPECT_EQ(nul.error().pattern, 0u);

  const std::string long_literal(20'000, 'x');
  const auto too_long = compile_literals(std::vector<Literal>{{"a"}, {long_literal}});
  ASSERT_FALSE(too_long.has_value());
  EXPECT_EQ(too_long.error().pattern, 1u);
}

TEST(Scan, ObjectionIsHyperscansMessage) {
  EXPECT_EQ(objection({"a(b|c)d"}), std::nullopt);
  EXPECT_TRUE(objection({"(a)\\1"}).has_value());
  EXPECT_TRUE(objection({"(unclosed"}).has_value());
}

TEST(Scan, OneScratchServesSeveralDatabases) {
  const auto small = compile_literals(std::vector<Literal>{{"a"}});
  const auto large = compile_expressions(std::vector<Expression>{{"(abc|def){3,20}[^x]*z"}});
  ASSERT_TRUE(small.has_value() && large.has_value());
  Scratch scratch;
  ASSERT_TRUE(scratch.fit(*small).has_value() && scratch.fit(*large).has_value());
  int hits = 0;
  const auto count = [&](std::uint32_t, std::size_t) { ++hits; };
  scratch.scan(*small, "banana", count);
  EXPECT_EQ(hits, 3);
  scratch.scan(*large, "abcdefabcz", count);
  EXPECT_EQ(hits, 4);
  EXPECT_GT(large->size_bytes(), small->size_bytes() / 100);
}

}  // namespace
}  // namespace vakt::scan
