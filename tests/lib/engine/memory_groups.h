// SpilledGroups in memory: rows as the store keeps them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/spilled_groups.h"
#include "store/group_expiry.h"

namespace vakt::engine::testing {

class MemoryGroups : public SpilledGroups {
 public:
  void apply(const store::GroupChanges& changes) {
    for (const auto& [lower, upper] : changes.removed_ranges)
      rows_.erase(rows_.lower_bound(lower), rows_.lower_bound(upper));
    for (const std::string& key : changes.removed) rows_.erase(key);
    for (const store::GroupRow& row : changes.put) rows_[row.key] = row.value;
    if (!compacts) return;
    expiry_.lower(changes);
    expiry_.set(changes);
    std::erase_if(rows_, [&](const auto& row) {
      return expiry_.Filter(0, row.first, row.second, nullptr, nullptr);
    });
  }

  Result<std::vector<std::optional<std::string>>> get(
      std::span<const std::string> keys) const override {
    if (fails) return fail(Errc::io, "the disk is gone");
    std::vector<std::optional<std::string>> out;
    for (const std::string& key : keys) {
      const auto row = rows_.find(key);
      out.push_back(row == rows_.end() ? std::nullopt : std::optional(row->second));
    }
    return out;
  }

  Result<std::vector<store::GroupRow>> scan(std::string_view lower, std::string_view upper,
                                            std::size_t limit) const override {
    if (fails) return fail(Errc::io, "the disk is gone");
    std::vector<store::GroupRow> out;
    const auto end = rows_.lower_bound(std::string(upper));
    for (auto row = rows_.lower_bound(std::string(lower)); row != end && out.size() < limit; ++row)
      out.push_back({row->first, row->second});
    return out;
  }

  const std::map<std::string, std::string>& rows() const { return rows_; }
  bool fails = false;
  bool compacts = false;

 private:
  std::map<std::string, std::string> rows_;
  store::GroupExpiry expiry_;
};

}  // namespace vakt::engine::testing
