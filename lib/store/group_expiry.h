// GroupExpiry: lets compaction leave out rows of groups that are over (group_rows.h).
#pragma once

#include <rocksdb/compaction_filter.h>

#include <atomic>

#include "base/bytes.h"
#include "store/group_rows.h"
#include "store/sortable_time.h"

namespace vakt::store {

class GroupExpiry : public rocksdb::CompactionFilter {
 public:
  void set(Time over_until) { over_until_.store(sortable(over_until)); }
  const char* Name() const override { return "vakt.group_expiry"; }
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    const bool of_live_group = key.size() > 1 && key[0] == kGroupRow && key[1] == 0;
    if (!of_live_group || value.size() < 8) return false;
    return ByteReader(value.ToStringView()).be64() <= over_until_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> over_until_{0};  // sortable
};

}  // namespace vakt::store
