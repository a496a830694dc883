#include "store/incident_codec.h"

#include <initializer_list>

#include "store/record.h"

namespace vakt::store {
namespace {

using incident::Incident;

constexpr std::uint8_t kIncidentVersion = 2;
constexpr std::uint8_t kTimelineVersion = 2;

enum IncidentFlag : std::uint16_t {
  kFinal = 1 << 0,
  kHistoricIncident = 1 << 1,
  kLate = 1 << 2,
  kMerged = 1 << 3,
  kContinues = 1 << 4,
  kMember = 1 << 5,
  kStorm = 1 << 6,
  kApproximate = 1 << 7,
  kDecided = 1 << 8,
};
constexpr std::uint16_t kIncidentFlags = (1 << 9) - 1;

std::uint16_t flags_of(const Incident& incident) {
  std::uint16_t flags = 0;
  if (incident.final) flags |= kFinal;
  if (incident.historic) flags |= kHistoricIncident;
  if (incident.late) flags |= kLate;
  if (incident.approximate) flags |= kApproximate;
  if (incident.merged_into) flags |= kMerged;
  if (incident.continues) flags |= kContinues;
  if (incident.storm) flags |= kMember;
  if (incident.members > 0) flags |= kStorm;
  if (incident.decided()) flags |= kDecided;
  return flags;
}

void write_detection(RecordWriter& writer, const incident::Detection& detection) {
  writer.hash(detection.rule_hash);
  writer.varint(detection.group.size());
  for (const auto& [name, value] : detection.group) {
    writer.bytes(name);
    writer.bytes(value);
  }
  for (const Time time :
       {detection.first_event_time, detection.last_event_time, detection.opened_event_time})
    writer.time(time);
  writer.be64(detection.opened_by.origin);
  writer.varint(detection.opened_by.sequence);
  writer.varint(detection.event_count);
  writer.varint(detection.peak);
  writer.hash(detection.evidence_digest);
}

bool read_detection(RecordReader& reader, incident::Detection& detection) {
  detection.rule_hash = reader.hash();
  const std::uint64_t groups = reader.varint();
  if (groups > reader.rest().size() / 2) return false;  // two lengths each
  for (std::uint64_t i = 0; i < groups; ++i) {
    const std::string_view name = reader.bytes();
    const std::string_view value = reader.bytes();
    detection.group.emplace_back(name, value);
  }
  for (Time* time :
       {&detection.first_event_time, &detection.last_event_time, &detection.opened_event_time})
    *time = reader.time();
  detection.opened_by.origin = reader.be64();
  detection.opened_by.sequence = reader.varint();
  detection.event_count = reader.varint();
  detection.peak = reader.varint();
  detection.evidence_digest = reader.hash();
  return reader.ok();
}

void write_facts(RecordWriter& writer, const incident::Facts& facts) {
  writer.varint(facts.all().size());
  for (const incident::Fact& fact : facts.all()) {
    writer.u8(static_cast<std::uint8_t>(fact.id));
    for (const std::string* text : {&fact.key, &fact.value, &fact.by, &fact.reason})
      writer.bytes(*text);
    writer.time(fact.at);
  }
}

bool read_facts(RecordReader& reader, incident::Facts& facts) {
  const std::uint64_t count = reader.varint();
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    incident::Fact fact;
    fact.id = static_cast<incident::FactId>(reader.u8());
    for (std::string* text : {&fact.key, &fact.value, &fact.by, &fact.reason})
      *text = reader.bytes();
    fact.at = reader.time();
    if (!facts.restore(std::move(fact))) return false;
  }
  return reader.ok();
}

void write_work(RecordWriter& writer, const Incident& incident) {
  writer.u8(static_cast<std::uint8_t>(incident.disposition));
  writer.bytes(incident.owner);
  for (const auto* time :
       {&incident.acknowledged_at, &incident.acknowledged_until, &incident.investigating_at,
        &incident.contained_at, &incident.restored_at, &incident.closed_at})
    writer.optional_time(*time);
  writer.bytes(incident.merged_by);
  write_facts(writer, incident.facts);
  writer.varint(incident.timeline_entries);
  writer.varint(incident.evidence_entries);
}

bool read_work(RecordReader& reader, Incident& incident) {
  const std::uint8_t disposition = reader.u8();
  if (disposition > static_cast<std::uint8_t>(incident::Disposition::test)) return false;
  incident.disposition = static_cast<incident::Disposition>(disposition);
  incident.owner = reader.bytes();
  for (auto* time :
       {&incident.acknowledged_at, &incident.acknowledged_until, &incident.investigating_at,
        &incident.contained_at, &incident.restored_at, &incident.closed_at})
    *time = reader.optional_time();
  incident.merged_by = reader.bytes();
  if (!read_facts(reader, incident.facts)) return false;
  const std::uint64_t timeline = reader.varint();
  const std::uint64_t evidence = reader.varint();
  if (timeline > UINT32_MAX || evidence > UINT32_MAX) return false;
  incident.timeline_entries = static_cast<std::uint32_t>(timeline);
  incident.evidence_entries = static_cast<std::uint32_t>(evidence);
  return reader.ok();
}

struct Head {
  IncidentHead head;
  std::uint16_t flags = 0;
};

std::optional<Head> read_head(RecordReader& reader) {
  const std::uint8_t state = reader.u8();
  const std::uint8_t severity = reader.u8();
  Head read;
  read.flags = reader.be16();
  read.head.rule_id = reader.bytes();
  if (!reader.framed() || !reader.ok() || state >= incident::kStates ||
      severity > static_cast<std::uint8_t>(rule::Level::critical) ||
      (read.flags & ~kIncidentFlags) != 0)
    return std::nullopt;
  read.head.state = static_cast<incident::State>(state);
  read.head.severity = static_cast<rule::Level>(severity);
  read.head.merged = (read.flags & kMerged) != 0;
  read.head.left_to_storm = (read.flags & kMember) != 0 && (read.flags & kDecided) == 0;
  return read;
}

}  // namespace

