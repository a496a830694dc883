#include "audit/sha256.h"

#include <gtest/gtest.h>

#include "audit/base64.h"

namespace vakt::audit {
namespace {

TEST(Sha256, KnownAnswersOfFips180) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& [text, hex] : rows) EXPECT_EQ(to_hex(sha256({text})), hex);
}

TEST(Sha256, PartsAreOneText) {
  EXPECT_EQ(sha256({"a", "", "bc"}), sha256({"abc"}));
  EXPECT_EQ(sha256({}), sha256({""}));
  EXPECT_NE(sha256({"b", "a"}), sha256({"ab"}));
}

TEST(Sha256, HexRoundTripsAndIsStrict) {
  const Digest digest = sha256({"x"});
  const std::string hex = to_hex(digest);
  EXPECT_EQ(parse_hex(hex), digest);
  std::string upper = hex;
  upper[hex.find_first_of("abcdef")] = 'A';
  for (const std::string& bad :
       {std::string(), hex.substr(1), hex + "0", upper, "g" + hex.substr(1), " " + hex.substr(1)})
    EXPECT_EQ(parse_hex(bad), std::nullopt) << bad;
}

TEST(Sha256, DigestOfBytesNeedsThirtyTwo) {
  const Digest digest = sha256({"x"});
  const std::string bytes(view(digest));
  EXPECT_EQ(to_digest(bytes), digest);
  EXPECT_EQ(to_digest(bytes + "x"), std::nullopt);
  EXPECT_EQ(to_digest(bytes.substr(1)), std::nullopt);
}

TEST(Base64, VectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFB\xEF\xFF", "++//"},
  };
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

TEST(Base64, EveryByteRoundTrips) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
    bytes.push_back(static_cast<char>(i));
  }
}

TEST(Base64, OnlyTheOneTextIsTaken) {
  for (const std::string_view bad :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "====", "Z===", "Zg==Zg==", "Zm9v\n",
        " Zm9v", "Zm9v    ", "\nZm8=", "Zm-_", "Zm8=\n\n\n\n", "Zm9v====", "Zm9v-AAA", "Z=9v"})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
  EXPECT_EQ(decode_base64(std::string(kBase64BytesMax + 4, 'A')), std::nullopt);
  EXPECT_TRUE(decode_base64(std::string(kBase64BytesMax, 'A')).has_value());
}

TEST(Base64, DigestHasThirtyTwoBytes) {
  const Digest digest = sha256({"x"});
  EXPECT_EQ(decode_base64_digest(encode_base64(view(digest))), digest);
  EXPECT_EQ(decode_base64_digest(encode_base64("short")), std::nullopt);
  EXPECT_EQ(decode_base64_digest("not base 64"), std::nullopt);
}

}  // namespace
}  // namespace vakt::audit
