#include "engine/offline.h"

#include <map>
#include <utility>

#include "base/check.h"
#include "engine/commit.h"
#include "engine/stored_groups.h"
#include "store/store.h"

namespace vakt::engine {
namespace {

constexpr std::size_t kBatchEvents = 4096;
constexpr std::size_t kBatchBytes = 1 << 20;

}  // namespace

struct Offline::Impl {
  Impl(std::shared_ptr<const Pipeline> p, const EngineOptions& options, Time received,
       store::Store* s)
      : pipeline(std::move(p)),
        store(s),
        now(received),
        worker(pipeline),
        engine(pipeline->detectors, s == nullptr ? 0 : s->origin(), with_store(options, s)),
        batch(kBatchBytes + kFrameBytesMax, kBatchEvents) {}

  static EngineOptions with_store(EngineOptions options, const store::Store* store) {
    if (store != nullptr) options.spilled = std::make_shared<const StoredGroups>(*store);
    return options;
  }

  void flush() {
    if (batch.empty()) return;
    hits.clear();
    worker.match(batch, hits);
    hit_count += hits.size();
    apply({now, HitsInput{batch.size(), hits, batch.sources()}}, &batch);
    batch.clear();
  }

  void apply(const Input& input, const event::Batch* events) {
    const Effects effects = engine.apply(input);
    for (const incident::Incident& i : effects.incidents) {
      const auto old = incidents.find(i.number);
      if (old != incidents.end())
        old->second = i;
      else
        incidents.emplace(i.number, i);
    }
    timeline.insert(timeline.end(), effects.timeline.begin(), effects.timeline.end());
    if (store == nullptr || failure) return;
    if (effects.failure) {
      failure = effects.failure;
      return;
    }
    store::Commit commit = make_commit(engine, *pipeline, input, effects, events);
    const bool full = engine.wants_checkpoint();
    if (full) add_checkpoint(commit, engine.take_checkpoint());
    const store::Commit* const group[] = {&commit};
    if (auto done = store->commit(group); !done) failure = done.error();
    if (full && !failure) engine.checkpoint_kept();
  }

  std::shared_ptr<const Pipeline> pipeline;
  store::Store* store;
  Time now;
  Worker worker;
  Engine engine;
  event::Batch batch;
  std::vector<event::Hit> hits;
  std::uint64_t event_count = 0;
  std::uint64_t hit_count = 0;
  std::uint64_t unparsed_count = 0;
  std::map<std::uint64_t, incident::Incident> incidents;  // by number
  std::vector<incident::TimelineEntry> timeline;
  std::optional<Error> failure;
};

Offline::Offline(std::shared_ptr<const Pipeline> pipeline, const EngineOptions& options, Time now,
                 store::Store* store)
    : impl_(std::make_unique<Impl>(std::move(pipeline), options, now, store)) {}

Offline::~Offline() = default;

void Offline::add(std::string_view frame, bool truncated, std::uint16_t listener,
                  std::string_view peer) {
  check(frame.size() <= kFrameBytesMax, "frames are bounded by the framer");
  if (!impl_->batch.has_room(frame.size())) impl_->flush();
  impl_->worker.add(impl_->batch, frame, truncated, {listener, peer, false, impl_->now});
  ++impl_->event_count;
  if (impl_->worker.malformed(impl_->batch)) ++impl_->unparsed_count;
}

Result<void> Offline::finish() {
  impl_->flush();
  impl_->apply({impl_->now, EndOfInput{}}, nullptr);
  if (impl_->failure) return tl::make_unexpected(*impl_->failure);
  return {};
}

std::uint64_t Offline::events() const { return impl_->event_count; }
std::uint64_t Offline::hits() const { return impl_->hit_count; }
std::uint64_t Offline::unparsed() const { return impl_->unparsed_count; }

std::vector<incident::Incident> Offline::incidents() const {
  std::vector<incident::Incident> out;
  for (const auto& [number, incident] : impl_->incidents)
    if (!incident.merged_into) out.push_back(incident);
  return out;
}

std::vector<incident::TimelineEntry> Offline::timeline(incident::IncidentId id) const {
  std::vector<incident::TimelineEntry> out;
  for (const auto& entry : impl_->timeline)
    if (entry.incident == id) out.push_back(entry);
  return out;
}

}  // namespace vakt::engine
