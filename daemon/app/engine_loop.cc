#include "app/engine_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/commit.h"
#include "engine/statistics.h"
#include "engine/stored_groups.h"
#include "source/clock.h"
#include "source/named_thread.h"

namespace vakt::app {

using source::Work;
using SteadyClock = std::chrono::steady_clock;

namespace {
constexpr std::chrono::seconds kTickEvery{1};
constexpr std::chrono::seconds kCheckpointEvery{60};
constexpr std::uint64_t kCheckpointHits = 200'000;
constexpr std::chrono::seconds kReopenMin{1};
constexpr std::chrono::seconds kReopenMax{30};
}  // namespace

EngineLoop::EngineLoop(source::Context& context, std::shared_ptr<const source::Loaded> loaded,
                       StoreSlot& slot, Committer& committer, api::AccessBook& access,
                       store::Options store_options, const engine::EngineOptions& engine_options)
    : context_(context),
      loaded_(std::move(loaded)),
      slot_(slot),
      committer_(committer),
      access_(access),
      store_options_(std::move(store_options)),
      engine_options_(engine_options) {
  context.counters.queue_capacity.store(context.queue.capacity());
  context.counters.budget_bytes.store(context.budget.bytes());
  context.counters.state_bytes_max.store(engine_options.state_bytes_max);
}

EngineLoop::~EngineLoop() { finish(); }

Result<void> EngineLoop::open() {
  std::vector<std::string> notes;
  auto store = store::Store::open(store_options_, &notes);
  for (const std::string& note : notes) spdlog::warn("store: {}", note);
  if (!store) return tl::make_unexpected(store.error());
  slot_.set(std::move(*store));
  auto recovered = recover();
  if (recovered) recovered = take_statistics();
  if (!recovered) slot_.close();
  return recovered;
}

// Of earlier processes.
Result<void> EngineLoop::take_statistics() {
  const auto stored = slot_.get()->statistics();
  if (!stored) return tl::make_unexpected(stored.error());
  loaded_->pipeline->carried->set_since(source::wall_clock());
  if (*stored && !engine::merge_statistics(**stored, *loaded_->pipeline))
    spdlog::warn("the statistics of events are of another version: they begin anew");
  return {};
}

Result<void> EngineLoop::recover() {
  const auto store = slot_.get();
  engine::EngineOptions options = engine_options_;
  options.spilled = std::make_shared<const engine::StoredGroups>(*store);
  engine_ =
      std::make_unique<engine::Engine>(loaded_->pipeline->detectors, store->origin(), options);
  const auto report = engine::recover(*engine_, *store, *loaded_->pipeline);
  if (!report) return tl::make_unexpected(report.error());
  // Received time never goes back, not even when the machine's clock did while nobody looked.
  now_ = std::max(now_, store->last_now());
  const std::uint64_t last = store->last_commit();
  if (auto loaded = committer_.load(*store); !loaded) return loaded;
  if (auto loaded = access_.load(*store); !loaded) return loaded;
  counted_ = engine_->counters();
  engine_failed_ = false;
  hits_since_checkpoint_ = report->hits_replayed;
  changed_since_checkpoint_ = report->inputs_replayed > 0;
  checkpointed_ = SteadyClock::now();
  if (last > 0)
    spdlog::info("store: {} events in {} commits; engine state from commit {} and {} later inputs",
                 store->next_sequence(), last, report->checkpoint_number, report->inputs_replayed);
  if (report->hits_of_unknown_rules > 0)
    spdlog::warn("{} earlier hits were of rules that are no longer loaded, or were changed",
                 report->hits_of_unknown_rules);
  publish_gauges();
  return {};
}

void EngineLoop::start() {
  thread_ = source::named_thread("vakt-engine", [this] { run(); });
}

void EngineLoop::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_asked_.notify_all();
  context_.queue.close();
  if (thread_.joinable()) thread_.join();
}

