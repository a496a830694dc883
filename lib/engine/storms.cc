// Storms: when many groups of one rule open incidents within minutes, these become members of one
// storm incident, which people work on and which alone is news (DESIGN "What opens an incident").
// It goes on until `storm.window` after its latest member. Which incidents belong to it is decided
// in committed order and not taken back: people have been told.
#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "engine/changes.h"
#include "engine/engine.h"

namespace vakt::engine {

// True: the incident that opened just now is news by itself.
bool Engine::count_opening(const Cause& cause, const Key& group, const incident::Incident& incident,
                           Changes& changes) {
  if (options_.storm.groups < 2) return true;
  const StormKey key{group.detector, group.historic};
  Storm& storm = storms_[key];
  waiting_.insert(incident.id);
  const auto joined =
      storm.openings.insert(options_.storm, {incident.detection.opened_event_time, incident.id,
                                             incident.detection.opened_by.sequence, cause.ordinal});
  if (joined.empty()) return true;
  if (storm.incident) {
    incident::Incident& running = incidents_.at(*storm.incident);
    if (joined.front().time - options_.storm.window >= running.detection.last_event_time)
      end_storm(storm, changes);
  }
  if (!storm.incident) open_storm(cause, key.historic, storm, joined, changes);
  bool news = true;
  for (const correlate::Opening& opening : joined) {
    join_storm(cause, storm, opening, changes);
    waiting_.erase(opening.incident);
    if (opening.incident == incident.id) news = false;
  }
  if (!news) ++counters_.left_to_storm;
  return news;
}

void Engine::open_storm(const Cause& cause, bool historic, Storm& storm,
                        const std::vector<correlate::Opening>& joined, Changes& changes) {
  const correlate::Opening& crossing = joined.back();
  incident::Incident incident;
  std::string identity;
  ByteWriter out(identity);
  out.bytes(cause.detector.meta->id);
  out.bytes("storm");
  out.be64(origin_);
  out.be64(crossing.sequence);
  incident.id = hash128(identity);
  describe(cause, historic, incident);
  incident.threshold = options_.storm.groups;
  incident.window = options_.storm.window;
  incident.detection.first_event_time = joined.front().time;
  incident.detection.last_event_time = joined.front().time;
  incident.detection.opened_event_time = crossing.time;
  incident.detection.opened_by = {origin_, crossing.sequence};
  storm.incident = incident.id;
  changes.add(incident::entry(
      incident, cause.now, "vakt", "opened",
      fmt::format("a storm: {} incidents of this rule within {}; further ones become members",
                  joined.size(), format_duration(incident.window))));
  changes.opened(incident.id);
  incidents_.insert_or_assign(incident.id, std::move(incident));
}

void Engine::join_storm(const Cause& cause, Storm& storm, const correlate::Opening& opening,
                        Changes& changes) {
  incident::Incident& whole = incidents_.at(*storm.incident);
  incident::Detection& d = whole.detection;
  d.first_event_time = std::min(d.first_event_time, opening.time);
  d.last_event_time = std::max(d.last_event_time, opening.time);
  d.event_count = ++whole.members;
  d.peak = std::max(d.peak, storm.openings.within(opening.time, options_.storm.window));
  changes.evidence(whole, opening.sequence, opening.ordinal, options_.evidence_max);
  after_close(whole, cause.now, changes);
  changes.touch(whole);

  const auto found = incidents_.find(opening.incident);
  if (found == incidents_.end()) return;  // merged into another meanwhile
  incident::Incident& member = found->second;
  whole.late = whole.late || member.late;
  ++member.revision;
  if (member.decided()) {
    member.linked.push_back(whole.id);
    whole.linked.push_back(member.id);
  } else {
    member.storm = whole.id;
  }
  changes.add(incident::entry(member, cause.now, "vakt", member.storm ? "storm" : "linked",
                              fmt::format("one of many of this rule: {}", display_name(whole))));
  changes.touch(member);
  if (member.final) changes.forget(member.id);
}

void Engine::end_storm(Storm& storm, Changes& changes) {
  incident::Incident& incident = incidents_.at(*std::exchange(storm.incident, std::nullopt));
  incident.final = true;
  changes.touch(incident);
  changes.forget(incident.id);
}

void Engine::finalise_storms(bool historic, Time until, Changes& changes) {
  for (auto it = storms_.begin(); it != storms_.end();) {
    auto& [key, storm] = *it;
    if (key.historic == historic) {
      const Time passed = until - detectors_->all()[key.detector].disorder;
      if (storm.incident && incidents_.at(*storm.incident).detection.last_event_time <=
                                passed - options_.storm.window)
        end_storm(storm, changes);
      for (const correlate::Opening& opening : storm.openings.forget(options_.storm, passed)) {
        if (waiting_.erase(opening.incident) == 0) continue;
        const auto found = incidents_.find(opening.incident);
        if (found != incidents_.end() && found->second.final) changes.forget(opening.incident);
      }
    }
    it = storm.openings.all().empty() && !storm.incident ? storms_.erase(it) : std::next(it);
  }
}

void Engine::encode_storms(ByteWriter& out) const {
  out.varint(storms_.size());
  for (const auto& [key, storm] : storms_) {
    out.varint(key.detector);
    out.u8(static_cast<std::uint8_t>((key.historic ? 1 : 0) | (storm.incident ? 2 : 0)));
    if (storm.incident) {
      out.be64(storm.incident->high);
      out.be64(storm.incident->low);
    }
    storm.openings.encode(out);
  }
}

bool Engine::decode_storms(ByteReader& in,
                           const std::vector<std::optional<std::uint32_t>>& detector_now) {
  const std::uint64_t storms = in.varint();
  for (std::uint64_t i = 0; i < storms && in.ok(); ++i) {
    const std::uint64_t detector = in.varint();
    const std::uint8_t flags = in.u8();
    Storm storm;
    if ((flags & 2) != 0) {
      const std::uint64_t high = in.be64();
      storm.incident = incident::IncidentId{high, in.be64()};
    }
    auto openings = correlate::Openings::decode(in);
    if (!openings || detector >= detector_now.size()) return false;
    if (!detector_now[detector]) continue;  // the rule is gone
    if (storm.incident && !incidents_.contains(*storm.incident)) return false;
    storm.openings = std::move(*openings);
    for (const correlate::Opening& opening : storm.openings.all())
      if (!opening.member) waiting_.insert(opening.incident);
    storms_.emplace(StormKey{*detector_now[detector], (flags & 1) != 0}, std::move(storm));
  }
  return in.ok();
}

}  // namespace vakt::engine
