// The frame of every small value in the store: version byte, payload, checksum over both. RocksDB
// checks its own blocks; this check also holds for a record that was copied, exported or forged,
// and makes each decoder's input either what an encoder wrote or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"

namespace vakt::store {

inline constexpr std::size_t kRecordChecksumBytes = 4;

inline std::uint32_t record_checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(hash64(bytes));
}

// Appends one record to `out`; finish() must be called once, last.
class RecordWriter : public ByteWriter {
 public:
  RecordWriter(std::string& out, std::uint8_t version)
      : ByteWriter(out), record_(out), start_(out.size()) {
    u8(version);
  }
  void time(Time value) { svarint(to_ns(value)); }
  void optional_time(const std::optional<Time>& value) {
    u8(value ? 1 : 0);
    if (value) time(*value);
  }
  void hash(Hash128 value) {
    be64(value.high);
    be64(value.low);
  }
  void finish() { be32(record_checksum(std::string_view(record_).substr(start_))); }

 private:
  std::string& record_;
  std::size_t start_;
};

// Reads the payload of one record. Not ok from the start when version or checksum are wrong.
class RecordReader : public ByteReader {
 public:
  RecordReader(std::string_view record, std::uint8_t version)
      : RecordReader(payload(record, version)) {}

  Time time() { return from_ns(svarint()); }
  std::optional<Time> optional_time() {
    if (u8() == 0) return std::nullopt;
    return time();
  }
  Hash128 hash() {
    Hash128 value;
    value.high = be64();
    value.low = be64();
    return value;
  }
  // Everything was there, and nothing else.
  bool complete() const { return framed_ && ok() && at_end(); }
  bool framed() const { return framed_; }

 private:
  explicit RecordReader(std::string_view payload)
      : ByteReader(payload), framed_(payload.data() != nullptr) {}
  // Without data: not a record of this version.
  static std::string_view payload(std::string_view record, std::uint8_t version) {
    if (record.size() < 1 + kRecordChecksumBytes) return {};
    const std::string_view body = record.substr(0, record.size() - kRecordChecksumBytes);
    ByteReader checksum(record.substr(body.size()));
    if (checksum.be32() != record_checksum(body)) return {};
    if (static_cast<std::uint8_t>(body[0]) != version) return {};
    return body.substr(1);
  }
  bool framed_;
};

}  // namespace vakt::store
