// SpilledGroups in the store. The store must be open whenever the engine is used.
#pragma once

#include "engine/spilled_groups.h"
#include "store/store.h"

namespace vakt::engine {

class StoredGroups : public SpilledGroups {
 public:
  explicit StoredGroups(const store::Store& store) : store_(store) {}
  Result<std::vector<std::optional<std::string>>> get(
      std::span<const std::string> keys) const override {
    return store_.group_rows(keys);
  }
  Result<std::vector<store::GroupRow>> scan(std::string_view lower, std::string_view upper,
                                            std::size_t limit) const override {
    return store_.scan_group_rows(lower, upper, limit);
  }

 private:
  const store::Store& store_;
};

}  // namespace vakt::engine
