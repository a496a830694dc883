// When the condition of a correlation holds: the parts that every way of evaluating it shares.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "correlate/settings.h"

namespace vakt::correlate {

__extension__ using Int128 = __int128;  // holds the sum of as many numbers as there can be events

inline constexpr Int128 kOne = 1'000'000;

inline bool counts_values(Measure measure) {
  return measure == Measure::distinct_values || measure == Measure::members ||
         measure == Measure::sequence;
}

inline bool orders_numbers(Measure measure) {
  return measure == Measure::percentile || measure == Measure::median;
}

inline bool has_numbers(Measure measure) {
  return measure == Measure::sum || measure == Measure::average || orders_numbers(measure);
}

// A measure as numerator / divisor, in millionths: an average is never rounded.
struct Fraction {
  Int128 numerator = 0;
  std::uint64_t divisor = 1;
};

// Below 0 when the measure is below the bound, 0 when it is the bound.
inline int order(const Fraction& measure, std::int64_t bound_micros) {
  const Int128 bound = Int128{bound_micros} * measure.divisor;
  return measure.numerator < bound ? -1 : measure.numerator > bound ? 1 : 0;
}

// Which of `count` numbers by size, from 1, is the percentile, or the lower one in the middle.
inline std::uint64_t rank(const Settings& settings, std::uint64_t count) {
  if (settings.measure == Measure::median) return (count + 1) / 2;
  constexpr Int128 kAll = 100 * kOne;
  const auto rank =
      static_cast<std::uint64_t>((Int128{settings.percent_micros} * count + kAll - 1) / kAll);
  return std::clamp<std::uint64_t>(rank, std::min<std::uint64_t>(1, count), count);
}

// `order_of(comparison)`: as order().
template <class OrderOf>
bool comparisons_hold(const Settings& settings, const OrderOf& order_of) {
  using Op = rule::Comparison::Op;
  const auto holds = [&](const rule::Comparison& c) {
    const int order = order_of(c);
    switch (c.op) {
      case Op::lt:
        return order < 0;
      case Op::lte:
        return order <= 0;
      case Op::gt:
        return order > 0;
      case Op::gte:
        return order >= 0;
      case Op::eq:
        return order == 0;
      case Op::neq:
        return order != 0;
    }
    check(false, "an operator of a comparison");
    return false;
  };
  return std::all_of(settings.comparisons.begin(), settings.comparisons.end(), holds);
}

// `has(member)`: whether the member has an event.
template <class Has>
bool formula_holds(const rule::Expr& formula, const Has& has) {
  using Kind = rule::Expr::Kind;
  const auto child = [&](const rule::Expr& e) { return formula_holds(e, has); };
  switch (formula.kind) {
    case Kind::detection:
      return has(formula.detection);
    case Kind::all:
      return std::all_of(formula.children.begin(), formula.children.end(), child);
    case Kind::any:
      return std::any_of(formula.children.begin(), formula.children.end(), child);
    case Kind::negate:
      return !child(formula.children.front());
    case Kind::test:
      break;
  }
  check(false, "a formula is of members");
  return false;
}

}  // namespace vakt::correlate
