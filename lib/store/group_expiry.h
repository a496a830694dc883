// GroupExpiry: lets compaction leave out rows of groups that are over (group_rows.h).
//
// What is over at a checkpoint is over for every later input. A store that may lose its newest
// commits (durability os or memory) may come back at an earlier checkpoint without such rows:
// events repeated from that interval then find no group. Any thread.
#pragma once

#include <rocksdb/compaction_filter.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "base/bytes.h"
#include "store/group_rows.h"
#include "store/sortable_time.h"

namespace vakt::store {

class GroupExpiry : public rocksdb::CompactionFilter {
 public:
  // Before a commit is written: history begins afresh with earlier times, which must not be left
  // out by what an older session has passed.
  void lower(const GroupChanges& changes) {
    for (std::size_t lane = 0; lane < 2; ++lane)
      over_until_[lane] = std::min(over_until_[lane].load(), sortable(changes.over_until[lane]));
  }
  // After it.
  void set(const GroupChanges& changes) {
    for (std::size_t lane = 0; lane < 2; ++lane) {
      over_until_[lane] = sortable(changes.over_until[lane]);
      late_until_[lane] = sortable(changes.late_until[lane]);
    }
  }
  const char* Name() const override { return "vakt.group_expiry"; }
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    if (key.size() < 2 || key[0] != kGroupRow || value.size() < 16) return false;
    ByteReader in(value.ToStringView());
    const std::size_t lane = key[1] == 0 ? 0 : 1;
    const std::uint64_t over = in.be64();
    return over <= over_until_[lane].load() && in.be64() <= late_until_[lane].load();
  }

 private:
  std::array<std::atomic<std::uint64_t>, 2> over_until_{};  // sortable
  std::array<std::atomic<std::uint64_t>, 2> late_until_{};
};

}  // namespace vakt::store
