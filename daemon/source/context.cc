#include "source/context.h"

namespace vakt::source {

void drop(Context& context, std::unique_ptr<Work> work, metrics::Dropped reason) {
  if (work->events() > 0) {
    metrics::ListenerCounters& counters = context.of(work->listener);
    metrics::add(counters.dropped[static_cast<std::size_t>(reason)], work->events());
    metrics::sub(counters.in_flight, work->events());
  }
  for (const auto& [place, bytes] : work->shares) context.shares.remove(place, bytes);
  for (const auto& ticket : work->tickets) ticket->done(false);
  if (work->command)
    work->command->done(fail(Errc::unavailable, "the store cannot be written now: try again"));
  if (work->access)
    work->access->done(fail(Errc::unavailable, "the store cannot be written now: try again"));
  context.pool.give_back(std::move(work));
}

}  // namespace vakt::source
