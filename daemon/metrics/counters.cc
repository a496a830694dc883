#include "metrics/counters.h"

#include <algorithm>
#include <cmath>

namespace vakt::metrics {
namespace {

constexpr std::array kEventBounds{0.001, 0.005, 0.01, 0.05, 0.1,  0.5,  1.0,
                                  2.5,   5.0,   10.0, 30.0, 60.0, 300.0};
constexpr std::array kDetectBounds{0.1,  0.5,   1.0,   5.0,    10.0,    30.0,
                                   60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0};
constexpr std::array kRestoreBounds{300.0,   900.0,   1800.0,   3600.0,   7200.0,   14400.0,
                                    28800.0, 86400.0, 259200.0, 604800.0, 2592000.0};

}  // namespace

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds), buckets_(std::make_unique<Counter[]>(bounds.size() + 1)) {}

void Histogram::observe(double seconds, std::uint64_t times) {
  // A clock that stepped back, or a value that is none, must not make the sum go back.
  if (!(seconds > 0)) seconds = 0;
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  add(buckets_[static_cast<std::size_t>(at)], times);
  add(sum_us_, static_cast<std::uint64_t>(std::llround(std::min(seconds, 1e12) * 1e6)) * times);
}

std::span<const double> event_bounds() { return kEventBounds; }
std::span<const double> detect_bounds() { return kDetectBounds; }
std::span<const double> restore_bounds() { return kRestoreBounds; }

Counters::Counters(std::size_t listener_count) : detection_latency(event_bounds()) {
  for (std::size_t i = 0; i < listener_count; ++i) {
    listeners.push_back(std::make_unique<ListenerCounters>());
    event_lag.push_back(std::make_unique<Histogram>(event_bounds()));
  }
  for (std::size_t i = 0; i < kSeverities; ++i) {
    time_to_detect_event[i] = std::make_unique<Histogram>(detect_bounds());
    time_to_detect_reception[i] = std::make_unique<Histogram>(detect_bounds());
    time_to_acknowledge[i] = std::make_unique<Histogram>(restore_bounds());
    time_to_restore[i] = std::make_unique<Histogram>(restore_bounds());
  }
}

}  // namespace vakt::metrics
