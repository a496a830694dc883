// Reading rules, decoders and field maps as the configuration says: at start, and for a reload.
#pragma once

#include <memory>

#include "config/config.h"
#include "scan/cache.h"
#include "source/loaded.h"
#include "yaml/parsed.h"

namespace vakt::app {

// What is kept from one load for the next.
struct LoadCaches {
  std::shared_ptr<scan::Cache> databases;
  std::shared_ptr<yaml::Parsed> texts = std::make_shared<yaml::Parsed>();
};

// `before`: whose counters the rules that stay take over; may be null. Null: nothing usable, see
// `diagnostics`, which gets what the result has too. Slow (a second for thousands of rules).
std::shared_ptr<const source::Loaded> load_rules(const config::Config& config,
                                                 const LoadCaches& caches,
                                                 const source::Loaded* before,
                                                 Diagnostics& diagnostics);

}  // namespace vakt::app
