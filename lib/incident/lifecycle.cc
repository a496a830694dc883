#include "incident/lifecycle.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace vakt::incident {
namespace {

constexpr std::array<std::pair<ActionKind, std::string_view>, 10> kActions{
    {{ActionKind::acknowledge, "ack"},
     {ActionKind::investigate, "investigate"},
     {ActionKind::contain, "contain"},
     {ActionKind::restore, "restore"},
     {ActionKind::close, "close"},
     {ActionKind::note, "note"},
     {ActionKind::state_facts, "set"},
     {ActionKind::reopen, "reopen"},
     {ActionKind::merge, "merge"},
     {ActionKind::unmerge, "unmerge"}}};

std::optional<State> target_state(ActionKind kind) {
  switch (kind) {
    case ActionKind::acknowledge:
      return State::acknowledged;
    case ActionKind::investigate:
      return State::investigating;
    case ActionKind::contain:
      return State::contained;
    case ActionKind::restore:
      return State::restored;
    case ActionKind::close:
      return State::closed;
    case ActionKind::note:
    case ActionKind::state_facts:
    case ActionKind::reopen:
    case ActionKind::merge:
    case ActionKind::unmerge:
    case ActionKind::expire_acknowledgement:
      return std::nullopt;
  }
  return std::nullopt;
}

tl::unexpected<Error> conflict(const Incident& incident, std::string_view what) {
  return fail(Errc::conflict, fmt::format("{} {}", display_name(incident), what));
}

Result<void> permit(const Incident& incident, const Action& action, Time now) {
  if (action.actor.empty()) return fail(Errc::invalid, "an action needs the name of who acts");
  if (action.text.size() > kActionTextBytesMax)
    return fail(Errc::too_large, fmt::format("the text is {} bytes; at most {} are kept",
                                             action.text.size(), kActionTextBytesMax));
  if (action.expected_revision && *action.expected_revision != incident.revision)
    return conflict(incident, fmt::format("was changed meanwhile (revision {}, expected {}): read "
                                          "it again",
                                          incident.revision, *action.expected_revision));
  if (action.at && *action.at > now) return fail(Errc::invalid, "'at' is in the future");
  const bool of_merged = action.kind == ActionKind::note || action.kind == ActionKind::unmerge;
  if (incident.merged_into && !of_merged)
    return conflict(incident, fmt::format("was merged into another incident ({}): act on that",
                                          to_hex(*incident.merged_into)));
  return {};
}

// Of the steps forwards.
Result<void> permit_step(const Incident& incident, const Action& action, State target, Time now) {
  const bool renews = target == State::acknowledged && incident.state == target && action.until;
  if (incident.state >= target && !renews)
    return conflict(incident, fmt::format("is already {}", to_string(incident.state)));
  if (action.until && *action.until <= now)
    return fail(Errc::invalid, "an acknowledgement cannot end before it begins");
  if (action.kind != ActionKind::close) return {};
  if (action.disposition == Disposition::none)
    return fail(Errc::invalid,
                "closing needs a disposition: true_positive, benign, false_positive, duplicate or "
                "test");
  if (action.disposition == Disposition::false_positive && action.text.empty())
    return fail(Errc::invalid, "closing as a false positive needs a reason");
  return {};
}

TimelineEntry done(Incident& incident, const Action& action, Time now, std::string_view kind,
                   std::string text) {
  ++incident.revision;
  if (!action.text.empty()) {
    if (!text.empty()) text += ": ";
    text += action.text;
  }
  return entry(incident, now, action.actor, std::string(kind), std::move(text), action.role);
}

Result<TimelineEntry> step(Incident& incident, const Action& action, State target, Time now) {
  if (const auto ok = permit_step(incident, action, target, now); !ok)
    return tl::make_unexpected(ok.error());
  const Time at = action.at.value_or(now);
  if (!incident.acknowledged_at || target == State::acknowledged) incident.owner = action.actor;
  if (!incident.acknowledged_at) incident.acknowledged_at = at;
  incident.acknowledged_until = target == State::acknowledged ? action.until : std::nullopt;
  if (target == State::investigating) incident.investigating_at = at;
  if (target == State::contained) incident.contained_at = at;
  if (target == State::restored) incident.restored_at = at;
  if (target == State::closed) {
    incident.closed_at = at;
    incident.disposition = action.disposition;
  }
  const State before = std::exchange(incident.state, target);
  std::string text = fmt::format("{} -> {}", to_string(before), to_string(target));
  if (target == State::closed) text += fmt::format(" ({})", to_string(action.disposition));
  if (action.until) text += fmt::format(" until {}", format_rfc3339(*action.until));
  if (action.at) text += fmt::format(" at {}", format_rfc3339(*action.at));
  return done(incident, action, now, to_string(target), std::move(text));
}

// Who states awareness starts a statutory clock: changing it is never a slip.
Result<void> permit_statement(const Incident& incident, const Action& action,
                              const Statement& statement) {
  const Fact* before = incident.facts.find(FactId::aware_at);
  if (statement.id != FactId::aware_at || before == nullptr || !action.text.empty()) return {};
  return fail(Errc::invalid,
              fmt::format("'aware_at' was stated by {}: changing it needs a reason", before->by));
}

// All of them, or none.
Result<TimelineEntry> state_facts(Incident& incident, const Action& action, Time now) {
  if (action.statements.empty()) return fail(Errc::invalid, "nothing is stated");
  if (action.statements.size() > kStatementsMax)
    return fail(Errc::too_large, fmt::format("at most {} facts at once", kStatementsMax));
  Facts facts = incident.facts;
  std::string text;
  // Whether it changed anything.
  const auto state = [&](const Statement& statement) -> Result<bool> {
    const auto change = facts.state(statement, action.actor, now, action.text);
    if (!change) return tl::make_unexpected(change.error());
    if (!text.empty() && !change->empty()) text += "; ";
    text += *change;
    return !change->empty();
  };
  const Statement* decided = nullptr;
  bool says_when = false;
  for (const Statement& statement : action.statements) {
    if (const auto ok = permit_statement(incident, action, statement); !ok)
      return tl::make_unexpected(ok.error());
    const auto changed = state(statement);
    if (!changed) return tl::make_unexpected(changed.error());
    if (*changed && statement.id == FactId::significant) decided = &statement;
    says_when = says_when || statement.id == FactId::significance_decided_at;
  }
  if (decided != nullptr && !says_when) {
    const auto when = decided->value ? std::optional(format_rfc3339(now)) : std::nullopt;
    if (const auto ok = state({FactId::significance_decided_at, {}, when}); !ok)
      return tl::make_unexpected(ok.error());
  }
  if (text.empty()) return conflict(incident, "says so already");
  incident.facts = std::move(facts);
  return done(incident, action, now, "facts", std::move(text));
}

Result<TimelineEntry> merge(Incident& incident, const Action& action, Time now) {
  if (!action.into) return fail(Errc::invalid, "merging needs the incident to merge into");
  if (*action.into == incident.id) return conflict(incident, "cannot be merged into itself");
  incident.merged_into = action.into;
  incident.merged_by = action.actor;
  return done(incident, action, now, "merged", fmt::format("into {}", to_hex(*action.into)));
}

Result<TimelineEntry> unmerge(Incident& incident, const Action& action, Time now) {
  if (!incident.merged_into) return conflict(incident, "is not merged into another one");
  if (incident.merged_by.empty())
    return conflict(incident, "was merged by detection: its events are one episode");
  const std::string from = to_hex(*incident.merged_into);
  incident.merged_into.reset();
  incident.merged_by.clear();
  return done(incident, action, now, "unmerged", "from " + from);
}

void open_again(Incident& incident) {
  incident.state = State::investigating;
  incident.disposition = Disposition::none;
  incident.closed_at.reset();
  incident.restored_at.reset();
}

Result<TimelineEntry> reopen_by(Incident& incident, const Action& action, Time now) {
  if (incident.state != State::closed) return conflict(incident, "is not closed");
  if (action.text.empty()) return fail(Errc::invalid, "reopening needs a reason");
  open_again(incident);
  return done(incident, action, now, "reopened", {});
}

Result<TimelineEntry> expire(Incident& incident, const Action& action, Time now) {
  if (incident.state != State::acknowledged || !incident.acknowledged_until ||
      *incident.acknowledged_until > now)
    return conflict(incident, "has no acknowledgement that is over");
  incident.acknowledged_until.reset();
  incident.state = State::fresh;
  return done(incident, action, now, "acknowledgement_expired",
              fmt::format("{} has not gone on", incident.owner));
}

}  // namespace

