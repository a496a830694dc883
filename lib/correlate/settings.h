// What a correlation counts and when it holds.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "rule/comparison.h"
#include "rule/rule.h"

namespace vakt::correlate {

// What is measured in a window.
enum class Measure : std::uint8_t {
  events,           // their number
  distinct_values,  // different Point::value
  sum,              // of numbers
  average,
  percentile,  // nearest rank: the smallest number that at least `percent` % are not above
  median,      // of an even number of them: the mean of the two in the middle
  members,     // different members with an event
  sequence,    // as members, and those of `sequence` in this order; equal times are in order
};

// How the events of a group are kept. It changes no conclusion, but where values are estimated.
struct Forms {
  std::size_t few = 64;               // points that cost less one by one than in a tree
  std::uint64_t exact_max = 100'000;  // different values in a window; more are estimated (Sketch)
};

struct Settings {
  Measure measure = Measure::events;
  Duration window{};
  // The smallest count that fulfils the condition, where more events never unmake it: then an event
  // is evaluated when it arrives.
  std::uint64_t threshold = 1;
  // Any other condition is evaluated at each time with an event once, when the watermark has passed
  // it; a window then holds all events of its last moment.
  bool when_final = false;
  std::vector<rule::Comparison> comparisons = {};  // of the measure: all must hold; with when_final
  const rule::Expr* formula = nullptr;       // of the members with an event (Expr::detection), or
                                             // null
  std::vector<std::uint64_t> sequence = {};  // members, in order
  bool chained = false;             // a correlation counts the moments at which this one holds
  std::int64_t percent_micros = 0;  // of Measure::percentile
  Forms forms;
};

// A matching event. `sequence` and `ordinal` name its hit (store/commit.h).
struct Point {
  Time time;
  std::uint64_t sequence = 0;
  // What is measured: hash of the counted value, number in millionths, or member. 0 when events are
  // counted.
  std::uint64_t value = 0;
  std::uint32_t ordinal = 0;
  bool held = false;  // the condition holds at its time; kept where Settings::chained
};
static_assert(sizeof(Point) == 32);  // a flood of groups is a flood of points

}  // namespace vakt::correlate
