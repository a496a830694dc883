#include "audit/note_key.h"

#include <gtest/gtest.h>

#include "audit/base64.h"
#include "audit/sha256.h"
#include "lib/audit/sample.h"

namespace vakt::audit {
namespace {

// Written with the openssl command line: pkey, and pkeyutl -sign -rawin.
constexpr std::string_view kPublic =
    "vakt.example.com/audit+f0ae1547+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
constexpr std::string_view kPrivate =
    "PRIVATE+KEY+vakt.example.com/audit+f0ae1547+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

TEST(NoteKey, TextsOfAKnownSeed) {
  const SigningKey key = sample_key();
  EXPECT_EQ(key.verifier().text(), kPublic);
  EXPECT_EQ(key.text(), kPrivate);
  EXPECT_EQ(key.verifier().id(), 0xF0AE1547u);
}

TEST(NoteKey, TextsRoundTrip) {
  const auto verifier = parse_verifier_key(kPublic);
  ASSERT_TRUE(verifier) << verifier.error().message;
  EXPECT_EQ(*verifier, sample_key().verifier());
  const auto key = parse_signing_key(kPrivate);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->text(), kPrivate);
}

// The key and note of the documentation of Go's sumdb/note, where the format comes from.
TEST(NoteKey, AgreesWithGo) {
  const auto key = parse_signing_key(
      "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->verifier().text(),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const Signature signature = key->sign(
      "If you think cryptography is the answer to your problem,\n"
      "then you don't know what your problem is.\n");
  EXPECT_EQ(
      encode_base64("\xc7\x4f\x20\xa3" + std::string(view(signature))),
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJ"
      "nAM=");
}

TEST(NoteKey, AnyChangeOfATextIsRefused) {
  for (std::size_t i = 0; i < kPublic.size(); ++i) {
    std::string text(kPublic);
    text[i] = text[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(parse_verifier_key(text)) << text;
  }
  for (const std::string& bad :
       {std::string(), std::string("name"), std::string("++"), std::string("name+f0ae1547+"),
        std::string(kPublic) + "\n", " " + std::string(kPublic),
        std::string(kPublic.substr(0, kPublic.size() - 4)), std::string(kPrivate),
        std::string(kPublic) + "AAAA"})
    EXPECT_FALSE(parse_verifier_key(bad)) << bad;
  // One digit of the id in the other case.
  std::string upper(kPublic);
  upper[upper.find("f0ae")] = 'F';
  EXPECT_FALSE(parse_verifier_key(upper));
}

TEST(NoteKey, ErrorsDoNotTellTheSecret) {
  for (std::size_t i = 0; i < kPrivate.size(); ++i) {
    std::string text(kPrivate);
    text[i] = text[i] == 'a' ? 'b' : 'a';
    const auto key = parse_signing_key(text);
    ASSERT_FALSE(key) << i;
    EXPECT_EQ(key.error().message.find("AQEBAQ"), std::string::npos);
    EXPECT_EQ(key.error().message.find("audit"), std::string::npos);
  }
  EXPECT_FALSE(parse_signing_key(kPublic));
  EXPECT_FALSE(parse_signing_key(std::string(kPrivate) + "\n"));
}

TEST(NoteKey, Names) {
  for (const std::string& good : {std::string("a"), std::string("vakt.example.com/audit"),
                                  std::string(kKeyNameBytesMax, 'x')})
    EXPECT_TRUE(SigningKey::make(good, Seed{})) << good;
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a+b"),
                                 std::string("a\n"), std::string("a\x7F"), std::string("\xC3\xA5"),
                                 std::string("a\0", 2), std::string(kKeyNameBytesMax + 1, 'x')})
    EXPECT_FALSE(SigningKey::make(bad, Seed{})) << bad;
}

TEST(NoteKey, VerifiesItsOwnSignaturesOnly) {
  const SigningKey key = sample_key();
  const Signature signature = key.sign("text");
  EXPECT_TRUE(key.verifier().verify("text", signature));
  EXPECT_FALSE(key.verifier().verify("text ", signature));
  EXPECT_FALSE(key.verifier().verify("", signature));
  EXPECT_FALSE(sample_key(2).verifier().verify("text", signature));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Signature wrong = signature;
    wrong[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(key.verifier().verify("text", wrong)) << bit;
  }
}

}  // namespace
}  // namespace vakt::audit