std::string_view to_string(ActionKind kind) {
  for (const auto& [k, name] : kActions)
    if (k == kind) return name;
  return "";
}

std::optional<ActionKind> parse_action(std::string_view text) {
  for (const auto& [k, name] : kActions)
    if (name == text) return k;
  return std::nullopt;
}

Result<TimelineEntry> apply(Incident& incident, const Action& action, Time now) {
  if (const auto ok = permit(incident, action, now); !ok) return tl::make_unexpected(ok.error());
  if (const auto target = target_state(action.kind)) return step(incident, action, *target, now);
  switch (action.kind) {
    case ActionKind::state_facts:
      return state_facts(incident, action, now);
    case ActionKind::reopen:
      return reopen_by(incident, action, now);
    case ActionKind::merge:
      return merge(incident, action, now);
    case ActionKind::unmerge:
      return unmerge(incident, action, now);
    case ActionKind::expire_acknowledgement:
      return expire(incident, action, now);
    case ActionKind::note:
      if (action.text.empty()) return fail(Errc::invalid, "a note needs a text");
      return done(incident, action, now, "note", {});
    case ActionKind::acknowledge:
    case ActionKind::investigate:
    case ActionKind::contain:
    case ActionKind::restore:
    case ActionKind::close:
      break;
  }
  return fail(Errc::invalid, "no such action");
}

TimelineEntry reopen(Incident& incident, Time now) {
  ++incident.revision;
  open_again(incident);
  return entry(incident, now, "vakt", "reopened", "a further event of a true positive arrived");
}

TimelineEntry entry(Incident& incident, Time now, std::string actor, std::string kind,
                    std::string text, std::string role) {
  TimelineEntry made;
  made.incident = incident.id;
  made.index = incident.timeline_entries++;
  made.at = now;
  made.actor = std::move(actor);
  made.role = std::move(role);
  made.kind = std::move(kind);
  made.text = std::move(text);
  return made;
}

std::string display_name(const Incident& incident) {
  return fmt::format("INC-{}", incident.number);
}

}  // namespace vakt::incident
