// What an applied input leaves behind, as one store commit.
#pragma once

#include <span>

#include "engine/engine.h"
#include "engine/pipeline.h"
#include "store/commit.h"

namespace vakt::engine {

// `input` has just been applied to `engine` with these effects. `batch` is null but for HitsInput.
store::Commit make_commit(const Engine& engine, const Pipeline& pipeline, const Input& input,
                          const Effects& effects, const event::Batch* batch);
// With the state after it.
void add_checkpoint(store::Commit& commit, Checkpoint&& checkpoint);

}  // namespace vakt::engine
