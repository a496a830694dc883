// A hit's bytes: rule id, times, flags, source, raw text, fields by name. Versioned; decoding
// checks everything it reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "event/hit.h"

namespace vakt::store {

// Names instead of numbers, so that it outlives the rule set it was made with. Views point into the
// decoded bytes.
struct StoredHit {
  std::string_view rule_id;
  Hash128 rule_hash;
  Time event_time;
  Time received_time;
  std::uint16_t flags = 0;
  std::string_view source;
  std::string_view raw;
  struct NamedField {
    std::string_view name;
    event::ValueKind kind = event::ValueKind::string;
    std::string_view text;
  };
  std::vector<NamedField> fields;
};

void encode_hit(const event::Hit& hit, std::string_view rule_id, Hash128 rule_hash,
                const event::FieldNames& names, std::string& out);
std::optional<StoredHit> decode_hit(std::string_view bytes);

}  // namespace vakt::store
