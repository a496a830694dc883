#include "access/base62.h"

#include <gtest/gtest.h>

#include "access/digest.h"
#include "support.h"

namespace vakt::access {
namespace {

TEST(Base62, KnownValues) {
  const std::pair<std::string, std::string_view> rows[] = {
      {std::string(4, '\0'), "000000"},         {std::string("\0\0\0\x01", 4), "000001"},
      {std::string("\0\0\0\x3d", 4), "00000z"}, {std::string("\0\0\0\x3e", 4), "000010"},
      {"\xff\xff\xff\xff", "4gfFC3"},  // 4294967295
  };
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(to_base62(bytes, 6), text);
    EXPECT_EQ(from_base62(text, 4), bytes);
  }
  for (const std::string_view bad : {"4gfFC4", "zzzzzz", "00000-", "00000_", "0000 0"})
    EXPECT_EQ(from_base62(bad, 4), std::nullopt) << bad;
  EXPECT_EQ(from_base62(std::string("00000\0", 6), 4), std::nullopt);
}

TEST(Base62, EverySecretHasOneText) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::string secret = noise(kSecretBytes, seed);
    if (seed == 0) secret.assign(kSecretBytes, '\xff');
    const std::string text = to_base62(secret, kSecretDigits);
    ASSERT_EQ(text.size(), kSecretDigits);
    ASSERT_EQ(from_base62(text, kSecretBytes), secret);
  }
  EXPECT_EQ(from_base62(std::string(kSecretDigits, 'z'), kSecretBytes), std::nullopt);
}

std::string hex(const Digest& digest) {
  std::string out;
  for (const unsigned char byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

TEST(Digest, KnownAnswers) {
  // FIPS 180-4's example, and RFC 4231 test case 2.
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(equal("", ""));
  EXPECT_TRUE(equal("abc", "abc"));
  for (const std::string_view other : {"", "ab", "abcd", "abd", "bbc"})
    EXPECT_FALSE(equal("abc", other)) << other;
}

TEST(Digest, WipesAtTheEnd) {
  std::string secret = "a secret longer than a short string's own room";
  { const WipeAtEnd wipe(secret); }
  EXPECT_EQ(secret.find_first_not_of('\0'), std::string::npos);
}

}  // namespace
}  // namespace vakt::access
