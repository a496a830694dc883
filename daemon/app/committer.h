// Committer: the one thread that writes to the store. It commits what queued up in one group, and
// only then counts it as committed and releases the acknowledgements. Between groups it does the
// store's housekeeping in small steps.
//
// After a failed write nothing is committed any more: what comes is dropped and counted, its
// senders are told, until the engine thread has reopened the store and calls resume().
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "app/kpi.h"
#include "app/open_incidents.h"
#include "app/store_slot.h"
#include "source/context.h"

namespace vakt::app {

class Committer {
 public:
  Committer(source::Context& context, StoreSlot& slot);
  ~Committer();

  // Before start(), and before resume(): the committer rests.
  Result<void> load(const store::Store& store);
  void start();
  // Finishes what is queued, then ends.
  void finish();

  source::WorkQueue& queue() { return queue_; }
  // Engine thread: returns when everything pushed so far is decided.
  void drain();
  bool failed() const { return failed_.load(); }
  // Engine thread: as after a failed write. The work is dropped.
  void give_up(std::unique_ptr<source::Work> work, const Error& error);
  void resume();

 private:
  using Group = std::vector<std::unique_ptr<source::Work>>;

  void run();
  // Adds what waits, up to a limit or a barrier.
  void gather(Group& group);
  void commit(Group& group);
  void release(std::unique_ptr<source::Work> work, Time committed);
  void fail(Group& group, const Error& error);
  void maintain();
  void end_acknowledgements();

  source::Context& context_;
  StoreSlot& slot_;
  source::WorkQueue queue_;
  Kpi kpi_;
  OpenIncidents open_;
  std::atomic<bool> failed_{false};
  bool more_to_maintain_ = false;
  std::chrono::steady_clock::time_point maintained_{};
  std::thread thread_;
};

}  // namespace vakt::app
