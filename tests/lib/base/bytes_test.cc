#include "base/bytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace vakt {
namespace {

using namespace std::string_literals;

template <class T>
std::vector<T> telling_numbers() {
  using L = std::numeric_limits<T>;
  return {0,
          1,
          static_cast<T>(-1),
          63,
          64,
          127,
          static_cast<T>(128),
          static_cast<T>(-64),
          static_cast<T>(-65),
          L::max(),
          static_cast<T>(L::max() - 1),
          L::min()};
}

TEST(Bytes, BigEndianNumbersSortAsBytes) {
  std::string last;
  for (const std::uint64_t v : {0ull, 1ull, 255ull, 256ull, 65'535ull, 1ull << 32, ~0ull}) {
    std::string bytes;
    ByteWriter(bytes).be64(v);
    ASSERT_EQ(bytes.size(), 8u);
    EXPECT_LE(last, bytes);
    last = bytes;
  }
  std::string bytes;
  ByteWriter(bytes).be32(0x01020304);
  EXPECT_EQ(bytes, "\x01\x02\x03\x04");
}

TEST(Bytes, VarintsAreShortForSmallNumbers) {
  const std::vector<std::pair<std::uint64_t, std::size_t>> rows{
      {0, 1}, {127, 1}, {128, 2}, {16'383, 2}, {16'384, 3}, {~0ull, 10}};
  for (const auto& [v, size] : rows) {
    std::string bytes;
    ByteWriter(bytes).varint(v);
    EXPECT_EQ(bytes.size(), size) << v;
  }
  std::string bytes;
  ByteWriter(bytes).svarint(-1);
  EXPECT_EQ(bytes, "\x01");
}

TEST(Bytes, RoundTrip) {
  for (const std::uint64_t v : telling_numbers<std::uint64_t>()) {
    for (const std::int64_t s : telling_numbers<std::int64_t>()) {
      std::string bytes;
      ByteWriter out(bytes);
      out.u8(static_cast<std::uint8_t>(v));
      out.be16(static_cast<std::uint16_t>(v));
      out.be32(static_cast<std::uint32_t>(v));
      out.be64(v);
      out.varint(v);
      out.svarint(s);
      out.bytes("a\0b"s);
      out.bytes("");
      ByteReader in(bytes);
      EXPECT_EQ(in.u8(), static_cast<std::uint8_t>(v));
      EXPECT_EQ(in.be16(), static_cast<std::uint16_t>(v));
      EXPECT_EQ(in.be32(), static_cast<std::uint32_t>(v));
      EXPECT_EQ(in.be64(), v);
      EXPECT_EQ(in.varint(), v);
      EXPECT_EQ(in.svarint(), s);
      EXPECT_EQ(in.bytes(), "a\0b"s);
      EXPECT_EQ(in.bytes(), "");
      EXPECT_TRUE(in.ok());
      EXPECT_TRUE(in.at_end());
    }
  }
}

// Every proper prefix of a record, in a block of exactly its size, is noticed as torn.
TEST(Bytes, TornInputIsNoticedAndNeverOverread) {
  std::string whole;
  ByteWriter out(whole);
  out.u8(7);
  out.be16(300);
  out.be32(70'000);
  out.be64(1ull << 40);
  out.varint(1ull << 50);
  out.svarint(-(1ll << 50));
  out.bytes(std::string(200, 'x'));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto block = std::make_unique<char[]>(size);
    std::memcpy(block.get(), whole.data(), size);
    ByteReader in({block.get(), size});
    in.u8();
    in.be16();
    in.be32();
    in.be64();
    in.varint();
    in.svarint();
    EXPECT_EQ(in.bytes(), "") << size;
    EXPECT_FALSE(in.ok()) << size;
    EXPECT_TRUE(in.at_end());
    // After the first failure everything is zero or empty.
    EXPECT_EQ(in.u8(), 0);
    EXPECT_EQ(in.be64(), 0u);
    EXPECT_EQ(in.varint(), 0u);
    EXPECT_EQ(in.bytes(), "");
  }
}

TEST(Bytes, MalformedNumbersFail) {
  ByteReader endless(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 12));
  EXPECT_EQ(endless.varint(), 0u);
  EXPECT_FALSE(endless.ok());
  ByteReader longer_than_there_is(
      std::string_view("\x05"
                       "abc",
                       4));
  EXPECT_EQ(longer_than_there_is.bytes(), "");
  EXPECT_FALSE(longer_than_there_is.ok());
  std::string huge;
  ByteWriter(huge).varint(~0ull);
  ByteReader in(huge);
  EXPECT_EQ(in.bytes(), "");
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, AnyBytesEndTheReaderInGoodOrder) {
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t size = random() % 24;
    const auto block = std::make_unique<char[]>(size);
    for (std::size_t n = 0; n < size; ++n) block[n] = static_cast<char>(random());
    ByteReader in({block.get(), size});
    for (int step = 0; step < 30 && in.ok(); ++step) {
      switch (random() % 4) {
        case 0:
          in.varint();
          break;
        case 1:
          in.svarint();
          break;
        case 2:
          in.be32();
          break;
        default:
          in.bytes();
          break;
      }
      EXPECT_LE(in.rest().size(), size);
    }
    EXPECT_FALSE(in.ok());
  }
}

}  // namespace
}  // namespace vakt
