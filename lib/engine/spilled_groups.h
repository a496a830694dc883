// SpilledGroups: what the engine asks of the place where the groups lie that memory has no room
// for. It gives rows as of the last checkpoint that is kept; what has changed since, the engine
// knows.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/group_rows.h"

namespace vakt::engine {

class SpilledGroups {
 public:
  virtual ~SpilledGroups() = default;
  // In the order of the keys; nullopt where there is none.
  virtual Result<std::vector<std::optional<std::string>>> get(
      std::span<const std::string> keys) const = 0;
  // The first `limit` rows with lower <= key < upper, in order.
  virtual Result<std::vector<store::GroupRow>> scan(std::string_view lower, std::string_view upper,
                                                    std::size_t limit) const = 0;
};

}  // namespace vakt::engine
