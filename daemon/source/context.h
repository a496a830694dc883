// What all sources share. Made and owned by the app; outlives them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "metrics/counters.h"
#include "source/budget.h"
#include "source/fair_share.h"
#include "source/limited_log.h"
#include "source/queue.h"
#include "source/waker.h"
#include "source/work.h"

namespace vakt::source {

using WorkQueue = Queue<std::unique_ptr<Work>>;

struct Context {
  Context(metrics::Counters& counts, std::uint64_t budget_bytes, std::size_t queue_capacity)
      : counters(counts), budget(budget_bytes), pool(32), queue(queue_capacity) {}

  metrics::ListenerCounters& of(std::uint16_t listener) { return *counters.listeners[listener]; }

  metrics::Counters& counters;
  Budget budget;
  FairShare shares;
  WorkPool pool;
  WorkQueue queue;  // to the engine
  LimitedLog log;
  Waker waker;
  std::atomic<bool> store_down{false};             // streams wait until it is back
  std::atomic<std::size_t> stream_connections{0};  // over all listeners
  std::size_t stream_connections_max = 10'000;     // fewer where descriptors are few
  // Beginnings of frames that connections hold until the rest comes. Apart from the budget: it
  // stops the reading that would free them.
  std::atomic<std::uint64_t> tail_bytes{0};
  std::uint64_t tail_bytes_max() const { return budget.bytes() / 4; }
};

// A work that will not be committed: its events are dropped for this reason, whoever waits for them
// is told, and its memory goes back.
void drop(Context& context, std::unique_ptr<Work> work, metrics::Dropped reason);

}  // namespace vakt::source
