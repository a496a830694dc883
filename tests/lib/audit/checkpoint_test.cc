#include "audit/checkpoint.h"

#include <gtest/gtest.h>

#include "audit/base64.h"
#include "lib/audit/sample.h"

namespace vakt::audit {
namespace {

// Text and signature written with the openssl command line (pkeyutl -sign -rawin), seed 01…01.
constexpr std::string_view kText =
    "vakt.example.com/audit\n"
    "0\n"
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    "time 2026-11-28T09:00:00Z\n";
constexpr std::string_view kSignature =
    "— vakt.example.com/audit "
    "8K4VR7Wfem4rJeoUDspmKlX23ouQxbArNBRKnWkK84usWLkJtjLEfWW4FHGEBxu8dJTwrTNQ36PUpQaEZh/"
    "sfXHwGgk=\n";
constexpr std::string_view kWitness =
    "— witness.example.net/w1 "
    "AAAAAWFueSBieXRlcyBvZiBhbnkgbGVuZ3Ro\n";

std::string note(std::string_view text, std::string_view signatures) {
  return std::string(text) + "\n" + std::string(signatures);
}

// Signed by the key of the log, whatever it says.
std::string signed_note(std::string_view text, const SigningKey& key = sample_key()) {
  std::string bytes("\xF0\xAE\x15\x47");
  bytes += view(key.sign(text));
  return note(text, "— vakt.example.com/audit " + encode_base64(bytes) + "\n");
}

Checkpoint known() {
  return {"vakt.example.com/audit", {0, empty_root()}, *parse_rfc3339("2026-11-28T09:00:00Z")};
}

Result<Checkpoint> open(std::string_view text) {
  return open_checkpoint(text, sample_key().verifier());
}

TEST(Checkpoint, KnownAnswer) {
  const std::string expected = note(kText, kSignature);
  EXPECT_EQ(sign_checkpoint(known().head, known().at, sample_key()), expected);
  const auto opened = open(expected);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(*opened, known());
}

TEST(Checkpoint, RoundTrips) {
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{17}, UINT64_MAX}) {
    for (const char* time : {"1970-01-01T00:00:00Z", "2026-11-28T09:00:00.123456789Z"}) {
      const TreeHead head{size, sha256({std::to_string(size)})};
      const auto opened = open(sign_checkpoint(head, *parse_rfc3339(time), sample_key()));
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(opened->head, head);
      EXPECT_EQ(opened->at, *parse_rfc3339(time));
    }
  }
}

TEST(Checkpoint, ChangeAtAnyByteIsRefused) {
  const std::string good = note(kText, kSignature);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] ^= static_cast<char>(1 << bit);
      ASSERT_FALSE(open(bad)) << i << ' ' << bit;
    }
    for (const char c : {'\n', ' ', 'A', '='}) {
      std::string bad = good;
      bad[i] = c;
      ASSERT_EQ(open(bad).has_value(), c == good[i]) << i;
    }
    std::string shorter = good;
    shorter.erase(i, 1);
    ASSERT_FALSE(open(shorter)) << i;
    ASSERT_FALSE(open(std::string_view(good).substr(0, i))) << i;
    for (const char c : {'\n', ' ', 'A', '='}) {
      std::string longer = good;
      longer.insert(i, 1, c);
      ASSERT_FALSE(open(longer)) << i;
    }
  }
  EXPECT_FALSE(open(good + "\n"));
  EXPECT_FALSE(open(good + good));
}

TEST(Checkpoint, OtherSignaturesArePassedOver) {
  for (const std::string& signatures :
       {std::string(kWitness) + std::string(kSignature),
        std::string(kSignature) + std::string(kWitness) + std::string(kWitness),
        std::string(kSignature) + std::string(kSignature)}) {
    const auto opened = open(note(kText, signatures));
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(*opened, known());
  }
  // Another key of the log's name, as after a change of keys, and one with the same id by chance.
  std::string other = signed_note(kText, sample_key(2));
  EXPECT_FALSE(open(other)) << "the id of the key, the signature of another";
  std::string rotated = sign_checkpoint(known().head, known().at, sample_key(2));
  EXPECT_FALSE(open(rotated));
  EXPECT_TRUE(open(rotated + std::string(kSignature)));
  std::string renamed(kSignature);
  renamed.replace(renamed.find("vakt."), 5, "else.");
  EXPECT_FALSE(open(note(kText, renamed)));
}

