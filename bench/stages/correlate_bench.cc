// Matching events to episodes: one group's windows, in order and slightly out of it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "correlate/group.h"
#include "stages/sample.h"

namespace vakt::correlate {
namespace {

// The argument is how many seconds late every tenth event comes.
void insert(benchmark::State& state, Measure measure) {
  const Settings settings{.measure = measure, .window = std::chrono::minutes(1), .threshold = 5};
  constexpr std::uint64_t kEvents = 10'000;
  std::uint64_t events = 0;
  for (auto _ : state) {
    Group group;
    for (std::uint64_t i = 0; i < kEvents; ++i) {
      const auto late = std::chrono::seconds(i % 10 == 9 ? state.range(0) : 0);
      const Time time = Time{} + std::chrono::hours(1) + std::chrono::seconds(i) - late;
      const Point point{time, i, 0, measure == Measure::events ? 0 : i * 7919 % 100 + 1};
      benchmark::DoNotOptimize(group.insert(settings, point, Hash128{}));
      if (i % 100 == 99) group.forget(settings, time - std::chrono::minutes(1));
    }
    events += kEvents;
  }
  bench::report(state, events, 0);
}

void count_events(benchmark::State& state) { insert(state, Measure::events); }
BENCHMARK(count_events)->Arg(0)->Arg(5)->ArgName("late");

void count_values(benchmark::State& state) { insert(state, Measure::distinct_values); }
BENCHMARK(count_values)->Arg(0)->Arg(5)->ArgName("late");

}  // namespace
}  // namespace vakt::correlate
