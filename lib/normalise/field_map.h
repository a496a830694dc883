// A field map made ready for records: names are numbers, routes a tree of hash tables. Immutable.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/batch.h"
#include "normalise/program_table.h"

namespace vakt::normalise {

// Fields that conditions and routes look at have a place in one small array: see Seen.
inline constexpr std::size_t kSlotsMax = 128;
inline constexpr std::uint8_t kNoSlot = 0xFF;
inline constexpr std::size_t kTemplatePartsMax = 16;

using Slots = std::bitset<kSlotsMax>;

// Where the first value of each such field is in an event. Only those that are present are valid,
// and the array is not cleared: most events have none.
struct Seen {
  std::span<const event::Field> fields;
  Slots present;
  std::array<std::uint32_t, kSlotsMax> at;
  bool has(std::uint8_t slot) const { return present[slot]; }
  std::string_view text(std::uint8_t slot) const { return fields[at[slot]].text; }
};

// A value with '*' at its start, its end or both; ASCII letter case is free.
struct ValuePattern {
  std::string text;  // lower case, without '*'
  bool open_start = false;
  bool open_end = false;
  explicit ValuePattern(std::string_view pattern);
  bool matches(std::string_view value) const;
};

struct Condition {
  std::uint8_t slot = 0;
  std::vector<ValuePattern> values;
};

struct Alternative {
  Slots slots;  // that all must be present
  std::vector<Condition> conditions;
  bool holds(const Seen& seen) const;
};

// What a field is filled from.
struct FillSource {
  struct Part {
    event::FieldId field = event::kNoField;  // none: the literal
    std::string text;
  };
  std::vector<Part> parts;
  event::FieldId table_field = event::kNoField;
  std::vector<std::pair<std::string, std::string>> table;

  // Null data() where a field is missing. A view of the field, or made in batch.text().
  std::string_view make(event::Batch& batch) const;

 private:
  std::string_view look_up(event::Batch& batch) const;
};

struct Fill {
  event::FieldId target = event::kNoField;
  std::vector<FillSource> alternatives;
};

struct RouteNode {
  std::uint32_t labels = 0;  // number of the set of labels, those of the nodes above included
  std::vector<Fill> fills;   // likewise
  std::vector<std::uint8_t> by;
  ProgramTable values;
  std::vector<RouteNode> children;  // by number in `values`
  std::vector<std::uint32_t> child_of_value;

  const RouteNode& descend(const Seen& seen) const;
};

struct FieldMap {
  std::vector<Alternative> when;
  RouteNode root;
  bool applies(const Seen& seen) const;
};

// Adds what `fills` can make, but for names that the batch's last event has already.
void add_fills(event::Batch& batch, const std::vector<Fill>& fills);

}  // namespace vakt::normalise
