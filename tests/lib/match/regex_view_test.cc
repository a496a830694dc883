#include "match/regex_view.h"

#include <gtest/gtest.h>

namespace vakt::match {
namespace {

TEST(RegexView, ValuesAreChangedOnlyWhereTheyMust) {
  struct Row {
    std::string_view value;
    std::string_view narrow;
    std::string_view wide;
  };
  std::string scratch;
  for (const Row& row : {
           Row{"", "", ""},
           Row{"plain", "plain", "plain"},
           Row{"a\u00E9\u20AC\U0001F600z", "a\x80\x80\x80z", "a\u00E9\u20AC\U0001F600z"},
           Row{"12345678\u00E9", "12345678\x80", "12345678\u00E9"},
           Row{"a\xFF\xC3z", "a\x80\x80z", "a\uFFFD\uFFFDz"},
           Row{"\u212A\u017F", "\x80\x80", "\uFDD0\uFDD1"},
           Row{"\xFF\u212A", "\x80\x80", "\uFFFD\uFDD0"},
       }) {
    EXPECT_EQ(regex_view(View::narrow, row.value, scratch), row.narrow) << row.value;
    EXPECT_EQ(regex_view(View::wide, row.value, scratch), row.wide) << row.value;
  }
}

TEST(RegexView, ExpressionsThatSpellOnlyAsciiAreNarrow) {
  for (const char* e : {"abc", "a.b", ".{3,}", "[^x]\\W+", "\\.exe\\s*$", "\\x41", "[^\\x00-\\x7f]",
                        "(?i)\\bk", "[[:^alpha:]]", "\\[\\\\]", ""}) {
    EXPECT_EQ(view_for(e), View::narrow) << e;
  }
  for (const char* e : {"\u00E9", "\\x80", "\\xe9", "\\x{e9}", "\\x", "\\p{L}", "\\P{L}", "\\X",
                        "\\R", "\\h", "\\V", "\\N", "\\C", "\\351", "\\o{351}", "\\Qa\\E", "a\\"}) {
    EXPECT_EQ(view_for(e), View::wide) << e;
  }
}

}  // namespace
}  // namespace vakt::match
