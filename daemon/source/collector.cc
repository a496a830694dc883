#include "source/collector.h"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "source/clock.h"

namespace vakt::source {

namespace {
constexpr std::chrono::milliseconds kSealAfter{2};
constexpr std::uint64_t kBatchCharge = kBatchBytes + engine::kFrameBytesMax;  // when new
}  // namespace

Collector::Collector(Context& context, boost::asio::io_context& io,
                     std::shared_ptr<const Loaded> loaded, std::function<void()> on_room)
    : context_(context),
      io_(io),
      on_room_(std::move(on_room)),
      sleeper_(context.waker.add([this] { boost::asio::post(io_, [this] { woken(); }); })),
      loaded_(std::move(loaded)),
      worker_(std::make_unique<engine::Worker>(loaded_->pipeline)),
      slots_(loaded_->pipeline->listeners.size()),
      timer_(io) {}

void Collector::adopt(std::unique_ptr<engine::Worker> worker, std::shared_ptr<Adoption> adoption) {
  seal_all();
  worker_ = std::move(worker);
  loaded_ = adoption->loaded;
  auto work = std::make_unique<Work>();
  work->adoption = std::move(adoption);
  push(std::move(work));
}

bool Collector::add(const framing::Frame& frame, const engine::Origin& origin) {
  Slot& slot = slots_[origin.listener];
  return add_open(slot, frame, origin);
}

bool Collector::add_open(Slot& slot, const framing::Frame& frame, const engine::Origin& origin) {
  if (!slot.open) slot.open = take(origin.listener);
  worker_->add(*slot.open->batch, frame.bytes, frame.truncated, origin);
  ++slot.tally.received;
  ++slot.tally.kept;
  const bool malformed = worker_->malformed(*slot.open->batch);
  slot.tally.unparsed += malformed;
  if (ticket_ && (slot.open->tickets.empty() || slot.open->tickets.back() != ticket_)) {
    ticket_->add();
    slot.open->tickets.push_back(ticket_);
  }
  const event::Batch& batch = *slot.open->batch;
  if (batch.size() >= kBatchEvents || batch.raw().size() >= kBatchBytes) seal(slot);
  return malformed;
}

void Collector::add_datagram(const framing::Frame& frame, const engine::Origin& origin) {
  Slot& slot = slots_[origin.listener];
  const Budget& budget = context_.budget;
  if (!slot.open && budget.used() + kBatchCharge > budget.bytes())
    return drop_datagram(frame.bytes, origin, metrics::Dropped::queue);
  const FairShare::Place place = FairShare::place(origin.peer);
  const std::uint64_t bytes = frame.bytes.size() + FairShare::kEventBytes;
  if (budget.fair_shares() && context_.shares.held(place) + bytes > budget.source_share_max())
    return drop_datagram(frame.bytes, origin, metrics::Dropped::source_quota);
  if (!slot.open) slot.open = take(origin.listener);
  auto& shares = slot.open->shares;
  if (shares.empty() || shares.back().first != place) shares.emplace_back(place, 0);
  shares.back().second += bytes;
  context_.shares.add(place, bytes);
  add_open(slot, frame, origin);
}

void Collector::drop_datagram(std::string_view frame, const engine::Origin& origin,
                              metrics::Dropped reason) {
  metrics::ListenerCounters& counters = context_.of(origin.listener);
  metrics::add(counters.received);
  metrics::add(counters.dropped[static_cast<std::size_t>(reason)]);
  context_.log.report(
      {counters.name, origin.peer,
       reason == metrics::Dropped::queue ? "datagrams dropped (memory budget used up)"
                                         : "datagrams dropped (its share of the memory used up)",
       frame},
      origin.received);
}

void Collector::ignore_empty(std::uint16_t listener, std::uint64_t frames) {
  slots_[listener].tally.received += frames;
  slots_[listener].tally.ignored += frames;
}

void Collector::reject(std::uint16_t listener, metrics::Rejected reason) {
  metrics::ListenerCounters& counters = context_.of(listener);
  metrics::add(counters.received);
  metrics::add(counters.rejected[static_cast<std::size_t>(reason)]);
}

void Collector::count_bytes(std::uint16_t listener, std::uint64_t bytes) {
  slots_[listener].tally.bytes += bytes;
}

std::unique_ptr<Work> Collector::take(std::uint16_t listener) {
  auto work = context_.pool.take();
  work->listener = listener;
  work->charge.set(context_.budget, work->capacity_bytes());
  return work;
}

std::unique_ptr<Work> Collector::begin(std::uint16_t listener, std::size_t raw_bytes,
                                       std::size_t events) {
  auto work = std::make_unique<Work>();
  work->batch = std::make_unique<event::Batch>(raw_bytes, events);
  work->listener = listener;
  work->charge.set(context_.budget, work->capacity_bytes());
  return work;
}

bool Collector::add_to(Work& work, const framing::Frame& frame, const engine::Origin& origin) {
  worker_->add(*work.batch, frame.bytes, frame.truncated, origin);
  return worker_->malformed(*work.batch);
}

void Collector::submit(std::unique_ptr<Work> work) {
  Tally& tally = slots_[work->listener].tally;
  tally.received += work->events();
  tally.kept += work->events();
  for (const event::Event& e : work->batch->events())
    tally.unparsed += (e.flags & event::kUnparsed) != 0;
  publish(work->listener);
  match(*work);
  measure(*work);
  work->charge.set(context_.budget, work->capacity_bytes());
  push(std::move(work));
}

// Once for all workers.
void Collector::tell_expiry(const match::Hidden& expired) {
  if (loaded_->expiry_told[expired.filter].exchange(true)) return;
  const rule::RuleSet& rules = *loaded_->pipeline->rules;
  const rule::Filter& filter = rules.filters[expired.filter];
  spdlog::warn(
      "{}:{}: the filter {} (owner: {}, reason: {}) expired at {} and hides events of rule {} no "
      "longer: renew it, or remove it",
      filter.meta.file, filter.meta.line, filter.meta.id, filter.owner, filter.reason,
      format_rfc3339(*filter.expires), rules.rules[expired.rule].meta.id);
}

void Collector::match(Work& work) {
  work.loaded = loaded_;
  worker_->match(*work.batch, work.hits);
  const auto& rules = loaded_->counters.rules;
  for (const match::Hidden& h : worker_->matcher().hidden()) metrics::add(rules[h.rule]->hidden);
  for (const match::Match& m : worker_->matcher().gave_up()) metrics::add(rules[m.rule]->gave_up);
  for (const match::Hidden& e : worker_->matcher().expired()) tell_expiry(e);
}

// Received goes up with in-flight, before the committer can take the latter down.
void Collector::publish(std::uint16_t listener) {
  Tally& tally = slots_[listener].tally;
  metrics::ListenerCounters& counters = context_.of(listener);
  if (tally.bytes > 0) metrics::add(counters.bytes, tally.bytes);
  if (tally.received > 0) {
    metrics::add(counters.in_flight, tally.kept);
    metrics::add(counters.received, tally.received);
    metrics::add(counters.ignored[static_cast<std::size_t>(metrics::Ignored::empty)],
                 tally.ignored);
    metrics::add(counters.unparsed, tally.unparsed);
  }
  tally = {};
}

void Collector::seal(Slot& slot) {
  publish(slot.open->listener);
  match(*slot.open);
  measure(*slot.open);
  slot.open->charge.set(context_.budget, slot.open->capacity_bytes());
  push(std::move(slot.open));
}

// Neighbours mostly have equal times, and then cost one observation together.
void Collector::measure(const Work& work) {
  const Time now = wall_clock();
  metrics::Counters& counters = context_.counters;
  metrics::Histogram& lag = *counters.event_lag[work.listener];
  Time received{};
  Duration late{};
  std::uint64_t received_run = 0;
  std::uint64_t late_run = 0;
  std::uint64_t future = 0;
  const auto observe_received = [&] {
    if (received_run == 0) return;
    const Duration took = std::max(now - received, Duration::zero());
    counters.detection_latency.observe(to_seconds(took), received_run);
  };
  const auto observe_late = [&] {
    if (late_run > 0) lag.observe(to_seconds(std::max(late, Duration::zero())), late_run);
  };
  for (const event::Event& e : work.batch->events()) {
    if (e.received_time != received) {
      observe_received();
      received = e.received_time;
      received_run = 0;
    }
    ++received_run;
    if ((e.flags & event::kTimeSuspect) != 0) {
      // It had a time, and the time was refused.
      future += work.batch->find(e, event::kTimestamp) != nullptr;
      continue;
    }
    if (e.received_time - e.event_time != late) {
      observe_late();
      late = e.received_time - e.event_time;
      late_run = 0;
    }
    ++late_run;
  }
  observe_received();
  observe_late();
  if (future > 0) metrics::add(context_.of(work.listener).future_dated, future);
}

void Collector::push(std::unique_ptr<Work> work) {
  waiting_.push_back(std::move(work));
  push_waiting();
}

void Collector::push_waiting() {
  while (!waiting_.empty() && context_.queue.try_push(waiting_.front())) waiting_.pop_front();
  metrics::Counters& counters = context_.counters;
  counters.queue_length.store(context_.queue.size(), std::memory_order_relaxed);
  if (waiting_.empty()) return;
  context_.waker.ask(sleeper_);
  // Room may have come between the try and the asking.
  while (!waiting_.empty() && context_.queue.try_push(waiting_.front())) waiting_.pop_front();
}

void Collector::end_turn() {
  bool open = false;
  const bool engine_idle = waiting_.empty() && context_.queue.size() == 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].open && engine_idle)
      seal(slots_[i]);
    else
      publish(static_cast<std::uint16_t>(i));
    open = open || slots_[i].open;
  }
  if (open) arm_timer();
}

void Collector::arm_timer() {
  if (std::exchange(timer_armed_, true)) return;
  timer_.expires_after(kSealAfter);
  timer_.async_wait([this](boost::system::error_code error) {
    timer_armed_ = false;
    if (!error) seal_all();
  });
}

void Collector::seal_all() {
  for (Slot& slot : slots_)
    if (slot.open) seal(slot);
}

bool Collector::streams_rest() {
  const auto should = [this] {
    return !waiting_.empty() || context_.budget.streams_stopped() || context_.store_down.load();
  };
  if (!should()) return false;
  context_.waker.ask(sleeper_);
  return should();
}

void Collector::woken() {
  push_waiting();
  on_room_();
}

bool Collector::empty() const {
  if (!waiting_.empty()) return false;
  for (const Slot& slot : slots_)
    if (slot.open) return false;
  return true;
}

void Collector::drop_waiting() {
  for (auto& work : waiting_) drop(context_, std::move(work), metrics::Dropped::shutdown);
  waiting_.clear();
}

}  // namespace vakt::source
