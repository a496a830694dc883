// Feeds log files to an engine: one as it is, several merged by event time. Remembers the line of
// every event.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/line_map.h"
#include "engine/offline.h"

namespace vakt::cli {

struct Feed {
  std::shared_ptr<const engine::Pipeline> pipeline;
  engine::Offline& offline;
  Time now;
  // Told of every chunk: bytes read so far and in all (0: unknown).
  std::function<void(std::uint64_t bytes, std::uint64_t total)> progress;
};

// `paths` are files; "-" is standard input.
Result<LineMap> feed_files(const Feed& feed, const std::vector<std::string>& paths);

}  // namespace vakt::cli
