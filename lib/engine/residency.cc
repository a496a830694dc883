// Which groups are in memory, and which in the store (README.md "Where groups lie").
//
// Groups leave with a checkpoint, the ones not touched for longest first, of the rules that take
// more than their share; they come back with the batch that has a hit for them, or when something
// of theirs is due. One without incident or evaluation to come has nothing due: it is caught up
// with when it is read. Where a group lies changes nothing that is concluded.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "engine/engine.h"
#include "store/incident_codec.h"
#include "store/sortable_time.h"

namespace vakt::engine {
namespace {

constexpr std::uint64_t kInputsBetween = 16;  // tries to make room where there is none

// So that all together have `total` bytes: what each may have that wants more.
std::size_t fair_share(std::vector<std::size_t> wanted, std::size_t total) {
  std::sort(wanted.begin(), wanted.end());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::size_t share = total / (wanted.size() - i);
    if (wanted[i] > share) return share;
    total -= wanted[i];
  }
  return SIZE_MAX;
}

std::uint32_t checksum(std::string_view bytes) { return static_cast<std::uint32_t>(hash64(bytes)); }

// The value but for its checksum; nullopt: it is damaged.
std::optional<std::string_view> checked(std::string_view value) {
  if (value.size() < sizeof(std::uint32_t)) return std::nullopt;
  const std::string_view content = value.substr(0, value.size() - sizeof(std::uint32_t));
  const bool whole = ByteReader(value.substr(content.size())).be32() == checksum(content);
  return whole ? std::optional(content) : std::nullopt;
}

// When something of a group is due, and whether in received time.
using Timers = std::vector<std::pair<bool, Spill::Timer>>;

// A row: expiry, version, id, what belongs to it, state, checksum.
struct Row {
  Time over;  // in event time; kTimeMax: something is due
  Time late;  // and in received time
  std::uint8_t version = 0;
  std::uint64_t id = 0;
  Timers timers;
  std::vector<incident::Incident> incidents;
};

std::optional<Row> decode_row(std::optional<std::string_view> content, ByteReader& in) {
  if (!content) return std::nullopt;
  in = ByteReader(*content);
  Row row;
  row.over = store::from_sortable(in.be64());
  row.late = store::from_sortable(in.be64());
  row.version = in.u8();
  row.id = in.varint();
  const std::uint64_t timers = in.varint();
  for (std::uint64_t i = 0; i < timers && in.ok(); ++i) {
    const bool received = row.version >= 5 && in.u8() != 0;
    const Time time = from_ns(in.svarint());
    row.timers.push_back({received, {time, static_cast<std::uint32_t>(in.varint()), row.id}});
  }
  const std::uint64_t incidents = in.varint();
  for (std::uint64_t i = 0; i < incidents && in.ok(); ++i) {
    auto incident = store::decode_incident(in.bytes());
    if (!incident) return std::nullopt;
    row.incidents.push_back(std::move(*incident));
  }
  return in.ok() && row.version <= kStateVersion ? std::optional(std::move(row)) : std::nullopt;
}

std::vector<std::string> others_of(bool historic, const Timers& timers,
                                   const std::vector<incident::IncidentId>& incidents) {
  std::vector<std::string> rows;
  for (const auto& [received, timer] : timers)
    rows.push_back(Spill::timer_row(Spill::clock(historic, received), timer));
  for (const incident::IncidentId id : incidents) rows.push_back(Spill::incident_row(id));
  return rows;
}

std::vector<incident::IncidentId> incidents_of(const correlate::Group& group) {
  std::vector<incident::IncidentId> out;
  for (const correlate::Episode& episode : group.episodes())
    if (episode.incident) out.push_back(*episode.incident);
  return out;
}

}  // namespace

Spill::Place Engine::place_of(const Key& key) const {
  return {key.historic, by_detector_[key.detector].identity, key.group};
}

Spill::Timer Engine::timer_of(const Key& key, const State& state) const {
  return {due_of(key, state), detectors_->all()[key.detector].level, state.id};
}

bool Engine::without_timer(const State& state) const {
  return state.incidents == 0 && !state.group.not_evaluated();
}

std::vector<std::pair<bool, Spill::Timer>> Engine::timers_of(const Key& key,
                                                             const State& state) const {
  std::vector<std::pair<bool, Spill::Timer>> out;
  if (without_timer(state)) return out;
  const Spill::Timer due = timer_of(key, state);
  if (due.time != kTimeMax) out.push_back({false, due});
  if (state.late_until) out.push_back({true, {*state.late_until, due.level, due.id}});
  return out;
}

