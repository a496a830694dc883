#include "incident/lifecycle.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace vakt::incident {
namespace {

constexpr std::array<std::pair<ActionKind, std::string_view>, 6> kActions{
    {{ActionKind::acknowledge, "ack"},
     {ActionKind::investigate, "investigate"},
     {ActionKind::contain, "contain"},
     {ActionKind::restore, "restore"},
     {ActionKind::close, "close"},
     {ActionKind::note, "note"}}};

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
      return std::nullopt;
  }
  return std::nullopt;
}

Result<void> permit(const Incident& incident, const Action& action) {
  const std::string name = display_name(incident);
  if (action.actor.empty()) return fail(Errc::invalid, "an action needs the name of who acts");
  if (action.text.size() > kActionTextBytesMax)
    return fail(Errc::too_large, fmt::format("the text is {} bytes; at most {} are kept",
                                             action.text.size(), kActionTextBytesMax));
  if (action.expected_revision && *action.expected_revision != incident.revision)
    return fail(Errc::conflict,
                fmt::format("{} was changed meanwhile (revision {}, expected {}): read it again",
                            name, incident.revision, *action.expected_revision));
  if (action.kind == ActionKind::note) {
    if (action.text.empty()) return fail(Errc::invalid, "a note needs a text");
    return {};
  }
  if (incident.merged_into)
    return fail(Errc::conflict, fmt::format("{} was merged into another incident ({}): act on that",
                                            name, to_hex(*incident.merged_into)));
  if (const State target = *target_state(action.kind); incident.state >= target)
    return fail(Errc::conflict, fmt::format("{} is already {}", name, to_string(incident.state)));
  if (action.kind != ActionKind::close) return {};
  if (action.disposition == Disposition::none)
    return fail(Errc::invalid,
                "closing needs a disposition: true_positive, benign, false_positive, duplicate or "
                "test");
  if (action.disposition == Disposition::false_positive && action.text.empty())
    return fail(Errc::invalid, "closing as a false positive needs a reason");
  return {};
}

void set_if_empty(std::optional<Time>& field, Time now) {
  if (!field) field = now;
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
  if (const auto ok = permit(incident, action); !ok) return tl::make_unexpected(ok.error());
  ++incident.revision;
  const auto target = target_state(action.kind);
  if (!target) return entry(incident, now, action.actor, "note", action.text);
  if (!incident.acknowledged_at) incident.owner = action.actor;
  set_if_empty(incident.acknowledged_at, now);
  if (*target == State::investigating) incident.investigating_at = now;
  if (*target == State::contained) incident.contained_at = now;
  if (*target == State::restored) incident.restored_at = now;
  if (*target == State::closed) {
    incident.closed_at = now;
    incident.disposition = action.disposition;
  }
  const State before = std::exchange(incident.state, *target);
  std::string text = fmt::format("{} -> {}", to_string(before), to_string(*target));
  if (*target == State::closed) text += fmt::format(" ({})", to_string(action.disposition));
  if (!action.text.empty()) text += ": " + action.text;
  return entry(incident, now, action.actor, std::string(to_string(*target)), std::move(text));
}

TimelineEntry reopen(Incident& incident, Time now) {
  ++incident.revision;
  incident.state = State::investigating;
  incident.disposition = Disposition::none;
  incident.closed_at.reset();
  incident.restored_at.reset();
  return entry(incident, now, "vakt", "reopened", "a further event of a true positive arrived");
}

TimelineEntry entry(Incident& incident, Time now, std::string actor, std::string kind,
                    std::string text) {
  return {incident.id,    incident.timeline_entries++, now, std::move(actor), std::move(kind),
          std::move(text)};
}

std::string display_name(const Incident& incident) {
  return fmt::format("INC-{}", incident.number);
}

}  // namespace vakt::incident
