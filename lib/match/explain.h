// Why a rule matches an event, or does not: its condition as a tree with the truth of every node,
// and the values that the tests looked at. The truth is the reference's. For people: slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "event/batch.h"
#include "event/log_source.h"
#include "rule/rule.h"

namespace vakt::match {

struct Explanation {
  enum class Kind { rule, logsource, filter, detection, all, any, negate, test };
  Kind kind = Kind::rule;
  bool truth = false;
  std::string what;                 // a detection's name, or a test as a person would say it
  std::vector<std::string> values;  // of the fields tested, or the labels of the event
  std::vector<Explanation> children;
};

// Of the rule of that index. Children: the log source, the condition, and each filter, which is
// true where it lets the event through.
Explanation explain(const rule::RuleSet& set, std::uint32_t rule, const event::Batch& batch,
                    const event::Event& event, const event::FieldNames& names,
                    const event::Routes& routes);

// Of an event that does not match: the fewest nodes that would have to be otherwise for it to match
// (tests, the log source, or an `any` of which one test would do). They point into `explanation`.
// Empty: it matches.
std::vector<const Explanation*> nearest_miss(const Explanation& explanation);

// "nearest miss: 1 test would have to be otherwise" and those nodes, as lines. Safe for a terminal.
// Empty: it matches.
std::string nearest_miss_text(const Explanation& explanation, std::size_t indent);

// One line a node, `indent` blanks before the first level. Of many children those that decide are
// shown; long values are cut. Safe for a terminal.
std::string to_text(const Explanation& explanation, std::size_t indent);

}  // namespace vakt::match
