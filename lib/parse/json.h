// JSON records: one object a frame, flattened to dotted names ({"a":{"b":1}} is a.b = 1).
//
// simdjson On Demand, one document per frame (never iterate_many: one bad line would take others
// with it), walked to its end before it counts as valid. Arrays repeat the name; arrays of objects
// flatten into the same names; an empty array is null; an empty object contributes nothing. A
// duplicate key is kept twice (any of them can match). Depth at most 64, at most 1,024 fields.
// A member that is itself dotted ("a.b": 1) is the same name as the nested one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "event/batch.h"

namespace vakt::parse {

enum class JsonError : std::uint8_t { none, syntax, not_an_object, too_deep, too_many_fields };

class JsonParser {  // one per thread
 public:
  explicit JsonParser(std::size_t frame_bytes_max);
  ~JsonParser();

  // Parses the raw text of the batch's last event and adds to it a field for every leaf whose name
  // `names` knows, under each name that its spelling stands for; or only for names as they are,
  // where the sender vouches for them (`spelled` false). Sets Event::keywords when
  // `want_keywords`. On error the event is left without fields. The bytes after the frame are
  // readable (event::kPaddingBytes).
  //
  // Texts without escapes are views into the frame, others lie in batch.text(). Of a frame with NUL
  // or invalid UTF-8 a copy with U+FFFD there is parsed; the flags are the caller's to set.
  JsonError parse(event::Batch& batch, const event::FieldNames& names, bool want_keywords,
                  bool spelled = true);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Does a frame look like a JSON record (first byte '{' after spaces)?
bool looks_like_json(std::string_view frame);

}  // namespace vakt::parse
