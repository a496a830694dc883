#include "audit/entry.h"

#include <gtest/gtest.h>

#include <functional>

#include "audit/merkle.h"
#include "lib/audit/sample.h"

namespace vakt::audit {
namespace {

Entry minimal() {
  Entry entry;
  entry.actor = "a";
  entry.action = "b";
  EXPECT_TRUE(seal(entry, {}));
  return entry;
}

Entry largest() {
  Entry entry;
  entry.index = UINT64_MAX;
  entry.commit = UINT64_MAX;
  entry.at = kTimeMax;
  entry.actor = std::string(kActorBytesMax, 'a');
  entry.role = std::string(kRoleBytesMax, '\0');
  entry.action = std::string(kActionBytesMax, '\n');
  entry.subject = std::string(kSubjectBytesMax, '\xFF');
  EXPECT_TRUE(seal(entry, {salt_of(7), std::string(kPayloadBytesMax, 'p')}));
  return entry;
}

Entry erased(Entry entry) {
  erase(entry);
  return entry;
}

TEST(Entry, RoundTrips) {
  Entry before_1970 = sample_entry(5);
  before_1970.at = kTimeMin;
  for (const Entry& entry : {minimal(), largest(), sample_entry(0), sample_entry(300), before_1970,
                             erased(minimal()), erased(largest()), erased(sample_entry(3))}) {
    const auto decoded = decode_entry(encode_entry(entry));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, entry);
    EXPECT_EQ(leaf_of(*decoded), leaf_of(entry));
  }
}

// The layout in README.md, byte by byte: whoever verifies without Vakt relies on it.
TEST(Entry, LeafHasTheDocumentedBytes) {
  Entry entry;
  entry.index = 0x0102;
  entry.commit = 0x0304;
  entry.at = from_ns(-2);
  entry.actor = "eva";
  entry.action = "note";
  entry.subject = std::string(200, 's');
  ASSERT_TRUE(seal(entry, {salt_of(1), "{}"}));
  std::string expected("\1\0\0\0\0\0\0\1\2\0\0\0\0\0\0\3\4", 17);
  expected += std::string(7, '\xFF') + "\xFE\3eva";
  expected += std::string("\0\4note\xC8\1", 8) + entry.subject;
  const Salt salt = salt_of(1);
  expected += view(sha256({view(salt), "{}"}));
  EXPECT_EQ(leaf_bytes(entry), expected);
  EXPECT_EQ(encode_entry(entry), expected + '\1' + std::string(view(salt)) + "\2{}");
  EXPECT_EQ(encode_entry(erased(entry)), expected + '\0');
}

TEST(Entry, EveryFieldIsInTheLeaf) {
  const std::function<void(Entry&)> changes[] = {
      [](Entry& e) { ++e.index; },
      [](Entry& e) { ++e.commit; },
      [](Entry& e) { e.at += Duration(1); },
      [](Entry& e) { e.actor += 'x'; },
      [](Entry& e) { e.role += 'x'; },
      [](Entry& e) { e.action += 'x'; },
      [](Entry& e) { e.subject += 'x'; },
      [](Entry& e) {
        ASSERT_TRUE(seal(e, {e.content->salt, e.content->payload + 'x'}));
      },
      [](Entry& e) {
        ASSERT_TRUE(seal(e, {salt_of(99), e.content->payload}));
      },
      // The same letters, but not in the same fields.
      [](Entry& e) {
        e.role.insert(e.role.begin(), e.actor.back());
        e.actor.pop_back();
      },
  };
  const Entry entry = sample_entry(1);
  for (const auto& change : changes) {
    Entry changed = entry;
    change(changed);
    EXPECT_NE(leaf_of(changed), leaf_of(entry));
  }
}

TEST(Entry, PayloadIsHeldByItsDigest) {
  Entry entry = sample_entry(1);
  EXPECT_TRUE(payload_matches(entry));
  entry.content->payload[0] ^= 1;
  EXPECT_FALSE(payload_matches(entry));
  entry.content->payload[0] ^= 1;
  entry.content->salt[31] ^= 1;
  EXPECT_FALSE(payload_matches(entry));
}

TEST(Entry, ErasureKeepsTheLeafAndNothingOfThePayload) {
  Entry entry = sample_entry(1);
  const Digest leaf = leaf_of(entry);
  const std::string payload = entry.content->payload;
  const Salt salt = entry.content->salt;
  erase(entry);
  EXPECT_EQ(leaf_of(entry), leaf);
  EXPECT_TRUE(payload_matches(entry));
  const std::string bytes = encode_entry(entry);
  EXPECT_EQ(bytes.find(payload), std::string::npos);
  EXPECT_EQ(bytes.find(view(salt)), std::string::npos);
}

// Without the salt, who guesses the payload would find it confirmed by the digest that is left.
TEST(Entry, DigestDoesNotConfirmAGuess) {
  const Entry entry = sample_entry(1);
  EXPECT_NE(entry.payload_digest, sha256({entry.content->payload}));
  Entry other = entry;
  ASSERT_TRUE(seal(other, {salt_of(2), entry.content->payload}));
  EXPECT_NE(other.payload_digest, entry.payload_digest);
}

TEST(Entry, OutOfBoundsIsRefusedAndChangesNothing) {
  struct Row {
    std::function<void(Entry&, Content&)> make;
    Errc code;
    std::string_view says;
  };
  const Row rows[] = {
      {[](Entry& e, Content&) { e.actor.clear(); }, Errc::invalid, "actor"},
      {[](Entry& e, Content&) { e.action.clear(); }, Errc::invalid, "action"},
      {[](Entry& e, Content&) { e.actor.resize(kActorBytesMax + 1); }, Errc::too_large, "actor"},
      {[](Entry& e, Content&) { e.role.resize(kRoleBytesMax + 1); }, Errc::too_large, "role"},
      {[](Entry& e, Content&) { e.action.resize(kActionBytesMax + 1); }, Errc::too_large, "action"},
      {[](Entry& e, Content&) { e.subject.resize(kSubjectBytesMax + 1); }, Errc::too_large,
       "subject"},
      {[](Entry&, Content& c) { c.payload.resize(kPayloadBytesMax + 1); }, Errc::too_large,
       "payload"},
  };
  for (const Row& row : rows) {
    Entry entry = sample_entry(1);
    Content content{salt_of(2), "{}"};
    row.make(entry, content);
    const Entry before = entry;
    const auto sealed = seal(entry, content);
    ASSERT_FALSE(sealed) << row.says;
    EXPECT_EQ(sealed.error().code, row.code);
    EXPECT_NE(sealed.error().message.find(row.says), std::string::npos) << sealed.error().message;
    EXPECT_EQ(entry, before);
  }
}

TEST(Entry, TruncatedOrExtendedIsRefused) {
  for (const Entry& entry : {minimal(), sample_entry(1), erased(sample_entry(1))}) {
    const std::string bytes = encode_entry(entry);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode_entry(std::string_view(bytes).substr(0, size))) << size;
    for (const std::string& tail : {std::string(1, '\0'), std::string("\1"), bytes})
      EXPECT_FALSE(decode_entry(bytes + tail));
  }
}

