// What the stored records of this folder share: times, and the refusal of bytes that no encoder
// wrote. A record starts with its version byte. There is no checksum: the store frames and checks
// every value that it keeps. Pure.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text.h"
#include "base/time.h"

namespace vakt::access {

// A record of this folder is a few hundred bytes; more is refused before it is read.
inline constexpr std::size_t kRecordBytesMax = 8 * 1024;

// Records hold any time; adding to it must not overflow. `duration` is not negative.
inline Time plus(Time time, Duration duration) {
  return time > kTimeMax - duration ? kTimeMax : time + duration;
}

inline void write_time(ByteWriter& writer, Time time) { writer.svarint(to_ns(time)); }
inline void write_optional_time(ByteWriter& writer, const std::optional<Time>& time) {
  writer.u8(time ? 1 : 0);
  if (time) write_time(writer, *time);
}
inline Time read_time(ByteReader& reader) { return from_ns(reader.svarint()); }
inline std::optional<Time> read_optional_time(ByteReader& reader) {
  if (reader.u8() == 0) return std::nullopt;
  return read_time(reader);
}

inline tl::unexpected<Error> bad_record(std::string_view what, std::string_view bytes,
                                        std::uint8_t version) {
  const int found = bytes.empty() ? -1 : static_cast<unsigned char>(bytes[0]);
  return fail(Errc::corrupt,
              found >= 0 && found != version
                  ? fmt::format("the stored {} has version {}, this program reads {}: start the "
                                "program that wrote it",
                                what, found, version)
                  : fmt::format("the stored {} is damaged: restore it from a backup", what));
}

// One line of text that may be shown: `bytes_min` to `bytes_max` bytes of UTF-8 without control
// characters, and without those that turn the direction of writing.
inline bool is_plain_text(std::string_view text, std::size_t bytes_min, std::size_t bytes_max) {
  return text.size() >= bytes_min && text.size() <= bytes_max && escape_terminal(text) == text;
}

}  // namespace vakt::access
