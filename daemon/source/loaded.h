// Loaded: one rule set in use, with what is counted of it. Immutable but for the counters; shared
// by all threads that still work with it. A reload makes the next one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/diagnostic.h"
#include "engine/pipeline.h"
#include "metrics/counters.h"
#include "metrics/exposition.h"

namespace vakt::source {

struct Loaded {
  std::shared_ptr<const engine::Pipeline> pipeline;
  Diagnostics diagnostics;  // of its files
  metrics::Labels labels;
  metrics::RuleCounters counters;
  std::unordered_map<std::string, std::size_t> detector_of_rule;  // by id
  std::unique_ptr<std::atomic<bool>[]> expiry_told;               // by filter: it has been logged
};

// A change from one rule set to the next. Every worker finishes its batches with the old one, takes
// the new one up, and says so in its place in the queue; when the engine has heard all of them, it
// changes over too. What comes with the new one before that waits: so the change is one place in
// the committed order.
struct Adoption {
  std::shared_ptr<const Loaded> loaded;
  std::size_t workers = 0;
  std::function<void()> done;  // the engine has changed over; its thread
  std::size_t arrived = 0;     // of the engine's thread
};

}  // namespace vakt::source
