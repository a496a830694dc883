// Facts: what people state about an incident beside working on it. What kind it is, what it hurts
// and whom, when what happened, who has which part. Each fact carries who stated it, when and why;
// what was stated before is in the timeline.
//
// One table says which there are (fact_infos()): the API and the command line read it. Values are
// kept as text in one form, checked when they are stated. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace vakt::incident {

// Numbers are stored: append only.
enum class FactId : std::uint8_t {
  kind,
  affected,
  services,
  systems,
  users_affected,
  users_affected_percent,
  users_affected_estimated,
  users_affected_method,
  cross_border,
  malicious,
  root_cause,
  rsit,
  tlp,
  iocs,
  duplicate_of,
  duplicates,
  caused_by,
  causes,
  recurrence_of,
  recurrences,
  occurred_at,
  detected_at,
  aware_at,
  significant,
  significance_decided_at,
  unavailable_from,
  restored_at,
  handled_at,
  role,
};

enum class Shape : std::uint8_t {
  one,  // a value
  set,  // values, each once: they are the keys
  map,  // a value by key
};
enum class ValueType : std::uint8_t {
  word,      // one of FactInfo::words
  text,      // at most kFactBytesMax, UTF-8 without control characters
  number,    // 0 .. 10^12
  percent,   // 0 .. 100, at most two decimals
  boolean,   // true, false
  time,      // RFC 3339 with an offset, not in the future; kept in UTC
  incident,  // 32 hexadecimal digits
};

struct FactInfo {
  FactId id;
  std::string_view name;  // in the API, the command line and the timeline
  Shape shape;
  ValueType type;
  std::string_view help;
  std::span<const std::string_view> words = {};  // that the value may be
  std::span<const std::string_view> keys = {};   // that a map may have; empty: any text
};

struct Fact {
  FactId id{};
  std::string key;    // of Shape::set and Shape::map; else empty
  std::string value;  // empty with Shape::set
  std::string by;
  Time at;
  std::string reason;
};

inline constexpr std::size_t kFactBytesMax = 1'024;  // of a key, and of a value
inline constexpr std::size_t kFactsMax = 1'000;      // of an incident

// What a person says: `value` nullopt takes it back.
struct Statement {
  FactId id{};
  std::string key;
  std::optional<std::string> value;
};

std::span<const FactInfo> fact_infos();
const FactInfo& info(FactId id);
const FactInfo* find_fact(std::string_view name);
// What the other incident of a link says: duplicate_of and duplicates, …
std::optional<FactId> reverse_of(FactId id);

class Facts {
 public:
  // Sorted by id, then key.
  const std::vector<Fact>& all() const { return all_; }
  const Fact* find(FactId id, std::string_view key = {}) const;
  // Of a time that was stated.
  std::optional<Time> time(FactId id) const;
  std::string_view text(FactId id) const;  // empty: not stated

  // What changes, for people: "tlp: none -> amber". Empty: nothing. On error nothing has changed,
  // and the message says what would have been right.
  Result<std::string> state(const Statement& statement, std::string_view by, Time at,
                            std::string_view reason);
  // As it was stored. False: not what state() would have left.
  bool restore(Fact fact);

 private:
  std::vector<Fact> all_;
};

}  // namespace vakt::incident