TEST(Checkpoint, OneWrongSignatureOfTheKeySpoilsAll) {
  std::string wrong(kSignature);
  wrong[wrong.size() - 10] ^= 1;
  EXPECT_FALSE(open(note(kText, std::string(kSignature) + wrong)));
  EXPECT_FALSE(open(note(kText, wrong + std::string(kSignature))));
}

TEST(Checkpoint, MalformedSignatureLinesAreRefused) {
  for (const char* line :
       {"x\n", "\n", "— a\n", "—  AAAAAAA=\n", "— a AAAA\n", "— a AAAAAAB=\n", "- a AAAAAAA=\n",
        "— a b AAAAAAA=\n", "— a AAAAAAA=\r\n", "— a AAAAAAA= \n", "— a AAAAAAA="})
    EXPECT_FALSE(open(note(kText, std::string(kSignature) + line))) << line;
  EXPECT_TRUE(open(note(kText, std::string(kSignature) + "— a AAAAAAA=\n")));
}

// Signed, but not by a Vakt that works: text that can be read in two ways is not taken.
TEST(Checkpoint, SignedNonsenseIsRefused) {
  const std::string origin = "vakt.example.com/audit\n";
  const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  const std::string time = "time 2026-11-28T09:00:00Z\n";
  ASSERT_TRUE(open(signed_note(origin + "0\n" + root + time)));
  for (const std::string& text : {origin,
                                  origin + "0\n",
                                  origin + "0\n" + root,
                                  origin + "00\n" + root + time,
                                  origin + "+1\n" + root + time,
                                  origin + "-1\n" + root + time,
                                  origin + "1 \n" + root + time,
                                  origin + "\n" + root + time,
                                  origin + "18446744073709551616\n" + root + time,
                                  origin + "0\n" + root + time + "more\n",
                                  origin + "0\n" + root + time + "\n",
                                  "\n0\n" + root + time,
                                  origin + "0\n" + root.substr(1) + time,
                                  origin + "0\n" + root + "time now\n",
                                  origin + "0\n" + root + "time 2026-11-28T10:00:00+01:00\n",
                                  origin + "0\n" + root + "time 2026-11-28T09:00:00.0Z\n",
                                  origin + "0\n" + root + "at 2026-11-28T09:00:00Z\n",
                                  "other.example.com/audit\n0\n" + root + time,
                                  std::string("\n"),
                                  std::string()})
    EXPECT_FALSE(open(signed_note(text))) << text;
}

TEST(Checkpoint, ControlCharactersAndBadUtf8AreRefused) {
  EXPECT_FALSE(open(note(kText, std::string(kSignature) + "— a\x01 AAAAAAA=\n")));
  EXPECT_FALSE(open(note(kText, std::string(kSignature) + "— a\xFF AAAAAAA=\n")));
}

TEST(Checkpoint, SizeIsBounded) {
  std::string signatures(kSignature);
  while (signatures.size() + kText.size() < kCheckpointBytesMax) signatures += kWitness;
  EXPECT_EQ(open(note(kText, signatures)).error().code, Errc::too_large);
  signatures.resize(signatures.size() - kWitness.size());
  EXPECT_TRUE(open(note(kText, signatures)));
}

TEST(Checkpoint, ErrorsSayWhatIsWrong) {
  const std::pair<std::string, std::string_view> rows[] = {
      {std::string(kText), "not a signed note"},
      {note(kText, kWitness), "is not signed by the key vakt.example.com/audit (f0ae1547)"},
      {note("x" + std::string(kText), kSignature), "was changed"},
      {note(kText, "junk\n"), "malformed"},
      {signed_note("\n0\n"), "name of a log"},
      {signed_note("a\n0\nAAAA\n"), "root"},
      {signed_note("vakt.example.com/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
       "no time"},
  };
  for (const auto& [text, says] : rows) {
    const auto opened = open(text);
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, Errc::invalid);
    EXPECT_NE(opened.error().message.find(says), std::string::npos) << opened.error().message;
  }
}

}  // namespace
}  // namespace vakt::audit
