#include "api/incident_json.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "api/facts_json.h"
#include "base/text.h"
#include "incident/lifecycle.h"
#include "store/hit_codec.h"

namespace vakt::api {
namespace {

namespace json = boost::json;

json::value time_or_null(const std::optional<Time>& time) {
  if (!time) return nullptr;
  return json::value(format_rfc3339(*time));
}

json::value id_or_null(const std::optional<incident::IncidentId>& id) {
  if (!id) return nullptr;
  return json::value(to_hex(*id));
}

// As text: a JSON number of 64 bits does not survive every reader.
std::string origin_text(std::uint64_t origin) { return fmt::format("{:016x}", origin); }

json::object times_of(const incident::Incident& i) {
  return {{"opened_at", format_rfc3339(i.opened_at)},
          {"deciding_received_time", format_rfc3339(i.deciding_received_time)},
          {"acknowledged_at", time_or_null(i.acknowledged_at)},
          {"acknowledged_until", time_or_null(i.acknowledged_until)},
          {"investigating_at", time_or_null(i.investigating_at)},
          {"contained_at", time_or_null(i.contained_at)},
          {"restored_at", time_or_null(i.restored_at)},
          {"closed_at", time_or_null(i.closed_at)}};
}

json::array flags_of(std::uint16_t flags) {
  constexpr std::array<std::pair<event::Flag, const char*>, 7> kNames{
      {{event::kUnparsed, "unparsed"},
       {event::kTruncated, "truncated"},
       {event::kHadNul, "had_nul"},
       {event::kBadUtf8, "bad_utf8"},
       {event::kTimeSuspect, "time_suspect"},
       {event::kYearGuessed, "year_guessed"},
       {event::kHistoric, "historic"}}};
  json::array out;
  for (const auto& [flag, name] : kNames)
    if ((flags & flag) != 0) out.emplace_back(name);
  return out;
}

json::value value_of(const store::StoredHit::NamedField& field) {
  if (field.kind == event::ValueKind::null) return nullptr;
  if (field.kind == event::ValueKind::boolean) return field.text == "true";
  return safe_string(field.text);
}

// A name that the event has several times becomes an array.
json::object fields_of(const store::StoredHit& hit) {
  json::object out;
  for (const auto& field : hit.fields) {
    const json::string name = safe_string(field.name);
    json::value* there = out.if_contains(name);
    if (there == nullptr) {
      out.emplace(name, value_of(field));
    } else if (there->is_array()) {
      there->as_array().push_back(value_of(field));
    } else {
      json::array both;
      both.push_back(*there);
      both.push_back(value_of(field));
      *there = std::move(both);
    }
  }
  return out;
}

}  // namespace

json::string safe_string(std::string_view text) {
  std::string out;
  append_sanitised(out, text);
  return json::string(out);
}

json::object to_json(const incident::Incident& i) {
  const incident::Detection& d = i.detection;
  json::object group;
  for (const auto& [name, value] : d.group) group[safe_string(name)] = safe_string(value);
  json::array linked;
  for (const incident::IncidentId& id : i.linked) linked.emplace_back(to_hex(id));
  json::object out;
  out["id"] = to_hex(i.id);
  out["name"] = incident::display_name(i);
  out["number"] = i.number;
  out["revision"] = i.revision;
  out["rule"] = json::object{{"id", safe_string(d.rule_id)},
                             {"title", safe_string(i.rule_title)},
                             {"author", safe_string(i.rule_author)}};
  out["severity"] = rule::to_string(i.severity);
  out["state"] = incident::to_string(i.state);
  out["group"] = std::move(group);
  out["first_event_time"] = format_rfc3339(d.first_event_time);
  out["last_event_time"] = format_rfc3339(d.last_event_time);
  out["opened_by"] = json::object{{"event_time", format_rfc3339(d.opened_event_time)},
                                  {"origin", origin_text(d.opened_by.origin)},
                                  {"sequence", d.opened_by.sequence}};
  out["event_count"] = d.event_count;
  out["peak"] = d.peak;
  out["threshold"] = i.threshold;
  out["window"] = format_duration(i.window);
  out["provisional"] = !i.final;
  out["historic"] = i.historic;
  out["late"] = i.late;
  out["approximate"] = i.approximate;
  out["merged_into"] = id_or_null(i.merged_into);
  out["merged_by"] =
      i.merged_by.empty() ? json::value(nullptr) : json::value(safe_string(i.merged_by));
  out["continues"] = id_or_null(i.continues);
  out["linked"] = std::move(linked);
  out["storm"] = id_or_null(i.storm);
  out["members"] = i.members == 0 ? json::value(nullptr) : json::value(i.members);
  out["times"] = times_of(i);
  out["disposition"] = i.disposition == incident::Disposition::none
                           ? json::value(nullptr)
                           : json::value(incident::to_string(i.disposition));
  out["facts"] = to_json(i.facts);
  out["stated"] = stated_json(i.facts);
  const incident::Fact* named = i.facts.find(incident::FactId::role, "owner");
  const std::string& owner = named != nullptr ? named->value : i.owner;
  out["owner"] = owner.empty() ? json::value(nullptr) : json::value(safe_string(owner));
  out["hits_after_close"] = i.hits_after_close;
  out["evidence_total"] = i.evidence_entries;
  out["evidence_digest"] = to_hex(d.evidence_digest);
  return out;
}

json::object to_json(const incident::TimelineEntry& entry) {
  return {{"index", entry.index},
          {"at", format_rfc3339(entry.at)},
          {"actor", safe_string(entry.actor)},
          {"role", safe_string(entry.role)},
          {"kind", safe_string(entry.kind)},
          {"text", safe_string(entry.text)}};
}

json::object to_json(const store::Store::Evidence& evidence) {
  json::object out;
  out["index"] = evidence.index;
  out["origin"] = origin_text(evidence.position.origin);
  out["sequence"] = evidence.position.sequence;
  const auto hit = store::decode_hit(evidence.hit);
  if (!hit) return out;
  out["event_time"] = format_rfc3339(hit->event_time);
  out["received_time"] = format_rfc3339(hit->received_time);
  out["rule"] = safe_string(hit->rule_id);
  out["source"] = safe_string(hit->source);
  out["flags"] = flags_of(hit->flags);
  out["raw"] = safe_string(hit->raw);
  out["fields"] = fields_of(*hit);
  return out;
}

}  // namespace vakt::api
