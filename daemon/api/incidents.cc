// What the API does with incidents.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <charconv>
#include <memory>
#include <utility>

#include "api/action_json.h"
#include "api/answers.h"
#include "api/endpoint.h"
#include "api/incident_json.h"
#include "api/kpi.h"
#include "api/query.h"

namespace vakt::api {
namespace {

namespace json = boost::json;
using access::Permission;
using http::Request;
using http::Respond;
using http::Response;

constexpr std::uint64_t kActionBytesMax = 256 * 1024;

// For If-Match: what a reader of this revision has seen.
Response with_tag(const incident::Incident& incident, Response response) {
  response.headers.emplace_back("ETag", fmt::format("\"{}\"", incident.revision));
  return response;
}

void list(const Backend& backend, const Principal&, const Request& request, Respond respond) {
  const auto store = store_of(backend);
  if (!store) return respond(store_away());
  const auto query = read_incident_query(request, *store);
  if (!query) return respond(error_of(query.error()));
  const auto incidents = store->incidents(*query);
  if (!incidents) return respond(error_of(incidents.error()));
  json::array rows;
  for (const incident::Incident& incident : *incidents) {
    json::object row = to_json(incident);
    row.erase("stated");  // of one incident only
    rows.push_back(std::move(row));
  }
  json::object out;
  // A full page may have another one behind it.
  out["next_before"] = incidents->size() == query->limit ? json::value(incidents->back().number)
                                                         : json::value(nullptr);
  out["incidents"] = std::move(rows);
  respond(json_response(out));
}
void show(const Backend& backend, const Principal&, const Request& request, Respond respond) {
  const auto limit = read_evidence_limit(request);
  if (!limit) return respond(error_of(limit.error()));
  const auto shared = store_of(backend);
  if (!shared) return respond(store_away());
  const store::Store& store = *shared;
  const auto incident = store.find_incident(request.captures.at(0));
  if (!incident) return respond(error_of(incident.error()));
  const auto timeline = store.timeline(incident->id);
  if (!timeline) return respond(error_of(timeline.error()));
  const auto evidence = store.evidence(incident->id);
  if (!evidence) return respond(error_of(evidence.error()));
  json::object out = to_json(*incident);
  json::array entries;
  for (const incident::TimelineEntry& entry : *timeline) entries.push_back(to_json(entry));
  json::array rows;
  for (std::size_t i = 0; i < std::min(*limit, evidence->size()); ++i)
    rows.push_back(to_json((*evidence)[i]));
  out["timeline"] = std::move(entries);
  out["evidence"] = std::move(rows);
  respond(with_tag(*incident, json_response(out)));
}
// RFC 9110 section 13.1.1; a list of one strong tag is what a client can have.
Result<void> read_if_match(const Request& request, incident::Action& action) {
  const std::string_view tag = request.header("if-match");
  if (tag.empty() || tag == "*") return {};
  std::uint64_t revision = 0;
  const bool quoted = tag.size() > 2 && tag.front() == '"' && tag.back() == '"';
  const std::string_view digits = quoted ? tag.substr(1, tag.size() - 2) : std::string_view();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), revision);
  if (!quoted || error != std::errc() || end != digits.data() + digits.size())
    return fail(Errc::invalid, "'If-Match' is not an ETag of an incident, such as \"3\"");
  action.expected_revision = revision;
  return {};
}

// What the other incidents of a link are told, after the one that was asked for.
std::vector<engine::Command> told_to_others(const engine::Command& asked) {
  std::vector<engine::Command> out;
  const auto tell = [&](incident::IncidentId other, incident::FactId fact, bool there) {
    engine::Command& command = out.emplace_back();
    command.incident = other;
    command.action.kind = incident::ActionKind::state_facts;
    command.action.actor = asked.action.actor;
    command.action.role = asked.action.role;
    command.action.text = asked.action.text;
    command.action.statements.push_back(
        {fact, to_hex(asked.incident), there ? std::optional<std::string>("") : std::nullopt});
  };
  if (asked.action.into) tell(*asked.action.into, incident::FactId::duplicates, true);
  if (asked.action.kind == incident::ActionKind::unmerge && asked.loaded->merged_into)
    tell(*asked.loaded->merged_into, incident::FactId::duplicates, false);
  for (const incident::Statement& statement : asked.action.statements)
    if (const auto reverse = incident::reverse_of(statement.id))
      if (const auto other = incident::parse_id(statement.key))
        tell(*other, *reverse, statement.value.has_value());
  return out;
}

// One after the other; what another incident says so already is not told twice.
void tell_others(const Backend& backend, std::vector<engine::Command> commands,
                 std::function<void()> done) {
  if (commands.empty()) return done();
  engine::Command next = std::move(commands.back());
  commands.pop_back();
  const auto store = store_of(backend);
  if (auto other = store ? store->incident(next.incident)
                         : Result<incident::Incident>(fail(Errc::unavailable, "")))
    next.loaded = std::move(*other);
  backend.command(std::move(next),
                  [&backend, commands = std::move(commands),
                   done = std::move(done)](const Result<incident::Incident>&) mutable {
                    tell_others(backend, std::move(commands), std::move(done));
                  });
}

