// Numbers and parts of times, as rules compare them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "rule/rule.h"

namespace vakt::match {

// A decimal number: exact where it is an integer of 64 bits, else a double.
struct Number {
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool is_integer = false;
};

// The whole text as a decimal number (`5`, `-1.5`, `1e3`); nullopt: it is none.
std::optional<Number> parse_number(std::string_view text);

// value op wanted
bool compare(const Number& value, rule::Op op, const Number& wanted);

// A part of a time in UTC. Weeks are ISO 8601's, 1 to 53.
Number part_of(Time time, rule::TimePart part);

}  // namespace vakt::match
