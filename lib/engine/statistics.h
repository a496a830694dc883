// Statistics: what events have carried (match/carried.h) by the names of log sources and fields,
// which outlive a rule set and a process.
#pragma once

#include <string>
#include <string_view>

#include "engine/pipeline.h"

namespace vakt::engine {

std::string encode_statistics(const Pipeline& pipeline);

// Adds what was encoded to what the pipeline counts, as far as it knows the log sources and fields.
// False: not understood, and nothing added.
bool merge_statistics(std::string_view bytes, const Pipeline& pipeline);

}  // namespace vakt::engine
