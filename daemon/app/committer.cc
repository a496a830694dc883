#include "app/committer.h"

#include <spdlog/spdlog.h>

#include <future>
#include <utility>

#include "source/clock.h"
#include "source/named_thread.h"

namespace vakt::app {

using source::Work;
using SteadyClock = std::chrono::steady_clock;

namespace {
constexpr std::size_t kQueueCapacity = 64;
constexpr std::size_t kGroupWorks = 64;
constexpr std::size_t kGroupBytes = 32 << 20;
constexpr std::chrono::seconds kMaintainEvery{1};
}  // namespace

Committer::Committer(source::Context& context, StoreSlot& slot)
    : context_(context), slot_(slot), queue_(kQueueCapacity), kpi_(context.counters) {
  context.counters.commit_queue_capacity.store(kQueueCapacity);
}

Committer::~Committer() { finish(); }

Result<void> Committer::load(const store::Store& store) {
  if (auto loaded = open_.load(store); !loaded) return loaded;
  open_.publish(context_.counters);
  return {};
}

void Committer::start() {
  thread_ = source::named_thread("vakt-commit", [this] { run(); });
}

void Committer::finish() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

void Committer::drain() {
  // Shared: this thread may go on, and leave, while set_value() is still returning.
  const auto reached = std::make_shared<std::promise<void>>();
  auto work = std::make_unique<Work>();
  work->barrier = true;
  work->tickets.push_back(
      std::make_shared<source::Ticket>([reached](bool) { reached->set_value(); }));
  if (queue_.push_now(work)) reached->get_future().wait();
}

void Committer::resume() {
  context_.counters.store_healthy.store(1);
  failed_.store(false);
}

void Committer::run() {
  Group group;
  while (true) {
    const auto patience = more_to_maintain_ ? SteadyClock::duration::zero() : kMaintainEvery;
    auto work = queue_.pop(SteadyClock::now() + patience);
    context_.counters.commit_queue_length.store(queue_.size(), std::memory_order_relaxed);
    if (work) {
      group.push_back(std::move(*work));
      gather(group);
      commit(group);
      group.clear();
    } else if (queue_.finished()) {
      return;
    }
    if (failed()) continue;
    if (!work || SteadyClock::now() - maintained_ >= kMaintainEvery) maintain();
  }
}

void Committer::gather(Group& group) {
  std::size_t bytes = 0;
  while (!group.back()->barrier) {
    if (group.back()->batch) bytes += group.back()->batch->raw().size() + group.back()->row_bytes();
    if (group.size() >= kGroupWorks || bytes >= kGroupBytes) return;
    auto next = queue_.try_pop();
    if (!next) return;
    group.push_back(std::move(*next));
  }
}

void Committer::commit(Group& group) {
  std::unique_ptr<Work> barrier;
  if (group.back()->barrier) {
    barrier = std::move(group.back());
    group.pop_back();
  }
  if (failed()) {
    for (auto& work : group) source::drop(context_, std::move(work), metrics::Dropped::store);
  } else if (!group.empty()) {
    std::vector<const store::Commit*> commits;
    for (const auto& work : group) commits.push_back(&work->commit);
    const auto store = slot_.get();
    const auto start = SteadyClock::now();
    const auto done = store->commit(commits);
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start);
    metrics::add(context_.counters.commit_micros, static_cast<std::uint64_t>(took.count()));
    if (done) {
      metrics::add(context_.counters.commits);
      const Time now = source::wall_clock();
      for (auto& work : group) release(std::move(work), now);
      open_.publish(context_.counters);
    } else {
      fail(group, done.error());
    }
  }
  context_.counters.budget_used_bytes.store(context_.budget.used(), std::memory_order_relaxed);
  context_.waker.wake();
  if (barrier) barrier->tickets.front()->done(true);
}

void Committer::release(std::unique_ptr<Work> work, Time committed) {
  if (work->events() > 0) {
    metrics::ListenerCounters& counters = context_.of(work->listener);
    metrics::add(counters.committed, work->events());
    metrics::sub(counters.in_flight, work->events());
  }
  for (const auto& [place, bytes] : work->shares) context_.shares.remove(place, bytes);
  for (const incident::Incident& incident : work->commit.incidents) open_.apply(incident);
  kpi_.committed(*work, committed);
  for (const auto& ticket : work->tickets) ticket->done(true);
  if (work->command) work->command->done(std::move(*work->answer));
  if (work->access) work->access->done({});
  context_.pool.give_back(std::move(work));
}

void Committer::fail(Group& group, const Error& error) {
  spdlog::error("the store cannot be used: {}; nothing is acknowledged until it is reopened",
                error.message);
  metrics::add(context_.counters.commit_failures);
  context_.counters.store_healthy.store(0);
  context_.store_down.store(true);
  failed_.store(true);
  for (auto& work : group) source::drop(context_, std::move(work), metrics::Dropped::store);
  context_.queue.nudge();
}

void Committer::give_up(std::unique_ptr<Work> work, const Error& error) {
  Group group;
  group.push_back(std::move(work));
  fail(group, error);
}

// As a command, so that it is an input of the engine like any other.
void Committer::end_acknowledgements() {
  for (const incident::IncidentId id : open_.take_expired(source::wall_clock())) {
    auto work = std::make_unique<Work>();
    engine::Command command;
    command.incident = id;
    command.action.kind = incident::ActionKind::expire_acknowledgement;
    command.action.actor = "vakt";
    // Refused where somebody was quicker.
    work->command =
        source::CommandWork{std::move(command), [](const Result<incident::Incident>&) {}};
    context_.queue.push_now(work);
  }
}

void Committer::maintain() {
  maintained_ = SteadyClock::now();
  end_acknowledgements();
  const auto store = slot_.get();
  const auto more = store->maintain(source::wall_clock());
  if (more) {
    more_to_maintain_ = *more;
    return;
  }
  more_to_maintain_ = false;
  Group none;
  fail(none, more.error());
}

}  // namespace vakt::app
