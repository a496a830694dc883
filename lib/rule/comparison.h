// A comparison in the condition of a correlation: `gte: 5`.
#pragma once

#include <cstdint>

namespace vakt::rule {

struct Comparison {
  enum class Op : std::uint8_t { lt, lte, gt, gte, eq, neq };
  Op op = Op::gte;
  std::int64_t micros = 0;  // the number, in millionths: base/decimal.h

  bool operator==(const Comparison&) const = default;
};

}  // namespace vakt::rule