TEST(Entry, OtherWaysOfWritingAreRefused) {
  Entry entry = minimal();
  const std::string bytes = encode_entry(entry);
  const std::size_t actor = 25;  // its length
  ASSERT_EQ(bytes.substr(actor, 2), "\1a");
  std::string padded = bytes;
  padded.replace(actor, 1, "\x81\x00", 2);
  EXPECT_FALSE(decode_entry(padded)) << "a length in two bytes";
  std::string wide = bytes;
  wide.replace(actor, 1, "\x81\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10);
  EXPECT_FALSE(decode_entry(wide)) << "a length of 2^64 and one";
  std::string version = bytes;
  version[0] = 2;
  EXPECT_FALSE(decode_entry(version));
  std::string mark = encode_entry(erased(entry));
  mark.back() = 2;
  EXPECT_FALSE(decode_entry(mark)) << "neither erased nor there";
  std::string nobody = bytes;
  nobody.replace(actor, 2, "\0", 1);
  EXPECT_FALSE(decode_entry(nobody)) << "without actor";
}

TEST(Entry, OutOfBoundsIsNotDecoded) {
  std::string bytes = encode_entry(largest());
  const std::size_t actor = 25;
  ASSERT_EQ(bytes.substr(actor, 2), "\x80\x02");
  bytes.replace(actor, 2, "\x81\x02");
  bytes.insert(actor + 2, 1, 'a');
  EXPECT_FALSE(decode_entry(bytes));
}

}  // namespace
}  // namespace vakt::audit
