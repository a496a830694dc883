// Writing and reading bytes for disk and wire. Integers in keys are big-endian, so that keys sort
// by number; in values they are LEB128 varints. A reader never reads past its end: after the first
// short or malformed read `ok()` is false and every further read gives zero or empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vakt {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void be16(std::uint16_t v) { big_endian(v, 2); }
  void be32(std::uint32_t v) { big_endian(v, 4); }
  void be64(std::uint64_t v) { big_endian(v, 8); }
  void varint(std::uint64_t v) {
    while (v >= 0x80) {
      u8(static_cast<std::uint8_t>(v | 0x80));
      v >>= 7;
    }
    u8(static_cast<std::uint8_t>(v));
  }
  // Signed values near zero stay short (zigzag).
  void svarint(std::int64_t v) {
    varint((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
  }
  void bytes(std::string_view v) {  // length, then the bytes
    varint(v.size());
    out_.append(v);
  }

 private:
  void big_endian(std::uint64_t v, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) u8(static_cast<std::uint8_t>(v >> (8 * i)));
  }
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  std::uint8_t u8() {
    if (in_.empty()) return fail();
    const auto v = static_cast<std::uint8_t>(in_[0]);
    in_.remove_prefix(1);
    return v;
  }
  std::uint16_t be16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t be32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t be64() { return big_endian(8); }
  std::uint64_t varint() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = u8();
      v |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if ((b & 0x80) == 0) return v;
    }
    return fail();
  }
  std::int64_t svarint() {
    const std::uint64_t v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::string_view bytes() {
    const std::uint64_t size = varint();
    if (size > in_.size()) {
      fail();
      return {};
    }
    const std::string_view v = in_.substr(0, size);
    in_.remove_prefix(size);
    return v;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  std::string_view rest() const { return in_; }

 private:
  std::uint8_t fail() {
    ok_ = false;
    in_ = {};
    return 0;
  }
  std::uint64_t big_endian(int bytes) {
    std::uint64_t v = 0;
    for (int i = 0; i < bytes; ++i) v = (v << 8) | u8();
    return v;
  }

  std::string_view in_;
  bool ok_ = true;
};

}  // namespace vakt
