#include "match/case_fold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <cwctype>

namespace vakt::match {
namespace {

TEST(CaseFold, KnownLetters) {
  struct Row {
    char32_t letter;
    char32_t folded;
  };
  for (const Row& row :
       {Row{U'A', U'a'}, Row{U'z', U'z'}, Row{U'1', U'1'}, Row{0xC9, 0xE9}, Row{0x178, 0xFF},
        Row{0x3A3, 0x3C3}, Row{0x3C2, 0x3C3}, Row{0x416, 0x436}, Row{0x1E9E, 0xDF},
        Row{0x212B, 0xE5}, Row{0x212A, 0x212A}, Row{0x17F, 0x17F}, Row{0x130, 0x130},
        Row{0x131, 0x131}, Row{0x10400, 0x10428}, Row{0x1F600, 0x1F600}}) {
    EXPECT_EQ(fold(row.letter), row.folded) << std::hex << static_cast<std::uint32_t>(row.letter);
  }
  EXPECT_EQ(case_variants(U'k'), (std::vector<char32_t>{U'K', U'k'}));
  EXPECT_EQ(case_variants(0x212A), (std::vector<char32_t>{0x212A}));
  EXPECT_EQ(case_variants(0x3C3), (std::vector<char32_t>{0x3A3, 0x3C2, 0x3C3}));
}

TEST(CaseFold, FoldingIsStableAndStaysOutsideAscii) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    ASSERT_EQ(fold(fold(c)), fold(c)) << std::hex << static_cast<std::uint32_t>(c);
    ASSERT_EQ(c < 0x80, fold(c) < 0x80);
    if (fold(c) == c) continue;
    const auto variants = case_variants(c);
    ASSERT_TRUE(std::find(variants.begin(), variants.end(), c) != variants.end());
    ASSERT_EQ(case_variants(fold(c)), variants);
  }
}

// Another source for the same facts: the C library's lower and upper case.
TEST(CaseFold, AgreesWithTheLibrarysSimpleCases) {
  const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) GTEST_SKIP() << "no C.UTF-8 locale";
  int different = 0;
  for (char32_t c = 0x80; c < 0x10000; ++c) {
    const auto lower = static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), utf8));
    // Dotted I folds to two letters, Kelvin to an ASCII one, Cherokee to upper case.
    if (lower < 0x80 || (c >= 0x13A0 && c <= 0x13F5) || (c >= 0xAB70 && c <= 0xABBF)) continue;
    if (fold(c) != fold(lower)) ++different;
  }
  EXPECT_EQ(different, 0);
  freelocale(utf8);
}

TEST(CaseFold, DecodesUtf8) {
  EXPECT_EQ(decode_utf8("a\u00E9\u20AC\U0001F600"), U"a\u00E9\u20AC\U0001F600");
  EXPECT_EQ(decode_utf8(""), U"");
}

}  // namespace
}  // namespace vakt::match
