// Engine state to bytes and back. The bytes depend on the state alone (nothing in hash order), so
// that equal states give equal checkpoints.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "engine/engine.h"
#include "store/incident_codec.h"

namespace vakt::engine {
namespace {

// 1: without storms; 2: without unevaluated events; 3: without groups in the store
constexpr std::uint8_t kVersion = kStateVersion;

void encode_time(ByteWriter& out, std::optional<Time> time) {
  out.u8(time ? 1 : 0);
  if (time) out.svarint(to_ns(*time));
}

std::optional<Time> decode_time(ByteReader& in) {
  if (in.u8() == 0) return std::nullopt;
  return from_ns(in.svarint());
}

}  // namespace

std::string Engine::encode(bool leaving_left_out) const {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.varint(inputs_);
  out.varint(next_sequence_);
  out.varint(next_incident_);
  out.varint(next_group_);
  for (const Watermark& lane : lanes_) lane.encode(out);
  const auto left_out = [&](incident::IncidentId id) {
    return leaving_left_out && leaving_incidents_.contains(id);
  };
  out.varint(incidents_.size() - (leaving_left_out ? leaving_incidents_.size() : 0));
  for (const auto& [id, incident] : incidents_) {
    if (left_out(id)) continue;
    std::string record;
    store::encode_incident(incident, record);
    out.bytes(record);
  }
  encode_groups(out, leaving_left_out);
  encode_storms(out);
  for (const Time late : late_passed_) out.svarint(to_ns(late));
  spill_.encode(out);
  return bytes;
}

void Engine::encode_groups(ByteWriter& out, bool leaving_left_out) const {
  // Detectors by identity: their numbers change with the rule set.
  const auto& detectors = detectors_->all();
  out.varint(detectors.size());
  for (const Detector& d : detectors) {
    out.bytes(d.meta->id);
    out.be64(d.rule_hash.high);
    out.be64(d.rule_hash.low);
  }
  std::vector<std::pair<const Key*, const State*>> ordered;
  ordered.reserve(groups_.size());
  for (const auto& [key, state] : groups_)
    if (!(leaving_left_out && state.leaving)) ordered.emplace_back(&key, &state);
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.second->id < b.second->id; });
  out.varint(ordered.size());
  for (const auto& [key, state] : ordered) {
    out.varint(state->id);
    out.varint(key->detector);
    encode_state(out, *state, key->historic);
  }
}

void Engine::encode_state(ByteWriter& out, const State& state, bool historic) {
  out.u8(static_cast<std::uint8_t>((historic ? 1 : 0) | (state.late ? 2 : 0) |
                                   (state.parked ? 4 : 0)));
  encode_time(out, state.late_until);
  out.svarint(to_ns(state.received));
  out.varint(state.values.size());
  for (const std::string& value : state.values) out.bytes(value);
  std::string group;
  ByteWriter group_out(group);
  state.group.encode(group_out);
  out.bytes(group);
}

Engine::StateRow Engine::decode_state(ByteReader& in, std::uint8_t version) {
  StateRow row;
  const std::uint8_t flags = in.u8();
  row.historic = (flags & 1) != 0;
  row.state.late = (flags & 2) != 0;
  row.state.parked = (flags & 4) != 0;
  row.state.late_until = decode_time(in);
  if (version >= 3) row.state.received = from_ns(in.svarint());
  const std::uint64_t values = in.varint();
  std::string identity;
  ByteWriter identity_out(identity);
  for (std::uint64_t v = 0; v < values && in.ok(); ++v) {
    row.state.values.emplace_back(in.bytes());
    identity_out.bytes(row.state.values.back());
  }
  row.group_hash = hash128(identity);
  row.group = in.bytes();
  return row;
}

