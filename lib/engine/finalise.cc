// What is over: the watermark has passed it, and nothing that comes can change it any more. Its
// conditions are evaluated, its incidents become final, and its state goes.
#include <algorithm>
#include <utility>

#include "engine/changes.h"
#include "engine/engine.h"

namespace vakt::engine {

void Engine::finalise(bool historic, std::optional<Time> until, Time now, Changes& changes) {
  if (!until) return passed_[historic].reset();
  const bool all = *until == kTimeMax;
  auto& late = late_due_[historic];
  const Spill::Clock received = Spill::clock(historic, true);
  for (bool more = true; more;) {
    Spill::Timer fetched;
    more = fetch_due(received, all ? kTimeMax : now, fetched);
    while (!late.empty() && (late.top().time <= now || all)) {
      const Due due = late.top();
      late.pop();
      end_lateness(due, now, all);
    }
  }
  late_passed_[historic] = all ? kTimeMax : now;
  auto& queue = due_[historic];
  Spill::Timer complete;  // up to which due_ has what lies in the store
  bool more = true;
  while (more) {
    more = fetch_due(Spill::clock(historic, false), *until, complete);
    while (!queue.empty()) {
      const Due due = queue.top();
      const Spill::Timer timer{due.time, due.level, due.id};
      if (timer > complete) break;
      queue.pop();
      passed_[historic] = std::max(passed_[historic].value_or(timer), timer);
      finalise_due(due, *until, now, changes);
    }
    passed_[historic] = complete;
  }
  if (all)
    spill_.clear(historic);
  else
    spill_.clear_passed(historic, *until, now);
  finalise_storms(historic, *until, changes);
}

// Late events are not waited for any more, or for longer.
void Engine::end_lateness(const Due& due, Time now, bool all) {
  const auto it = groups_.find(due.key);
  if (it == groups_.end() || it->second.id != due.id || !it->second.late_until) return;
  State& state = it->second;
  if (*state.late_until > now && !all)
    return late_due_[due.key.historic].push({*state.late_until, due.level, due.id, due.key});
  keep(due.key, state);  // while it still has the timers of its row
  state.late_until.reset();
  if (std::exchange(state.parked, false)) schedule(due.key, state);
}

void Engine::finalise_due(const Due& due, Time until, Time now, Changes& changes) {
  const auto it = groups_.find(due.key);
  if (it == groups_.end() || it->second.id != due.id) return;
  State& state = it->second;
  if (due.time != state.due) return;
  state.due = kTimeMax;
  keep(due.key, state);
  const Detector& detector = detectors_->all()[due.key.detector];
  const correlate::Settings& settings = detector.settings;
  const Time passed = due.time - detector.disorder;
  evaluate_passed(due.key, state, passed, now, changes);
  const bool final = state.group.episodes().front().last <= passed - settings.window;
  // Late events count against it for a while longer; late_due_ brings it back.
  state.parked = final && until != kTimeMax && state.late_until && *state.late_until > now;
  bool took = false;
  while (const auto episode =
             state.parked ? std::nullopt : state.group.take_final(settings, passed)) {
    took = true;
    account(due.key, state);
    if (!episode->incident) continue;
    --state.incidents;
    incident::Incident& incident = incidents_.at(*episode->incident);
    incident.detection.peak = episode->peak;
    incident.approximate = episode->approximate;
    incident.final = true;
    changes.touch(incident);
    if (!waiting_.contains(incident.id)) changes.forget(incident.id);
  }
  if (state.group.empty()) return drop(due.key);
  // What is final is nothing a late event could find again.
  if (took) state.group.forget(settings, passed);
  account(due.key, state);
  schedule(due.key, state);
}

// What is evaluated only when the watermark has passed it opens its incidents here, and is counted.
// Time goes in steps, so that everything is known that happened before.
void Engine::evaluate_passed(const Key& key, State& state, Time until, Time now, Changes& changes) {
  const Detector& detector = detectors_->all()[key.detector];
  if (!detector.settings.when_final) return;
  const correlate::Advance passed = state.group.advance(detector.settings, until);
  for (const auto& [episode, point] : passed.reached)
    if (detector.opens)
      open_incident({detector, point.sequence, point.ordinal, state.received, now}, key, state,
                    episode, changes);
  Sighting cause;
  cause.key = key;
  cause.received = state.received;
  cause.now = now;
  cause.settled = until;
  count_held(cause, state, passed.held, changes);
}

}  // namespace vakt::engine
