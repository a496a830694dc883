// Work: what travels from a worker to the engine, on to the committer, and back to the pool. A
// batch of events with all that depends on its commit; or a command of a person, or a
// change of who may do what; or a worker's word
// that it uses other rules from here on; or nothing but time.
//
// One thread owns it at a time: whoever holds the pointer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/worker.h"
#include "event/batch.h"
#include "event/hit.h"
#include "source/budget.h"
#include "source/fair_share.h"
#include "source/loaded.h"
#include "source/ticket.h"
#include "store/commit.h"

namespace vakt::source {

inline constexpr std::size_t kBatchBytes = 1 << 20;
inline constexpr std::size_t kBatchEvents = 4096;

struct CommandWork {
  engine::Command command;
  std::function<void(Result<incident::Incident>)> done;  // any thread, once
};

// A change of users and tokens that has been decided. The engine gives it a place in the order of
// commits, and no more.
struct AccessWork {
  store::AccessChanges changes;
  std::function<void(Result<void>)> done;  // any thread, once: after the commit, or why not
};

struct Work {
  // Of a worker. The rules that its events went through; the engine sets it for its own works.
  std::shared_ptr<const Loaded> loaded;
  std::unique_ptr<event::Batch> batch;  // all of one listener; null: no events
  bool pooled = false;                  // the batch has the usual size
  std::uint16_t listener = 0;
  std::vector<event::Hit> hits;  // point into the batch
  std::vector<std::shared_ptr<Ticket>> tickets;
  std::vector<std::pair<FairShare::Place, std::uint64_t>> shares;
  std::optional<store::Idempotency> idempotency;
  Charge charge;
  std::shared_ptr<Adoption> adoption;

  // Of a person.
  std::optional<CommandWork> command;
  std::optional<AccessWork> access;

  // Of the engine.
  store::Commit commit;
  std::vector<incident::IncidentId> opened;
  std::optional<Result<incident::Incident>> answer;
  bool barrier = false;  // nothing but a place in the order: everything before it is decided

  std::size_t events() const { return batch ? batch->size() : 0; }
  // What the engine made of it, for the store.
  std::uint64_t row_bytes() const {
    std::uint64_t bytes = commit.block ? commit.block->bytes.size() : 0;
    for (const store::HitRow& row : commit.hits) bytes += sizeof(row) + row.value.size();
    return bytes;
  }
  std::uint64_t capacity_bytes() const {
    return (batch ? batch->capacity_bytes() : 0) + hits.capacity() * sizeof(event::Hit);
  }
};

// Keeps a few used batches, so that a warm daemon allocates none. Any thread.
class WorkPool {
 public:
  explicit WorkPool(std::size_t kept_max) : kept_max_(kept_max) {}

  std::unique_ptr<Work> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!kept_.empty()) {
        auto work = std::move(kept_.back());
        kept_.pop_back();
        return work;
      }
    }
    auto work = std::make_unique<Work>();
    work->batch =
        std::make_unique<event::Batch>(kBatchBytes + engine::kFrameBytesMax, kBatchEvents);
    work->pooled = true;
    return work;
  }

  // Forgets what it carried; its charge ends.
  void give_back(std::unique_ptr<Work> work) {
    work->charge.reset();
    if (!work->pooled || work->capacity_bytes() > kKeptBytesMax) return;
    work->batch->clear();
    work->loaded.reset();
    work->hits.clear();
    work->tickets.clear();
    work->shares.clear();
    work->idempotency.reset();
    work->commit = {};
    work->opened.clear();
    const std::lock_guard lock(mutex_);
    if (kept_.size() < kept_max_) kept_.push_back(std::move(work));
  }

 private:
  // A batch that attackers made large is not kept.
  static constexpr std::size_t kKeptBytesMax = 4 << 20;

  const std::size_t kept_max_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Work>> kept_;
};

}  // namespace vakt::source