void EngineLoop::run() {
  next_tick_ = SteadyClock::now() + kTickEvery;
  while (true) {
    if (committer_.failed() && !reopen()) {
      drop_queued();
      kept_all_ = false;
      return;
    }
    auto work = context_.queue.pop(next_tick_);
    context_.counters.queue_length.store(context_.queue.size(), std::memory_order_relaxed);
    context_.waker.wake();
    if (work) apply(std::move(*work));
    if (!work && context_.queue.finished()) break;
    if (SteadyClock::now() < next_tick_) continue;
    next_tick_ = SteadyClock::now() + kTickEvery;
    if (engine_->waits_for_time()) apply_tick(false);
    publish_gauges();
  }
  if (!ahead_.empty()) change_over(ahead_.front()->loaded);  // a worker ended before it said so
  if (changed_since_checkpoint_) apply_tick(true);
  committer_.drain();
  kept_all_ = !committer_.failed();
}

void EngineLoop::apply(std::unique_ptr<Work> work) {
  if (work->adoption) return arrived(*work->adoption);
  if (work->batch && work->loaded != loaded_) {
    ahead_.push_back(std::move(work));
    return;
  }
  now_ = std::max(now_, source::wall_clock());
  engine::Input input;
  input.now = now_;
  if (work->command) {
    if (!apply_command(*work, input)) return;
  } else if (work->access) {
    input.what = engine::Tick{};
  } else {
    input.what =
        engine::HitsInput{work->batch->size(), work->hits, std::as_const(*work->batch).sources()};
  }
  hits_since_checkpoint_ += work->hits.size();
  hand_on(std::move(work), input, false);
}

void EngineLoop::arrived(source::Adoption& adoption) {
  if (++adoption.arrived < adoption.workers) return;
  change_over(adoption.loaded);
  adoption.done();
}

// With a checkpoint, so that no recovery has to read hits of both rule sets.
void EngineLoop::change_over(const std::shared_ptr<const source::Loaded>& loaded) {
  // All workers are with the new one: the old one counts no more.
  engine::merge_statistics(engine::encode_statistics(*loaded_->pipeline), *loaded->pipeline);
  loaded_ = loaded;
  now_ = std::max(now_, source::wall_clock());
  const engine::RulesChange change{loaded_->pipeline->detectors, loaded_->labels.ruleset_sha256};
  hand_on(std::make_unique<Work>(), engine::Input{now_, change}, true);
  for (auto& work : std::exchange(ahead_, {})) apply(std::move(work));
}

// Where the engine does not keep the incident it needs the stored record: the newest one, so what
// is on its way to the store has to be there first.
bool EngineLoop::apply_command(Work& work, engine::Input& input) {
  engine::Command& command = work.command->command;
  command.loaded.reset();
  if (engine_->find(command.incident) == nullptr) {
    committer_.drain();
    const auto store = slot_.get();
    auto stored = store->incident(command.incident);
    if (stored) {
      command.loaded = std::move(*stored);
    } else if (stored.error().code != Errc::not_found) {
      work.command->done(tl::make_unexpected(stored.error()));
      return false;
    }
  }
  input.what = command;
  return true;
}

void EngineLoop::apply_tick(bool last) {
  now_ = std::max(now_, source::wall_clock());
  hand_on(std::make_unique<Work>(), engine::Input{now_, engine::Tick{}}, last);
}

void EngineLoop::hand_on(std::unique_ptr<Work> work, const engine::Input& input, bool checkpoint) {
  work->loaded = loaded_;
  if (engine_failed_) return source::drop(context_, std::move(work), metrics::Dropped::store);
  settle_checkpoint(engine_->state_bytes() >= engine_->state_bytes_max());
  engine::Effects effects = engine_->apply(input);
  if (effects.failure) {
    engine_failed_ = true;
    return committer_.give_up(std::move(work), *effects.failure);
  }
  work->commit =
      engine::make_commit(*engine_, *loaded_->pipeline, input, effects, work->batch.get());
  work->commit.idempotency = std::move(work->idempotency);
  if (work->access) work->commit.access = work->access->changes;
  encode_block(work->commit);
  work->opened = std::move(effects.opened);
  work->answer = std::move(effects.answer);
  if (work->batch) work->charge.set(context_.budget, work->capacity_bytes() + work->row_bytes());
  changed_since_checkpoint_ = true;
  if (checkpoint || engine_->wants_checkpoint() || hits_since_checkpoint_ >= kCheckpointHits ||
      SteadyClock::now() - checkpointed_ >= kCheckpointEvery)
    add_checkpoint(work->commit);
  count(input);
  // The committer takes works as long as it lives, and it is finished after this thread.
  committer_.queue().push(work);
}