bool Engine::may_leave(const State& state) const {
  if (without_timer(state)) return true;
  for (const correlate::Episode& episode : state.group.episodes())
    if (episode.incident && waiting_.contains(*episode.incident)) return false;
  return true;
}

// Where little could leave, not at every input.
bool Engine::wants_checkpoint() const {
  if (!spill_.attached() || on_its_way_ || state_bytes_ <= options_.spill_above) return false;
  const std::size_t enough = spilled_to_ + (options_.spill_above - options_.spill_to) / 2;
  if (state_bytes_ >= enough) return true;
  return state_bytes_ >= options_.state_bytes_max && inputs_ >= spilled_at_ + kInputsBetween;
}

Checkpoint Engine::take_checkpoint() {
  check(!on_its_way_, "one checkpoint at a time");
  Checkpoint out;
  if (!spill_.attached()) {
    out.state = encode(false);
    return out;
  }
  out.spilled = spill_cold_groups();
  out.state = encode(true);
  out.groups = spill_.take_changes();
  for (const bool historic : {false, true}) {
    out.groups.over_until[historic] = lanes_[historic].value().value_or(kTimeMin);
    out.groups.late_until[historic] = late_passed_[historic];
  }
  on_its_way_ = true;
  return out;
}

std::vector<std::uint64_t> Engine::spill_cold_groups() {
  spilled_to_ = state_bytes_;
  spilled_at_ = inputs_;
  if (state_bytes_ <= options_.spill_above) return {};
  struct Candidate {
    std::uint64_t touched;
    std::uint64_t id;
    std::pair<const Key, State>* group;
  };
  std::vector<std::vector<Candidate>> of_detector(by_detector_.size());
  std::vector<std::size_t> bytes(by_detector_.size());  // that may leave
  std::size_t all = 0;
  for (auto& group : groups_) {
    if (!may_leave(group.second)) continue;
    of_detector[group.first.detector].push_back({group.second.touched, group.second.id, &group});
    bytes[group.first.detector] += group.second.bytes;
    all += group.second.bytes;
  }
  const std::size_t bound = state_bytes_ - all;
  const std::size_t share =
      fair_share(bytes, options_.spill_to > bound ? options_.spill_to - bound : 0);
  std::vector<std::uint64_t> spilled(bytes.size());
  for (std::size_t d = 0; d < bytes.size(); ++d) {
    if (bytes[d] <= share) continue;
    std::sort(of_detector[d].begin(), of_detector[d].end(), [](const auto& a, const auto& b) {
      return std::tie(a.touched, a.id) < std::tie(b.touched, b.id);
    });
    for (const Candidate& candidate : of_detector[d]) {
      if (bytes[d] <= share) break;
      bytes[d] -= candidate.group->second.bytes;
      spilled_to_ -= candidate.group->second.bytes;
      spill(candidate.group->first, candidate.group->second);
      ++spilled[d];
    }
  }
  return spilled;
}

void Engine::spill(const Key& key, State& state) {
  const Detector& detector = detectors_->all()[key.detector];
  const auto timers = timers_of(key, state);
  const Time last = state.group.episodes().back().last;
  const Time over = last + detector.settings.window + detector.disorder;
  std::string value;
  ByteWriter out(value);
  out.be64(store::sortable(timers.empty() ? over : kTimeMax));
  out.be64(store::sortable(state.late_until.value_or(kTimeMin)));
  out.u8(kStateVersion);
  out.varint(state.id);
  out.varint(timers.size());
  for (const auto& [received, due] : timers) {
    out.u8(received ? 1 : 0);
    out.svarint(to_ns(due.time));
    out.varint(due.level);
    spill_.put_timer(place_of(key), Spill::clock(key.historic, received), due);
  }
  const auto incidents = incidents_of(state.group);
  out.varint(incidents.size());
  for (const incident::IncidentId id : incidents) {
    std::string record;
    store::encode_incident(incidents_.at(id), record);
    out.bytes(record);
    spill_.put_incident(place_of(key), id);
    leaving_incidents_[id] = key;
  }
  encode_state(out, state, key.historic);
  out.be32(checksum(value));
  spill_.put(
      place_of(key), std::move(value),
      {over, state.late_until.value_or(kTimeMin), 1, detector.settings.window, detector.disorder});
  state.leaving = true;
  leaving_bytes_ += state.bytes;
  leaving_.push_back(key);
}