Permission needed_for(const incident::Statement& statement) {
  switch (statement.id) {
    case incident::FactId::aware_at:
      return Permission::assert_awareness;
    case incident::FactId::significant:
    case incident::FactId::significance_decided_at:
      return Permission::assert_significance;
    default:
      return Permission::work_incidents;
  }
}

// What an action needs: a statutory clock hangs on some facts, and other people state them.
access::Permissions needed_for(const incident::Action& action) {
  access::Permissions needed;
  for (const incident::Statement& statement : action.statements)
    needed.insert(needed_for(statement));
  if (action.kind != incident::ActionKind::state_facts || action.statements.empty())
    needed.insert(Permission::work_incidents);
  return needed;
}

// Who acts, and in which role: what the timeline says of it. Only the bootstrap token, which is
// nobody's, may name somebody.
std::optional<Response> sign(const Principal& who, incident::Action& action) {
  access::Permission in_role = Permission::work_incidents;
  for (const Permission permission : {Permission::work_incidents, Permission::assert_significance,
                                      Permission::assert_awareness}) {
    if (!needed_for(action).contains(permission)) continue;
    if (!who.may(permission)) return forbidden(who, permission);
    in_role = permission;
  }
  if (who.is_bootstrap()) return std::nullopt;
  if (!action.actor.empty() && action.actor != who.name)
    return forbidden(fmt::format("{} cannot act under another name: leave 'actor' out", who.name));
  action.actor = who.name;
  action.role = who.role_for(in_role);
  return std::nullopt;
}

// Nothing is merged into what is merged itself, and what others were merged into stays: nobody
// finds the end of a chain, and a circle has none. (Two that merge each other at one moment get
// by.)
Result<void> check_merge(const store::Store& store, const incident::Incident& incident,
                         const incident::Action& action) {
  if (!action.into) return {};
  const auto into = store.incident(*action.into);
  if (!into) return tl::make_unexpected(into.error());
  if (into->merged_into)
    return fail(Errc::conflict, fmt::format("{} is merged into another incident itself: name that",
                                            incident::display_name(*into)));
  for (const incident::Fact& fact : incident.facts.all())
    if (fact.id == incident::FactId::duplicates)
      return fail(Errc::conflict,
                  fmt::format("others were merged into {}, or repeat it: merge them first",
                              incident::display_name(incident)));
  return {};
}

void act(const Backend& backend, const Principal& who, const Request& request, Respond respond) {
  if (!who.may(Permission::work_incidents) && !who.may(Permission::assert_awareness) &&
      !who.may(Permission::assert_significance))
    return respond(forbidden(who, Permission::work_incidents));
  const auto store = store_of(backend);
  if (!store) return respond(store_away());
  auto incident = store->find_incident(request.captures.at(0));
  if (!incident) return respond(error_of(incident.error()));
  const auto resolve = [&](std::string_view reference) -> Result<incident::IncidentId> {
    const auto other = store->find_incident(reference);
    if (!other) return tl::make_unexpected(other.error());
    return other->id;
  };
  auto action = read_action(request.body, *incident, resolve);
  if (!action) return respond(error_of(action.error()));
  if (auto refusal = sign(who, *action)) return respond(std::move(*refusal));
  if (const auto ok = read_if_match(request, *action); !ok) return respond(error_of(ok.error()));
  // Where it changes after this, the engine refuses it as a conflict.
  if (!request.header("if-match").empty() && action->expected_revision &&
      *action->expected_revision != incident->revision)
    return respond(
        http::error_response(412, "changed",
                             fmt::format("{} was changed meanwhile (revision {}): read it again",
                                         incident::display_name(*incident), incident->revision)));
  if (const auto ok = check_merge(*store, *incident, *action); !ok)
    return respond(error_of(ok.error()));
  engine::Command command{incident->id, std::move(*action), std::move(*incident)};
  auto others = told_to_others(command);
  backend.command(
      std::move(command), [&backend, others = std::move(others),
                           respond = std::move(respond)](Result<incident::Incident> done) mutable {
        if (!done) return respond(error_of(done.error()));
        Response response = with_tag(*done, json_response(to_json(*done)));
        tell_others(
            backend, std::move(others),
            [respond = std::move(respond), response = std::move(response)] { respond(response); });
      });
}

// Which facts there are, for clients and people.
void facts(const Backend&, const Principal&, const Request&, Respond respond) {
  json::array rows;
  for (const incident::FactInfo& info : incident::fact_infos()) rows.push_back(to_json(info));
  respond(json_response({{"facts", std::move(rows)}}));
}

constexpr std::array kEndpoints{
    Endpoint{"GET", "/api/v1/facts", 0, Permission::read_incidents, facts},
    Endpoint{"GET", "/api/v1/kpi", 0, Permission::read_incidents, kpi},
    Endpoint{"GET", "/api/v1/incidents", 0, Permission::read_incidents, list},
    Endpoint{"GET", "/api/v1/incidents/{ref}", 0, Permission::read_incidents, show},
    Endpoint{"POST", "/api/v1/incidents/{ref}/actions", kActionBytesMax, Guard::known(), act},
};

}  // namespace

std::span<const Endpoint> incident_endpoints() { return kEndpoints; }

}  // namespace vakt::api
