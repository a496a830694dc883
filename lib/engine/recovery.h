// Recovery: the engine's state from the newest checkpoint and the inputs committed after it.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/pipeline.h"
#include "store/store.h"

namespace vakt::engine {

struct RecoveryReport {
  std::uint64_t checkpoint_number = 0;  // 0: none
  std::uint64_t inputs_replayed = 0;
  std::uint64_t hits_replayed = 0;
  std::uint64_t hits_of_unknown_rules = 0;  // their rules are no longer loaded
};

// `engine` must be fresh. Afterwards inputs() equals the store's last commit.
Result<RecoveryReport> recover(Engine& engine, const store::Store& store, const Pipeline& pipeline);

}  // namespace vakt::engine
