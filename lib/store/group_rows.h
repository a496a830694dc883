// Groups that the engine keeps in the store instead of in memory, as rows that the store does not
// look into but for their first bytes: an expiry.
//
// Rows change only with a commit that carries a checkpoint: together they are the state as of it.
#pragma once

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
  // Rows of a group (kGroupRow, live) whose first eight bytes, a sortable time, are not after this
  // one are of no use to anybody: compaction may leave them out.
  Time over_until = kTimeMin;
};

// Kinds of rows: the first byte of a key. The second is 0 for live groups and 1 for history.
inline constexpr char kGroupRow = 'g';     // detector, group -> expiry, state
inline constexpr char kTimerRow = 't';     // when something is due -> detector, group
inline constexpr char kIncidentRow = 'i';  // (without the second byte) incident -> key of its group

}  // namespace vakt::store