// It stays: what the checkpoint on its way says of it will be void.
void Engine::keep(const Key& key, State& state) {
  if (!std::exchange(state.leaving, false)) return;
  leaving_bytes_ -= state.bytes;
  const auto incidents = incidents_of(state.group);
  spill_.make_void(place_of(key), others_of(key.historic, timers_of(key, state), incidents));
  for (const incident::IncidentId id : incidents) leaving_incidents_.erase(id);
}

void Engine::checkpoint_kept() {
  on_its_way_ = false;
  if (!spill_.attached()) return;
  for (const Key& key : std::exchange(leaving_, {})) {
    const auto it = groups_.find(key);
    if (it == groups_.end() || !it->second.leaving) continue;
    for (const incident::IncidentId id : incidents_of(it->second.group)) incidents_.erase(id);
    drop(key);
  }
  leaving_incidents_.clear();
  leaving_bytes_ = 0;
  spill_.kept();
  // Entries of groups that left would stay until their time.
  const auto purge = [&](DueQueue& queue, const auto& current) {
    if (queue.size() < 2 * groups_.size() + options_.spill_portion) return;
    queue.keep_if([&](const Due& due) {
      const auto it = groups_.find(due.key);
      return it != groups_.end() && it->second.id == due.id && current(it->second, due.time);
    });
  };
  for (const bool historic : {false, true}) {
    purge(due_[historic], [](const State& state, Time time) { return state.due == time; });
    purge(late_due_[historic], [](const State& state, Time) { return state.late_until; });
  }
}

// Those that the hits of a batch are of, all at once.
void Engine::fetch(const HitsInput& input) {
  std::unordered_set<std::string> seen;
  std::vector<std::string> rows;
  for (const event::Hit& hit : input.hits) {
    const bool historic = (hit.flags & event::kHistoric) != 0;
    for (const Role& role : detectors_->of_rule(hit.rule)) {
      if (!spill_.may_have(historic, by_detector_[role.detector].identity)) continue;
      const auto group = group_key(detectors_->all()[role.detector], role.member, hit);
      if (!group) continue;
      const Key key{role.detector, historic, group->hash};
      if (groups_.contains(key)) continue;
      std::string row = Spill::group_row(place_of(key));
      if (seen.insert(row).second) rows.push_back(std::move(row));
    }
  }
  if (rows.empty()) return;
  const auto values = spill_.get(rows);
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (values[i]) take_in(rows[i], *values[i]);
}

Engine::State* Engine::fetch(const Key& key) {
  const Spill::Place place = place_of(key);
  if (!spill_.may_have(place.historic, place.detector)) return nullptr;
  const std::string row = Spill::group_row(place);
  const auto value = spill_.get(row);
  return value ? take_in(row, *value) : nullptr;
}

// The group of an incident: also where it is leaving.
Engine::State* Engine::fetch_incident(incident::IncidentId id) {
  if (const auto leaving = leaving_incidents_.find(id); leaving != leaving_incidents_.end()) {
    const Key key = leaving->second;
    State& state = groups_.at(key);
    keep(key, state);
    return &state;
  }
  if (spill_.empty() || incidents_.contains(id)) return nullptr;
  const auto row = spill_.get(Spill::incident_row(id));
  if (!row) return nullptr;
  const auto value = spill_.get(*row);
  return value ? take_in(*row, *value) : nullptr;
}

// Portions, in order: `complete` is how far due_ has all that lies in the store.
bool Engine::fetch_due(Spill::Clock clock, Time until, Spill::Timer& complete) {
  complete = {until, UINT32_MAX, UINT64_MAX};
  Spill::Due due = spill_.due(clock, until, options_.spill_portion);
  if (due.more) complete = due.timers.back();
  const auto values = spill_.get(due.rows);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) take_in(due.rows[i], *values[i]);
  return due.more;
}

