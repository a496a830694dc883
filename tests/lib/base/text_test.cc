#include "base/text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace vakt {
namespace {

using namespace std::string_literals;

// Input in a heap block of exactly its size, so that a read past the end is seen.
class Exact {
 public:
  explicit Exact(std::string_view text)
      : size_(text.size()), block_(std::make_unique<char[]>(text.size())) {
    std::memcpy(block_.get(), text.data(), size_);
  }
  std::string_view view() const { return {block_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> block_;
};

std::string sanitised(std::string_view text) {
  std::string out;
  append_sanitised(out, Exact(text).view());
  return out;
}

TEST(EscapeTerminal, LeavesNoControlSequence) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", ""},
      {"plain text\\n", "plain text\\n"},
      {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
      {"\x1B[31mred", "\\x1b[31mred"},
      {"nul\0!"s, "nul\\x00!"},
      {"\x7F", "\\x7f"},
      {"\xC2\x9B", "\\xc2\\x9b"},  // C1: CSI
      {"\xE2\x80\xAE"
       "exe",
       "\\xe2\\x80\\xae"
       "exe"},                              // right-to-left override
      {"\xE2\x81\xA6", "\\xe2\\x81\\xa6"},  // isolate
      {"\xFF\xC3", "\\xff\\xc3"},
  };
  for (const auto& [in, out] : rows) EXPECT_EQ(escape_terminal(Exact(in).view()), out);
}

TEST(JsonText, IsAJsonStringAndInertInHtml) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", "\"\""},
      {"a\"b\\c", "\"a\\\"b\\\\c\""},
      {"line\nbreak\ttab", "\"line\\nbreak\\ttab\""},
      {"\x01\x1F\x7F", "\"\\u0001\\u001f\\u007f\""},
      {"</script>", "\"\\u003c/script>\""},
      {"\xE2\x80\xA8\xE2\x80\xA9", "\"\\u2028\\u2029\""},
      {"\xC3\x28", "\"\xEF\xBF\xBD(\""},
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},  // a surrogate
      {"\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""},
  };
  for (const auto& [in, out] : rows) EXPECT_EQ(json_string(Exact(in).view()), out);
}

TEST(Utf8, KnowsValidFromInvalid) {
  for (const std::string& text :
       {""s, "a"s, "\0"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s,
        "\xEE\x80\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s})
    EXPECT_TRUE(is_valid_utf8(Exact(text).view())) << testing::PrintToString(text);
  for (const std::string& text :
       {"\x80"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xE0\x9F\xBF"s, "\xE2\x82"s, "\xED\xA0\x80"s,
        "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xF0\x9F\x98"s, "\xFE"s,
        "ok\xFF"s})
    EXPECT_FALSE(is_valid_utf8(Exact(text).view())) << testing::PrintToString(text);
}

TEST(Sanitised, ReplacesOnlyWhatIsWrong) {
  EXPECT_EQ(sanitised("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(sanitised("a\0b"s),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(sanitised("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Sanitised, IsValidForAnyBytesAndKeepsValidText) {
  std::mt19937 random(7);
  // Few byte values, so that sequences come out nearly right.
  constexpr std::string_view kBytes = "a\xC2\x80\xE0\xA0\xED\x9F\xBF\xF0\x90\xF4\x8F\xFF";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 9; n > 0; --n) text += kBytes[random() % kBytes.size()];
    const std::string clean = sanitised(text);
    EXPECT_TRUE(is_valid_utf8(clean));
    if (is_valid_utf8(text)) {
      EXPECT_EQ(clean, text);
    }
    EXPECT_TRUE(is_valid_utf8(json_string(text)));
    EXPECT_TRUE(is_valid_utf8(escape_terminal(text)));
  }
}

TEST(HexPrefix, CutsAndSpaces) {
  EXPECT_EQ(hex_prefix("foo", 8), "66 6f 6f");
  EXPECT_EQ(hex_prefix("foo", 2), "66 6f");
  EXPECT_EQ(hex_prefix("\xFF", 1), "ff");
  EXPECT_EQ(hex_prefix("", 4), "");
}

TEST(AsciiCase, FoldsAsciiOnly) {
  EXPECT_EQ(to_lower("CRON-Ünit Z[@"), "cron-Ünit z[@");
  EXPECT_TRUE(iequals("SSHD", "sshd"));
  EXPECT_FALSE(iequals("sshd", "sshd2"));
  EXPECT_FALSE(iequals("\xC3\x9C", "\xC3\xBC"));
}

}  // namespace
}  // namespace vakt
