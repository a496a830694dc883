// Counters of everything that is measured. Written by the threads of the data path (once per read
// or batch, not per event), read at scrape. Relaxed atomics: each figure is exact, a scrape is not
// a snapshot over all of them; the conservation identity is exact when nothing is in flight.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vakt::metrics {

using Counter = std::atomic<std::uint64_t>;

inline void add(Counter& c, std::uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }
inline void sub(Counter& c, std::uint64_t n = 1) { c.fetch_sub(n, std::memory_order_relaxed); }
inline std::uint64_t get(const Counter& c) { return c.load(std::memory_order_relaxed); }

enum class Ignored : std::uint8_t { empty, keepalive };
enum class Dropped : std::uint8_t { queue, source_quota, disk_full, shutdown, store };
enum class Rejected : std::uint8_t { auth, oversize, bad_frame, bad_gzip, overload };
inline constexpr std::array<std::string_view, 2> kIgnoredNames{"empty", "keepalive"};
inline constexpr std::array<std::string_view, 5> kDroppedNames{"queue", "source_quota", "disk_full",
                                                               "shutdown", "store"};
inline constexpr std::array<std::string_view, 5> kRejectedNames{"auth", "oversize", "bad_frame",
                                                                "bad_gzip", "overload"};

// received = committed + ignored + deduplicated + dropped + rejected + in flight, in frames.
// `in_flight` is counted on its own: up when a frame is received, down when it is decided.
struct ListenerCounters {
  std::string name;
  std::string format;  // syslog, json, automatic
  Counter received{0};
  Counter bytes{0};
  Counter committed{0};
  std::array<Counter, kIgnoredNames.size()> ignored{};
  Counter deduplicated{0};
  std::array<Counter, kDroppedNames.size()> dropped{};
  std::array<Counter, kRejectedNames.size()> rejected{};
  Counter in_flight{0};
  Counter kernel_dropped{0};
  Counter connections{0};   // gauge
  Counter unparsed{0};      // stored all the same
  Counter future_dated{0};  // event time more than 24 h ahead
};

// A histogram with fixed upper bounds in seconds; the last bucket is +Inf.
class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds);
  void observe(double seconds, std::uint64_t times = 1);

  std::span<const double> bounds() const { return bounds_; }
  std::uint64_t bucket(std::size_t i) const { return get(buckets_[i]); }  // not cumulative
  double sum() const { return static_cast<double>(get(sum_us_)) * 1e-6; }

 private:
  std::span<const double> bounds_;
  std::unique_ptr<Counter[]> buckets_;  // bounds_.size() + 1
  Counter sum_us_{0};
};

// Upper bounds, seconds.
std::span<const double> event_bounds();    // reception to evaluation, and the like
std::span<const double> detect_bounds();   // time to detect
std::span<const double> restore_bounds();  // time to acknowledge and to restore

inline constexpr std::size_t kSeverities = 5;  // rule::Level
inline constexpr std::size_t kStates = 6;      // incident::State

// Of the rules that are in use, by index of the rule set. A reload takes over the counters of the
// rules that stay, so that they go on counting.
struct RuleCounters {
  struct OfRule {
    Counter matches{0};
    Counter hidden{0};   // matches that a filter took out
    Counter gave_up{0};  // searches at PCRE2's limits
  };
  struct OfDetector {
    Counter opened{0};  // incidents
    Counter groups{0};  // gauge
    Counter spilled{0};
  };
  std::vector<std::shared_ptr<OfRule>> rules;
  std::vector<std::shared_ptr<OfDetector>> detectors;
};

struct Counters {
  explicit Counters(std::size_t listeners);

  std::vector<std::unique_ptr<ListenerCounters>> listeners;  // by Event::listener

  Histogram detection_latency;                        // reception to evaluation
  std::vector<std::unique_ptr<Histogram>> event_lag;  // by listener: event to reception
  std::array<std::array<Counter, kSeverities>, kStates> incidents_open{};  // gauge
  std::array<Counter, kSeverities> oldest_open_unix_seconds{};             // gauge, 0: none
  std::array<std::array<Counter, kSeverities>, 6> incidents_closed{};      // by disposition
  std::array<std::unique_ptr<Histogram>, kSeverities> time_to_detect_event;
  std::array<std::unique_ptr<Histogram>, kSeverities> time_to_detect_reception;
  std::array<std::unique_ptr<Histogram>, kSeverities> time_to_acknowledge;
  std::array<std::unique_ptr<Histogram>, kSeverities> time_to_restore;

  Counter late_events{0};
  Counter negative_intervals{0};  // clamped to zero in a time-to-detect
  Counter groups_refused{0};
  Counter groups_fetched{0};
  Counter groups_spilled{0};  // gauge
  Counter state_bytes{0};     // gauge
  Counter state_bytes_max{0};
  Counter left_to_storm{0};
  Counter lagging_sources{0};  // gauge
  Counter queue_length{0};     // gauge: batches waiting for the engine
  Counter queue_capacity{0};
  Counter commit_queue_length{0};
  Counter commit_queue_capacity{0};
  Counter budget_used_bytes{0};  // gauge
  Counter budget_bytes{0};
  Counter commits{0};
  Counter commit_failures{0};
  Counter commit_micros{0};
  Counter store_healthy{1};    // gauge
  Counter audit_verified{1};   // gauge: 0 since a verification found something
  Counter raw_block_bytes{0};  // gauge
  Counter disk_free_bytes{0};  // gauge
  Counter write_stall_micros{0};
  Counter auth_failures{0};
  Counter reload_successful{1};      // gauge: the last load or reload
  Counter reload_unix_seconds{0};    // gauge: the last good one
  std::array<Counter, 2> reloads{};  // refused, done
};

}  // namespace vakt::metrics
