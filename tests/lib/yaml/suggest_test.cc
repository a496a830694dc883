#include "yaml/suggest.h"

#include <gtest/gtest.h>

namespace vakt::yaml {
namespace {

TEST(Suggest, EditDistance) {
  const struct {
    const char* a;
    const char* b;
    std::size_t want;
  } rows[] = {
      {"", "", 0},         {"a", "", 1},       {"abc", "abc", 0},      {"abc", "abd", 1},
      {"abc", "acb", 1},   {"abc", "abcd", 1}, {"lisen", "listen", 1}, {"abc", "cba", 2},
      {"abcd", "badc", 2}, {"abc", "xyz", 3},  {"abc", "abcdefgh", 4}, {"abcdef", "uvwxyz", 4},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(edit_distance(row.a, row.b, 3), row.want) << row.a << " " << row.b;
    EXPECT_EQ(edit_distance(row.b, row.a, 3), row.want) << row.b << " " << row.a;
  }
  EXPECT_EQ(edit_distance(std::string(65, 'a'), std::string(65, 'a'), 2), 3u);
  EXPECT_EQ(edit_distance(std::string(64, 'a'), std::string(64, 'a'), 2), 0u);
}

TEST(Suggest, DidYouMean) {
  EXPECT_EQ(did_you_mean("containz", {"contains", "cased"}), "did you mean 'contains'?");
  EXPECT_EQ(did_you_mean("CONTAINS", {"contains", "cased"}), "did you mean 'contains'?");
  EXPECT_EQ(did_you_mean("selction_1", {"selection_2", "selection_1"}),
            "did you mean 'selection_1'?");
  EXPECT_EQ(did_you_mean("xy", {"ab"}), "");
  EXPECT_EQ(did_you_mean("re", {"all", "i"}), "");
  EXPECT_EQ(did_you_mean("", {"a"}), "");
}

}  // namespace
}  // namespace vakt::yaml
