#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"
#include "engine/changes.h"

namespace vakt::engine {
namespace {

// About what one takes in memory, its texts included.
constexpr std::size_t kIncidentBytes = sizeof(incident::Incident) + 512;

// What was reached, for people.
std::string held(const Detector& detector, const correlate::Episode& episode) {
  if (!detector.condition.empty()) return escape_terminal(detector.condition);
  return fmt::format("{} of {}", episode.peak, detector.settings.threshold);
}

}  // namespace

Engine::Engine(std::shared_ptr<const Detectors> detectors, std::uint64_t origin,
               const EngineOptions& options)
    : detectors_(std::move(detectors)),
      origin_(origin),
      options_(options),
      lanes_{Watermark(options.watermark, false), Watermark(options.watermark, true)},
      by_detector_(detectors_->all().size()),
      spill_(options.spilled) {
  for (std::uint32_t d = 0; d < by_detector_.size(); ++d) {
    const Detector& detector = detectors_->all()[d];
    std::string identity;
    ByteWriter out(identity);
    out.bytes(detector.meta->id);
    out.be64(detector.rule_hash.high);
    out.be64(detector.rule_hash.low);
    by_detector_[d].identity = hash128(identity);
    detector_of_[by_detector_[d].identity] = d;
  }
}

Effects Engine::apply(const Input& input) {
  ++inputs_;
  Effects effects;
  effects.first_sequence = next_sequence_;
  Changes changes(effects);
  if (const auto* hits = std::get_if<HitsInput>(&input.what)) {
    apply_hits(*hits, input.now, changes);
  } else if (std::holds_alternative<Tick>(input.what)) {
    const bool session_over = lanes_[1].tick(input.now);
    lanes_[0].tick(input.now);
    if (session_over) finalise(true, kTimeMax, input.now, changes);
  } else if (std::holds_alternative<EndOfInput>(input.what)) {
    finalise(false, kTimeMax, input.now, changes);
    finalise(true, kTimeMax, input.now, changes);
  } else if (const auto* command = std::get_if<Command>(&input.what)) {
    apply_command(*command, input.now, effects, changes);
  } else {
    change_rules(std::get<RulesChange>(input.what), input.now, changes);
  }
  for (const bool historic : {false, true})
    finalise(historic, lanes_[historic].value(), input.now, changes);
  changes.finish(incidents_);
  effects.failure = spill_.take_failure();
  return effects;
}

const incident::Incident* Engine::find(incident::IncidentId id) const {
  const auto it = incidents_.find(id);
  return it == incidents_.end() ? nullptr : &it->second;
}

void Engine::apply_hits(const HitsInput& input, Time now, Changes& changes) {
  if (!spill_.empty()) fetch(input);
  for (const event::Hit& hit : input.hits) {
    check(hit.event_index < input.event_count, "a hit is of an event of its input");
    apply_hit(hit, now, changes);
  }
  next_sequence_ += input.event_count;
  lanes_[0].advance(input.sources, now);
  lanes_[1].advance(input.sources, now);
}

void Engine::apply_hit(const event::Hit& hit, Time now, Changes& changes) {
  const auto watermark = lanes_[(hit.flags & event::kHistoric) != 0].value();
  if (watermark && hit.event_time < *watermark) ++counters_.late_counted;
  for (const Role& role : detectors_->of_rule(hit.rule)) detect(role, hit, now, changes);
}

void Engine::detect(const Role& role, const event::Hit& hit, Time now, Changes& changes) {
  const Detector& detector = detectors_->all()[role.detector];
  auto group = group_key(detector, role.member, hit);
  const auto value = measured_value(detector, role.member, hit);
  if (!group || !value) {
    ++counters_.ungrouped;
    return;
  }
  const bool historic = (hit.flags & event::kHistoric) != 0;
  std::optional<Time> watermark = lanes_[historic].value();
  if (watermark) *watermark -= detector.disorder;
  const std::uint64_t sequence = next_sequence_ + hit.event_index;
  const Hash128 digest = hash128(hit.raw, static_cast<std::uint64_t>(to_ns(hit.event_time)));
  count({{role.detector, historic, group->hash},
         std::move(*group),
         {hit.event_time, sequence, *value, hit.ordinal},
         digest,
         hit.received_time,
         now,
         watermark,
         watermark && hit.event_time < *watermark,
         true},
        changes);
}

void Engine::count(const Sighting& s, Changes& changes) {
  const Detector& detector = detectors_->all()[s.key.detector];
  const bool historic = s.key.historic;
  State* state = find_or_create(s.key, s.group, s.looked_up);
  if (state == nullptr) {
    ++counters_.groups_refused;
    return;
  }
  if (s.late) {
    if (!state->late_until)
      late_due_[historic].push({s.now + options_.late_memory, detector.level, state->id, s.key});
    state->late = true;
    state->late_until = s.now + options_.late_memory;
  }
  state->received = std::max(state->received, s.received);
  const correlate::Settings& settings = detector.settings;
  const correlate::Change change =
      state->group.insert(settings, s.point, s.digest, options_.episode_max);
  if (detector.opens)
    update_incidents({detector, s.point.sequence, s.point.ordinal, s.received, s.now}, s.key,
                     *state, change, changes);
  count_held(s, *state, change.held, changes);
  schedule(s.key, *state);
  if (s.settled) state->group.forget(settings, *s.settled);
  account(s.key, *state);
}

// Each moment at which a correlation holds is an event of the correlations that count it.
void Engine::count_held(const Sighting& cause, const State& state,
                        const std::vector<correlate::Point>& held, Changes& changes) {
  const Detector& inner = detectors_->all()[cause.key.detector];
  for (const correlate::Point& point : held) {
    std::string content;  // the same whenever and wherever it is found
    ByteWriter out(content);
    for (const Hash128& hash : {inner.rule_hash, cause.key.group}) {
      out.be64(hash.high);
      out.be64(hash.low);
    }
    out.svarint(to_ns(point.time));
    for (const Role& role : inner.counted_by) {
      const Detector& outer = detectors_->all()[role.detector];  // waits as long, or longer
      const auto value = measured_value(outer, role.member, state.values);
      if (!value) {
        ++counters_.ungrouped;
        continue;
      }
      Sighting sighting = cause;
      sighting.looked_up = false;
      sighting.group = group_key(outer, role.member, state.values);
      sighting.key = {role.detector, cause.key.historic, sighting.group.hash};
      sighting.point = {point.time, point.sequence, *value, point.ordinal};
      sighting.digest = hash128(content);
      if (sighting.settled) *sighting.settled -= outer.disorder - inner.disorder;
      sighting.late = cause.late && sighting.settled && point.time < *sighting.settled;
      count(sighting, changes);
    }
  }
}

Engine::State* Engine::find_or_create(const Key& key, const GroupKey& group, bool looked_up) {
  State* state = nullptr;
  if (const auto it = groups_.find(key); it != groups_.end()) {
    state = &it->second;
    keep(key, *state);
  } else if (!looked_up) {
    state = fetch(key);
  }
  if (state == nullptr) {
    // New groups wait outside when memory is full and nothing can leave it, so that a flood of keys
    // cannot push out the state of a slow attack. What is refused is counted and raises an alarm.
    // What is leaving does not count: a restart would not have it.
    if (state_bytes_ - leaving_bytes_ >= options_.state_bytes_max) return nullptr;
    State fresh;
    fresh.id = next_group_++;
    for (const std::string_view value : group.values) fresh.values.emplace_back(value);
    state = &add(key, std::move(fresh));
  }
  state->touched = inputs_;
  return state;
}

Engine::State& Engine::add(const Key& key, State&& state) {
  ++by_detector_[key.detector].groups;
  const auto [at, added] = groups_.emplace(key, std::move(state));
  check(added, "a group is in memory once");
  return at->second;
}

// Keeps an entry in due_ no later than the moment there is something to evaluate, or the first
// episode becomes final. One that comes too early is put back when it is popped; so nothing that is
// concluded depends on old entries.
void Engine::schedule(const Key& key, State& state) {
  const Time due = due_of(key, state);
  if (due >= state.due) return;
  state.due = due;
  due_[key.historic].push({due, detectors_->all()[key.detector].level, state.id, key});
}

Time Engine::due_of(const Key& key, const State& state) const {
  const Detector& detector = detectors_->all()[key.detector];
  Time due =
      state.parked ? kTimeMax : state.group.episodes().front().last + detector.settings.window;
  if (const auto time = state.group.not_evaluated()) due = std::min(due, *time + Duration(1));
  return due > kTimeMax - detector.disorder ? kTimeMax : due + detector.disorder;
}

void Engine::account(const Key& key, State& state) {
  constexpr std::size_t kNodeBytes = 64;  // of the map, and what the allocator adds
  std::size_t bytes = sizeof(State) + sizeof(Key) + sizeof(Due) + kNodeBytes + state.group.bytes();
  for (const std::string& value : state.values) bytes += sizeof(value) + value.size();
  bytes += state.incidents * kIncidentBytes;
  state_bytes_ += bytes - state.bytes;
  by_detector_[key.detector].bytes += bytes - state.bytes;
  state.bytes = bytes;
}

void Engine::update_incidents(const Cause& cause, const Key& key, State& state,
                              const correlate::Change& change, Changes& changes) {
  correlate::Episode& episode = state.group.episodes()[change.episode];
  if (change.absorbed && change.absorbed->incident && episode.incident &&
      *change.absorbed->incident != *episode.incident) {
    merge_incidents(cause, episode, *change.absorbed, changes);
    --state.incidents;
  }
  if (change.crossed) {
    open_incident(cause, key, state, change.episode, changes);
    return;
  }
  if (!episode.incident) return;
  incident::Incident& incident = incidents_.at(*episode.incident);
  if (change.crossing_moved) {
    incident.detection.opened_event_time = episode.crossing->time;
    incident.detection.opened_by = {origin_, episode.crossing->sequence};
    changes.add(incident::entry(incident, cause.now, "vakt", "crossing_moved",
                                fmt::format("an event that arrived later puts the crossing at {}",
                                            format_rfc3339(episode.crossing->time))));
  }
  incident.detection.first_event_time = episode.first;
  incident.detection.last_event_time = episode.last;
  incident.detection.event_count = episode.events;
  incident.detection.peak = episode.peak;
  incident.detection.evidence_digest = episode.digest;
  incident.approximate = episode.approximate;
  incident.late = incident.late || state.late;
  changes.evidence(incident, cause.sequence, cause.ordinal, options_.evidence_max);
  after_close(incident, cause.now, changes);
  changes.touch(incident);
}

// A further hit of an incident's episode, or a further member of a storm, arrived.
void Engine::after_close(incident::Incident& incident, Time now, Changes& changes) {
  if (incident.state != incident::State::closed) return;
  if (incident.disposition == incident::Disposition::true_positive)
    changes.add(incident::reopen(incident, now));
  else
    ++incident.hits_after_close;
}

// What its rule and the event that opens it say of an incident, and its number.
void Engine::describe(const Cause& cause, bool historic, incident::Incident& incident) {
  const rule::Metadata& meta = *cause.detector.meta;
  incident.number = next_incident_++;
  incident.detection.rule_id = meta.id;
  incident.detection.rule_hash = cause.detector.rule_hash;
  incident.rule_title = meta.title;
  incident.rule_author = meta.author;
  incident.severity = meta.level;
  incident.historic = historic;
  incident.deciding_received_time = cause.received;
  incident.opened_at = cause.now;
}

void Engine::open_incident(const Cause& cause, const Key& key, State& state,
                           std::size_t episode_index, Changes& changes) {
  auto& episodes = state.group.episodes();
  correlate::Episode& episode = episodes[episode_index];
  incident::Incident incident;
  std::string identity;
  ByteWriter out(identity);
  out.bytes(cause.detector.meta->id);
  for (std::size_t i = 0; i < state.values.size(); ++i) {
    incident.detection.group.emplace_back(cause.detector.group_names[i], state.values[i]);
    out.bytes(state.values[i]);
  }
  out.be64(origin_);
  out.be64(episode.crossing->sequence);
  incident.id = hash128(identity);
  describe(cause, key.historic, incident);
  incident.detection.first_event_time = episode.first;
  incident.detection.last_event_time = episode.last;
  incident.detection.opened_event_time = episode.crossing->time;
  incident.detection.opened_by = {origin_, episode.crossing->sequence};
  incident.detection.event_count = episode.events;
  incident.detection.peak = episode.peak;
  incident.detection.evidence_digest = episode.digest;
  incident.approximate = episode.approximate;
  incident.threshold = cause.detector.condition.empty() ? cause.detector.settings.threshold : 0;
  incident.window = cause.detector.settings.window;
  incident.late = state.late;
  if (episode.continuation && episode_index > 0)
    incident.continues = episodes[episode_index - 1].incident;
  episode.incident = incident.id;
  ++state.incidents;

  changes.add(incident::entry(
      incident, cause.now, "vakt", incident.continues ? "continued" : "opened",
      fmt::format("{} in {}", held(cause.detector, episode), format_duration(incident.window))));
  state.group.points().each(episode.first, [&](const correlate::Point& p) {
    return p.time <= episode.last &&
           changes.evidence(incident, p.sequence, p.ordinal, options_.evidence_max);
  });
  changes.touch(incident);
  const incident::IncidentId id = incident.id;
  const auto& kept = incidents_.insert_or_assign(id, std::move(incident)).first->second;
  if (!kept.continues && count_opening(cause, key, kept, changes)) changes.opened(id);
}

// An event bridged two episodes that both have an incident. The later one merges into the earlier
// one; where people have decided about either, both stay and are linked.
void Engine::merge_incidents(const Cause& cause, correlate::Episode& episode,
                             const correlate::Episode& absorbed, Changes& changes) {
  incident::Incident& earlier = incidents_.at(*episode.incident);
  incident::Incident& later = incidents_.at(*absorbed.incident);
  ++earlier.revision;
  ++later.revision;
  later.final = true;
  const bool decided = earlier.decided() || later.decided();
  const std::string kind = decided ? "linked" : "merged";
  const std::string earlier_name = incident::display_name(earlier);
  const std::string later_name = incident::display_name(later);
  if (decided) {
    earlier.linked.push_back(later.id);
    later.linked.push_back(earlier.id);
  } else {
    later.merged_into = earlier.id;
  }
  changes.add(
      incident::entry(earlier, cause.now, "vakt", kind,
                      fmt::format("an event between them made one episode with {}", later_name)));
  changes.add(
      incident::entry(later, cause.now, "vakt", kind,
                      fmt::format("an event between them made one episode with {}", earlier_name)));
  changes.touch(earlier);
  changes.touch(later);
  changes.forget(later.id);
}

void Engine::apply_command(const Command& command, Time now, Effects& effects, Changes& changes) {
  if (State* state = fetch_incident(command.incident)) state->touched = inputs_;
  const auto it = incidents_.find(command.incident);
  if (it == incidents_.end() && !command.loaded) {
    effects.answer = Result<incident::Incident>(fail(Errc::not_found, "no such incident"));
    return;
  }
  const bool in_memory = it != incidents_.end();
  incident::Incident incident = in_memory ? it->second : *command.loaded;
  auto entry = incident::apply(incident, command.action, now);
  if (!entry) {
    effects.answer = Result<incident::Incident>(tl::make_unexpected(entry.error()));
    return;
  }
  changes.add(std::move(*entry));
  effects.answer = Result<incident::Incident>(incident);
  if (in_memory) {
    it->second = std::move(incident);
    changes.touch(it->second);
  } else {
    changes.put(std::move(incident));
  }
}

// The way of a restart: out by the old detectors' identities, in by the new ones'. An incident
// whose state went with its rule has nothing more to come.
void Engine::change_rules(const RulesChange& change, Time now, Changes& changes) {
  if (!change.detectors) return;
  for (const Key& key : std::exchange(leaving_, {}))
    if (const auto it = groups_.find(key); it != groups_.end()) keep(key, it->second);
  const std::string state = checkpoint();
  Spill spill = std::move(spill_);
  const bool on_its_way = on_its_way_;
  detectors_ = change.detectors;
  check(decode(state), "an engine reads its own state");
  spill_ = std::move(spill);
  on_its_way_ = on_its_way;
  forget_other_rules();
  std::set<incident::IncidentId> waiting;
  for (const auto& [key, group] : groups_)
    for (const correlate::Episode& episode : group.group.episodes())
      if (episode.incident) waiting.insert(*episode.incident);
  for (const auto& [key, storm] : storms_)
    if (storm.incident) waiting.insert(*storm.incident);
  for (auto& [id, incident] : incidents_) {
    if (waiting.contains(id)) continue;
    if (incident.final) {  // it only waited for a storm
      if (!waiting_.contains(id)) changes.forget(id);
      continue;
    }
    incident.final = true;
    ++incident.revision;
    changes.add(incident::entry(incident, now, "vakt", "final",
                                "its rule was changed or removed: what comes is not counted here"));
    changes.touch(incident);
    changes.forget(id);
  }
}

void Engine::drop(const Key& key) {
  const auto it = groups_.find(key);
  state_bytes_ -= it->second.bytes;
  by_detector_[key.detector].bytes -= it->second.bytes;
  --by_detector_[key.detector].groups;
  groups_.erase(it);
}

}  // namespace vakt::engine