bool Engine::decode_group(const StateRow& row, std::uint8_t version,
                          const correlate::Settings& settings, State& state) {
  ByteReader in(row.group);
  auto group = correlate::Group::decode(settings, in, version >= 3);
  if (!group || group->empty()) return false;
  state.group = std::move(*group);
  for (const correlate::Episode& episode : state.group.episodes())
    if (episode.incident) ++state.incidents;
  return true;
}

bool Engine::restore(std::string_view checkpoint) {
  if (!decode(checkpoint)) return false;
  forget_other_rules();
  return true;
}

bool Engine::decode(std::string_view checkpoint) {
  Engine fresh(detectors_, origin_, options_);
  ByteReader in(checkpoint);
  const std::uint8_t version = in.u8();
  if (version < 1 || version > kVersion) return false;
  fresh.inputs_ = in.varint();
  fresh.next_sequence_ = in.varint();
  fresh.next_incident_ = in.varint();
  fresh.next_group_ = in.varint();
  for (Watermark& lane : fresh.lanes_)
    if (!lane.decode(in)) return false;
  const std::uint64_t incidents = in.varint();
  for (std::uint64_t i = 0; i < incidents && in.ok(); ++i) {
    auto incident = store::decode_incident(in.bytes());
    if (!incident) return false;
    const incident::IncidentId id = incident->id;
    fresh.incidents_.emplace(id, std::move(*incident));
  }
  std::vector<std::optional<std::uint32_t>> detector_now;
  if (!fresh.decode_groups(in, version, detector_now)) return false;
  if (version > 1 && !fresh.decode_storms(in, detector_now)) return false;
  if (version > 3) {
    for (Time& late : fresh.late_passed_) late = from_ns(in.svarint());
    if (!fresh.spill_.decode(in)) return false;
  }
  if (!in.at_end()) return false;
  for (const bool historic : {false, true})
    if (const auto watermark = fresh.lanes_[historic].value())
      fresh.passed_[historic] = Spill::Timer{*watermark, UINT32_MAX, UINT64_MAX};
  fresh.counters_ = counters_;
  *this = std::move(fresh);
  return true;
}

// `detector_now`: where the detectors of the checkpoint are in the present rule set.
bool Engine::decode_groups(ByteReader& in, std::uint8_t version,
                           std::vector<std::optional<std::uint32_t>>& detector_now) {
  const auto& detectors = detectors_->all();
  std::unordered_map<std::string_view, std::uint32_t> of_id;
  for (std::uint32_t d = 0; d < detectors.size(); ++d) of_id.emplace(detectors[d].meta->id, d);
  const std::uint64_t detectors_then = in.varint();
  for (std::uint64_t i = 0; i < detectors_then; ++i) {
    const std::string_view id = in.bytes();
    const std::uint64_t high = in.be64();
    const Hash128 hash{high, in.be64()};
    const auto found = of_id.find(id);
    if (found != of_id.end() && detectors[found->second].rule_hash == hash)
      detector_now.emplace_back(found->second);
    else
      detector_now.emplace_back();
    if (!in.ok()) return false;
  }
  const std::uint64_t groups = in.varint();
  for (std::uint64_t i = 0; i < groups && in.ok(); ++i) {
    const std::uint64_t id = in.varint();
    const std::uint64_t detector = in.varint();
    StateRow row = decode_state(in, version);
    if (!in.ok() || detector >= detector_now.size()) return false;
    if (!detector_now[detector]) continue;  // the rule is gone, and its state with it
    const Key key{*detector_now[detector], row.historic, row.group_hash};
    row.state.id = id;
    if (!decode_group(row, version, detectors[key.detector].settings, row.state)) return false;
    for (const correlate::Episode& e : row.state.group.episodes())
      if (e.incident && !incidents_.contains(*e.incident)) return false;
    State& state = add(key, std::move(row.state));
    schedule(key, state);
    if (state.late_until)
      late_due_[key.historic].push({*state.late_until, detectors[key.detector].level, id, key});
    account(key, state);
  }
  return in.ok();
}

}  // namespace vakt::engine