void EngineLoop::add_checkpoint(store::Commit& commit) {
  settle_checkpoint(true);
  if (engine_->checkpoint_on_its_way()) return;  // the store failed
  engine::Checkpoint checkpoint = engine_->take_checkpoint();
  for (std::size_t i = 0; i < checkpoint.spilled.size(); ++i)
    metrics::add(loaded_->counters.detectors[i]->spilled, checkpoint.spilled[i]);
  engine::add_checkpoint(commit, std::move(checkpoint));
  commit.statistics = engine::encode_statistics(*loaded_->pipeline);
  checkpoint_number_ = commit.number;
  hits_since_checkpoint_ = 0;
  checkpointed_ = SteadyClock::now();
  changed_since_checkpoint_ = false;
}

// Groups leave memory when the checkpoint with them is in the store. `now`: wait for it.
void EngineLoop::settle_checkpoint(bool now) {
  if (!engine_->checkpoint_on_its_way()) return;
  if (now) committer_.drain();
  if (slot_.get()->last_commit() >= checkpoint_number_) engine_->checkpoint_kept();
}

// This thread has time while the committer waits for the disk. Small batches are left to the store,
// which puts those of one group into one block.
void EngineLoop::encode_block(store::Commit& commit) {
  if (commit.batch == nullptr || commit.batch->raw().size() < store_options_.block_bytes_target / 2)
    return;
  block_writer_.add(*commit.batch, commit.listener_names);
  const store::BlockHead head = block_writer_.head();
  if (const std::string* bytes = block_writer_.finish())
    commit.block = store::EncodedBlock{head, *bytes};
}

void EngineLoop::count(const engine::Input& input) {
  metrics::Counters& counters = context_.counters;
  if (const auto* hits = std::get_if<engine::HitsInput>(&input.what))
    for (const event::Hit& hit : hits->hits)
      metrics::add(loaded_->counters.rules[hit.rule]->matches);
  const engine::EngineCounters& now = engine_->counters();
  metrics::add(counters.late_events, now.late_counted - counted_.late_counted);
  metrics::add(counters.groups_refused, now.groups_refused - counted_.groups_refused);
  metrics::add(counters.groups_fetched, now.groups_fetched - counted_.groups_fetched);
  metrics::add(counters.left_to_storm, now.left_to_storm - counted_.left_to_storm);
  counted_ = now;
}

void EngineLoop::publish_gauges() {
  metrics::Counters& counters = context_.counters;
  const auto& detectors = loaded_->counters.detectors;
  for (std::size_t i = 0; i < detectors.size(); ++i)
    detectors[i]->groups.store(engine_->groups_of(i), std::memory_order_relaxed);
  counters.state_bytes.store(engine_->state_bytes(), std::memory_order_relaxed);
  counters.groups_spilled.store(engine_->groups_spilled(), std::memory_order_relaxed);
  counters.lagging_sources.store(engine_->lagging_sources(), std::memory_order_relaxed);
  counters.budget_used_bytes.store(context_.budget.used(), std::memory_order_relaxed);
}

bool EngineLoop::reopen() {
  auto patience = kReopenMin;
  while (wait_unless_stopping(patience)) {
    committer_.drain();
    slot_.close();
    spdlog::info("reopening the store");
    const auto opened = open();
    if (opened) {
      // Before the committer may find the next failure, which would set it again.
      context_.store_down.store(false);
      committer_.resume();
      context_.waker.wake();
      spdlog::info("the store is open again");
      return true;
    }
    patience = std::min(2 * patience, kReopenMax);
    spdlog::error("the store cannot be reopened: {}; trying again in {} s", opened.error().message,
                  patience.count());
  }
  return false;
}

bool EngineLoop::wait_unless_stopping(std::chrono::seconds patience) {
  std::unique_lock lock(mutex_);
  return !stop_asked_.wait_for(lock, patience, [this] { return stopping_; });
}

void EngineLoop::drop_queued() {
  for (auto& work : std::exchange(ahead_, {}))
    source::drop(context_, std::move(work), metrics::Dropped::store);
  while (!context_.queue.finished()) {
    auto work = context_.queue.pop(SteadyClock::now() + kTickEvery);
    if (work) source::drop(context_, std::move(*work), metrics::Dropped::store);
  }
}

}  // namespace vakt::app
