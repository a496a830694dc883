// EngineLoop: the thread of the engine. It takes works in one order, applies them, and hands the
// commits on. It gives the engine its time, a checkpoint now and then, and after a failed commit a
// new beginning: its state is thrown away and read back from the reopened store.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "api/access_book.h"
#include "app/committer.h"
#include "app/store_slot.h"
#include "engine/engine.h"
#include "engine/recovery.h"
#include "source/context.h"

namespace vakt::app {

class EngineLoop {
 public:
  EngineLoop(source::Context& context, std::shared_ptr<const source::Loaded> loaded,
             StoreSlot& slot, Committer& committer, api::AccessBook& access,
             store::Options store_options, const engine::EngineOptions& engine_options);
  ~EngineLoop();

  // Opens the store and recovers the engine; before start().
  Result<void> open();
  void start();
  // Applies what is queued, leaves a checkpoint, and ends. Nothing may be pushed afterwards.
  void finish();
  // After finish(): is everything that was taken in committed?
  bool kept_all() const { return kept_all_; }

 private:
  void run();
  void apply(std::unique_ptr<source::Work> work);
  bool apply_command(source::Work& work, engine::Input& input);
  void apply_tick(bool last);
  void arrived(source::Adoption& adoption);
  void change_over(const std::shared_ptr<const source::Loaded>& loaded);
  void hand_on(std::unique_ptr<source::Work> work, const engine::Input& input, bool checkpoint);
  void add_checkpoint(store::Commit& commit);
  void settle_checkpoint(bool now);
  void encode_block(store::Commit& commit);
  void count(const engine::Input& input);
  void publish_gauges();
  // False: the daemon stops, the store stays away.
  bool reopen();
  Result<void> recover();
  Result<void> take_statistics();
  bool wait_unless_stopping(std::chrono::seconds patience);
  void drop_queued();

  source::Context& context_;
  std::shared_ptr<const source::Loaded> loaded_;
  // Went through the next rules before all workers have changed over. Few: that takes them a turn.
  std::vector<std::unique_ptr<source::Work>> ahead_;
  StoreSlot& slot_;
  Committer& committer_;
  api::AccessBook& access_;  // read anew with every opening of the store
  const store::Options store_options_;
  const engine::EngineOptions engine_options_;
  store::BlockWriter block_writer_;
  std::unique_ptr<engine::Engine> engine_;
  engine::EngineCounters counted_;  // already in the metrics
  Time now_ = kTimeMin;
  std::uint64_t hits_since_checkpoint_ = 0;
  std::chrono::steady_clock::time_point checkpointed_{};
  std::chrono::steady_clock::time_point next_tick_{};
  bool changed_since_checkpoint_ = false;
  std::uint64_t checkpoint_number_ = 0;  // of its commit
  bool engine_failed_ = false;           // it could not read what it needs: until it is new
  bool kept_all_ = true;
  std::mutex mutex_;
  std::condition_variable stop_asked_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace vakt::app
