// Hits of one group, by what is measured, by how many events its window holds, and by how many of
// them come out of order: what a hit costs must not grow faster than the logarithm of the window.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>

#include "correlate/group.h"
#include "stages/sample.h"

namespace vakt::correlate {
namespace {

// One event a millisecond, every `late`th of them by a tenth of the window.
class Hits {
 public:
  Hits(const Settings& settings, std::int64_t content, std::int64_t late)
      : settings_(settings), late_(late) {
    settings_.window = std::chrono::milliseconds(content);
    for (std::int64_t i = 0; i < 2 * content; ++i) next();
  }

  Hits copy() const {
    std::string bytes;
    ByteWriter out(bytes);
    group_.encode(out);
    ByteReader in(bytes);
    return Hits(settings_, *Group::decode(settings_, in), i_);
  }

  void late() {
    const Time now = Time{} + std::chrono::hours(1) + std::chrono::milliseconds(i_);
    const Point point{now - settings_.window / 10, i_ + 1, value()};
    benchmark::DoNotOptimize(group_.insert(settings_, point, Hash128{}));
  }

  void next() {
    ++i_;
    const bool late = late_ > 0 && i_ % static_cast<std::uint64_t>(late_) == 0;
    const Time now = Time{} + std::chrono::hours(1) + std::chrono::milliseconds(i_);
    const Point point{late ? now - settings_.window / 10 : now, i_, value()};
    benchmark::DoNotOptimize(group_.insert(settings_, point, Hash128{}));
    const Time watermark = now - settings_.window / 5;
    if (settings_.when_final) benchmark::DoNotOptimize(group_.advance(settings_, watermark));
    group_.forget(settings_, watermark);
  }

 private:
  Hits(const Settings& settings, Group&& group, std::uint64_t i)
      : settings_(settings), late_(0), group_(std::move(group)), i_(i) {}

  std::uint64_t value() const {
    const std::uint64_t mixed = i_ * 0x9E3779B97F4A7C15ull;
    switch (settings_.measure) {
      case Measure::events:
        return 0;
      case Measure::distinct_values:
        return mixed;  // no two the same
      case Measure::members:
      case Measure::sequence:
        return (mixed >> 40) % 4;
      default:
        return (mixed >> 40) * 1'000;
    }
  }

  Settings settings_;
  std::int64_t late_;
  Group group_;
  std::uint64_t i_ = 0;
};

Settings settings_of(Measure measure) {
  Settings s;
  s.measure = measure;
  s.threshold = 5;
  s.when_final = measure >= Measure::sum && measure <= Measure::median;
  if (s.when_final) s.comparisons = {{rule::Comparison::Op::gt, 1'000'000'000'000'000}};
  if (measure == Measure::sequence) s.sequence = {0, 1, 2, 3};
  s.percent_micros = 95'000'000;
  return s;
}

void hits(benchmark::State& state, Measure measure) {
  Hits hits(settings_of(measure), state.range(0), state.range(1));
  std::uint64_t events = 0;
  for (auto _ : state) {
    hits.next();
    ++events;
  }
  bench::report(state, events, 0);
}

// The one event out of order that moves a long line into a tree: what is waited for once.
void first_late(benchmark::State& state, Measure measure) {
  Hits hits(settings_of(measure), state.range(0), 0);
  std::uint64_t events = 0;
  for (auto _ : state) {
    state.PauseTiming();
    {
      Hits copy = hits.copy();
      state.ResumeTiming();
      copy.late();
      state.PauseTiming();
    }
    state.ResumeTiming();
    ++events;
  }
  bench::report(state, events, 0);
}

void by_window(benchmark::internal::Benchmark* b) {
  b->ArgNames({"window", "late"});
  for (const std::int64_t late : {0, 10})
    for (const std::int64_t content : {10, 100, 1'000, 10'000, 100'000}) b->Args({content, late});
}

BENCHMARK_CAPTURE(hits, event_count, Measure::events)->Apply(by_window);
BENCHMARK_CAPTURE(hits, value_count, Measure::distinct_values)
    ->Apply(by_window)
    ->Args({1'000'000, 0})  // estimated
    ->Args({1'000'000, 10});
BENCHMARK_CAPTURE(hits, value_sum, Measure::sum)->Apply(by_window);
BENCHMARK_CAPTURE(hits, value_avg, Measure::average)->Apply(by_window);
BENCHMARK_CAPTURE(hits, value_percentile, Measure::percentile)->Apply(by_window);
BENCHMARK_CAPTURE(hits, value_median, Measure::median)->Apply(by_window);
BENCHMARK_CAPTURE(hits, temporal, Measure::members)->Apply(by_window);
BENCHMARK_CAPTURE(hits, temporal_ordered, Measure::sequence)->Apply(by_window);

BENCHMARK_CAPTURE(first_late, event_count, Measure::events)->Arg(100'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(first_late, value_count, Measure::distinct_values)->Arg(10'000)->Arg(90'000);

}  // namespace
}  // namespace vakt::correlate