void encode_incident(const Incident& incident, std::string& out) {
  RecordWriter writer(out, kIncidentVersion);
  writer.u8(static_cast<std::uint8_t>(incident.state));
  writer.u8(static_cast<std::uint8_t>(incident.severity));
  writer.be16(flags_of(incident));
  writer.bytes(incident.detection.rule_id);
  writer.hash(incident.id);
  writer.varint(incident.number);
  writer.varint(incident.revision);
  write_detection(writer, incident.detection);
  writer.bytes(incident.rule_title);
  writer.bytes(incident.rule_author);
  writer.varint(incident.threshold);
  writer.svarint(incident.window.count());
  if (incident.merged_into) writer.hash(*incident.merged_into);
  if (incident.continues) writer.hash(*incident.continues);
  if (incident.storm) writer.hash(*incident.storm);
  if (incident.members > 0) writer.varint(incident.members);
  writer.varint(incident.linked.size());
  for (const incident::IncidentId id : incident.linked) writer.hash(id);
  writer.varint(incident.hits_after_close);
  writer.time(incident.deciding_received_time);
  writer.time(incident.opened_at);
  write_work(writer, incident);
  writer.finish();
}

std::optional<Incident> decode_incident(std::string_view bytes) {
  RecordReader reader(bytes, kIncidentVersion);
  const auto head = read_head(reader);
  if (!head) return std::nullopt;
  Incident incident;
  incident.state = head->head.state;
  incident.severity = head->head.severity;
  incident.final = (head->flags & kFinal) != 0;
  incident.historic = (head->flags & kHistoricIncident) != 0;
  incident.late = (head->flags & kLate) != 0;
  incident.approximate = (head->flags & kApproximate) != 0;
  incident.detection.rule_id = head->head.rule_id;
  incident.id = reader.hash();
  incident.number = reader.varint();
  incident.revision = reader.varint();
  if (!read_detection(reader, incident.detection)) return std::nullopt;
  incident.rule_title = reader.bytes();
  incident.rule_author = reader.bytes();
  incident.threshold = reader.varint();
  incident.window = Duration(reader.svarint());
  if (head->head.merged) incident.merged_into = reader.hash();
  if ((head->flags & kContinues) != 0) incident.continues = reader.hash();
  if ((head->flags & kMember) != 0) incident.storm = reader.hash();
  if ((head->flags & kStorm) != 0) incident.members = reader.varint();
  const std::uint64_t linked = reader.varint();
  if (linked > reader.rest().size() / 16) return std::nullopt;
  for (std::uint64_t i = 0; i < linked; ++i) incident.linked.push_back(reader.hash());
  incident.hits_after_close = reader.varint();
  incident.deciding_received_time = reader.time();
  incident.opened_at = reader.time();
  if (!read_work(reader, incident) || !reader.complete()) return std::nullopt;
  return incident;
}

std::optional<IncidentHead> decode_incident_head(std::string_view bytes) {
  RecordReader reader(bytes, kIncidentVersion);
  const auto read = read_head(reader);
  if (!read) return std::nullopt;
  return read->head;
}

void encode_timeline(const incident::TimelineEntry& entry, std::string& out) {
  RecordWriter writer(out, kTimelineVersion);
  writer.time(entry.at);
  writer.bytes(entry.actor);
  writer.bytes(entry.role);
  writer.bytes(entry.kind);
  writer.bytes(entry.text);
  writer.finish();
}

std::optional<incident::TimelineEntry> decode_timeline(incident::IncidentId id, std::uint32_t index,
                                                       std::string_view bytes) {
  RecordReader reader(bytes, kTimelineVersion);
  incident::TimelineEntry entry;
  entry.incident = id;
  entry.index = index;
  entry.at = reader.time();
  entry.actor = reader.bytes();
  entry.role = reader.bytes();
  entry.kind = reader.bytes();
  entry.text = reader.bytes();
  if (!reader.complete()) return std::nullopt;
  return entry;
}

}  // namespace vakt::store
