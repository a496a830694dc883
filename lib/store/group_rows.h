// Groups that the engine keeps in the store instead of in memory, as rows that the store does not
// look into but for their first bytes: an expiry.
//
// Rows change only with a commit that carries a checkpoint: together they are the state as of it.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace vakt::store {

struct GroupRow {
  std::string key;
  std::string value;
};

// Applied in this order.
struct GroupChanges {
  std::vector<std::pair<std::string, std::string>> removed_ranges;  // [first, second)
  std::vector<std::string> removed;
  std::vector<GroupRow> put;
  // Rows of a group (kGroupRow) begin with two sortable times. When the first is not after
  // over_until of its lane and the second not after late_until of it, the row is of no use to
  // anybody: compaction may leave it out.
  std::array<Time, 2> over_until{kTimeMin, kTimeMin};
  std::array<Time, 2> late_until{kTimeMin, kTimeMin};
};

// Kinds of rows: the first byte of a key. The second is 0 for live groups and 1 for history; of
// kTimerRow 2 and 3 are what is due in received time.
inline constexpr char kGroupRow = 'g';     // detector, group -> expiry, state
inline constexpr char kTimerRow = 't';     // when something is due -> detector, group
inline constexpr char kIncidentRow = 'i';  // (without the second byte) incident -> key of its group

}  // namespace vakt::store
