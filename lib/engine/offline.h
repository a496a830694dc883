// Offline: the same pipeline and engine without sockets, threads or a clock: for `vakt replay`,
// rule scenarios and tests. Feed it frames in order; its incidents are those the daemon would open.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/worker.h"

namespace vakt::store {
class Store;
}

namespace vakt::engine {

class Offline {
 public:
  // `store` may be null: then nothing is kept but the incidents. `now` is the received time of
  // everything fed (a replay's start, or the scenario's clock).
  Offline(std::shared_ptr<const Pipeline> pipeline, const EngineOptions& options, Time now,
          store::Store* store = nullptr);
  ~Offline();

  // Adds one frame; batches are matched and applied as they fill up.
  void add(std::string_view frame, bool truncated, std::uint16_t listener, std::string_view peer);
  // Applies what is pending and ends the input: every episode is final.
  Result<void> finish();

  std::uint64_t events() const;  // added so far: the next event's sequence
  std::uint64_t hits() const;
  std::uint64_t unparsed() const;
  // After finish(): all incidents that were not merged into others, in the order of opening.
  std::vector<incident::Incident> incidents() const;
  std::vector<incident::TimelineEntry> timeline(incident::IncidentId id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vakt::engine