// Null: it was over, or is of a rule that is gone.
Engine::State* Engine::take_in(const std::string& name, std::string_view value) {
  const auto place = Spill::place_of(name);
  const auto detector = place ? detector_of_.find(place->detector) : detector_of_.end();
  if (detector == detector_of_.end()) return nullptr;
  const Key key{detector->second, place->historic, place->group};
  // A checkpoint may be in the store before the engine is told: then what leaves is there twice.
  if (groups_.contains(key)) return nullptr;
  ByteReader in{{}};
  auto row = decode_row(checked(value), in);
  StateRow state_row = decode_state(in, row ? row->version : kStateVersion);
  State state = std::move(state_row.state);
  const bool understood =
      row && in.at_end() &&
      decode_group(state_row, row->version, detectors_->all()[key.detector].settings, state);
  if (!understood) {
    spill_.fail(
        fmt::format("a group's row of rule {} is damaged, or of another version of Vakt: start "
                    "that version, or "
                    "move the data directory away to begin afresh (row {})",
                    detectors_->all()[key.detector].meta->id, to_hex(place->group)));
    return nullptr;
  }
  state.id = row->id;
  std::vector<incident::IncidentId> ids;
  for (incident::Incident& incident : row->incidents) {
    ids.push_back(incident.id);
    incidents_.insert_or_assign(ids.back(), std::move(incident));
  }
  spill_.make_void(*place, others_of(place->historic, row->timers, ids));
  ++counters_.groups_fetched;
  if (!catch_up(key, state)) return nullptr;
  State& added = add(key, std::move(state));
  added.touched = inputs_;
  schedule(key, added);
  if (added.late_until)
    late_due_[key.historic].push(
        {*added.late_until, detectors_->all()[key.detector].level, added.id, key});
  account(key, added);
  return &added;
}

// What finalise() would have done with it meanwhile. False: it is over. With something due it was
// not passed over; where rules have changed, finalise() does it now.
bool Engine::catch_up(const Key& key, State& state) {
  const Detector& detector = detectors_->all()[key.detector];
  if (state.late_until && *state.late_until <= late_passed_[key.historic]) {
    state.late_until.reset();
    state.parked = false;
  }
  const std::optional<Spill::Timer>& passed = passed_[key.historic];
  while (passed && !state.parked && without_timer(state)) {
    const Spill::Timer due = timer_of(key, state);
    if (due > *passed) break;
    if (state.late_until) {
      state.parked = true;
      break;
    }
    const Time until = due.time - detector.disorder;
    while (state.group.take_final(detector.settings, until)) {
    }
    if (state.group.empty()) return false;
    state.group.forget(detector.settings, until);
  }
  return true;
}

// Rows of rules that are gone, or that wait for another time than when the rows were made. Those
// come back, to be due anew; of the others, incidents stay in memory, for change_rules() to end.
void Engine::forget_other_rules() {
  for (const auto& [part, until] : spill_.parts()) {
    const auto& [historic, identity] = part;
    const auto found = detector_of_.find(identity);
    const Detector* detector =
        found == detector_of_.end() ? nullptr : &detectors_->all()[found->second];
    if (detector != nullptr && detector->settings.window == until.window &&
        detector->disorder == until.disorder)
      continue;
    std::string after;
    for (bool more = true; more;) {
      const auto rows = spill_.rows_of(historic, identity, after, options_.spill_portion);
      more = rows.size() == options_.spill_portion;
      if (more) after = rows.back().key;
      for (const store::GroupRow& row : rows) {
        if (spill_.is_void(row.key)) continue;
        if (detector != nullptr)
          take_back(row);
        else
          take_incidents(row);
      }
    }
    spill_.clear(historic, identity);
  }
}

void Engine::take_back(const store::GroupRow& found) {
  ByteReader in{{}};
  const auto row = decode_row(checked(found.value), in);
  const bool historic = Spill::place_of(found.key)->historic;
  const std::optional<Spill::Timer>& passed = passed_[historic];
  const bool over =
      row && passed && row->over <= passed->time && row->late <= late_passed_[historic];
  if (over) return;  // before the change
  take_in(found.key, found.value);
}

void Engine::take_incidents(const store::GroupRow& found) {
  ByteReader in{{}};
  auto row = decode_row(checked(found.value), in);
  if (!row || (row->incidents.empty() && row->timers.empty())) return;
  std::vector<incident::IncidentId> ids;
  for (incident::Incident& incident : row->incidents) {
    ids.push_back(incident.id);
    incidents_.insert_or_assign(ids.back(), std::move(incident));
  }
  const Spill::Place place = *Spill::place_of(found.key);
  spill_.make_void(place, others_of(place.historic, row->timers, ids));
}

}  // namespace vakt::engine
