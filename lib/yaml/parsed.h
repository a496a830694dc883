// Parsed texts by content, for who reads thousands of files again of which one has changed: parsing
// is most of that time. Only texts without a problem are kept, so that problems are told each time.
// Not for several threads at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "yaml/node.h"

namespace vakt::yaml {

using Documents = std::shared_ptr<const std::vector<Node>>;

class Parsed {
 public:
  // As parse().
  Documents get(std::string_view text, const std::string& file, Diagnostics& diagnostics);

  // Forgets what was not asked for since the last call.
  void forget_unused();

  std::size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    Documents documents;
    bool used = true;
  };
  std::map<Hash128, Kept> kept_;
};

}  // namespace vakt::yaml
