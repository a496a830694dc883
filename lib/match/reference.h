// The reference evaluator: slow, obviously correct, sharing nothing with match/matcher.h but the
// parsed rule and the table of letter cases. Every test case goes through both. No Hyperscan:
// wildcards by recursion, regexes by PCRE2 (backtracking), CIDR by arithmetic. An expression that
// exhausts PCRE2's limits, or that PCRE2 refuses, has not matched.
#pragma once

#include "event/batch.h"
#include "event/log_source.h"
#include "rule/rule.h"

namespace vakt::match {

bool reference_matches(const rule::Rule& rule, const event::Batch& batch, const event::Event& event,
                       const event::FieldNames& names, const event::Routes& routes);

// The rule of that index, and none of its filters hides the event.
bool reference_hits(const rule::RuleSet& set, std::uint32_t rule, const event::Batch& batch,
                    const event::Event& event, const event::FieldNames& names,
                    const event::Routes& routes);

// The truth of one part of the rule, whatever its log source.
bool reference_holds(const rule::Expr& expr, const rule::Rule& rule, const event::Batch& batch,
                     const event::Event& event, const event::FieldNames& names);

}  // namespace vakt::match
