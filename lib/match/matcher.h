// Matcher: all rules against all events of a batch.
//
// Program: what a rule set compiles to. Per route (event/log_source.h) the applicable rules; per
// (route, field) two Hyperscan databases, literals and regexes apart; equal atoms are interned
// once; each rule is indexed by atoms of which at least one must be true for it to match, so that
// an event costs only the rules that can fire. Immutable; shared by all workers.
//
// Matcher: the per-thread scratch. Values of a field are scanned as one column over the batch.
// After warm-up nothing is allocated per event.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/diagnostic.h"
#include "event/batch.h"
#include "event/log_source.h"
#include "rule/rule.h"

namespace vakt::scan {
class Cache;
}

namespace vakt::match {

struct Match {
  std::uint32_t event = 0;  // index into the batch
  std::uint32_t rule = 0;   // index into the rule set
  auto operator<=>(const Match&) const = default;
};

// A match that a filter of the rule took out.
struct Hidden {
  std::uint32_t event = 0;
  std::uint32_t rule = 0;
  std::uint32_t filter = 0;  // index into RuleSet::filters: the first of the rule that hides it
  auto operator<=>(const Hidden&) const = default;
};

struct Code;
class Carried;

class Program {
 public:
  // Interns the rules' field names. Rules with an expression that neither Hyperscan nor PCRE2
  // can run are refused in `diagnostics` and never match. Routes must be complete (all decoders and
  // listeners known). With a cache, databases that are compiled already are taken from there.
  static std::shared_ptr<const Program> compile(std::shared_ptr<const rule::RuleSet> rules,
                                                event::FieldNames& names,
                                                const event::Routes& routes,
                                                Diagnostics& diagnostics,
                                                scan::Cache* cache = nullptr);
  ~Program();
  const rule::RuleSet& rules() const;
  bool runs(std::uint32_t rule) const;  // false: refused
  bool wants_keywords() const;          // some rule searches the whole record
  // Some expression of the rule is outside Hyperscan's reach and is confirmed by PCRE2.
  bool uses_pcre(std::uint32_t rule) const;

 private:
  friend const Code& code_of(const Program& program);
  Program();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Matcher {
 public:
  // With `carried`, which has the size of the program's routes and field names, notes there what
  // the events carried.
  explicit Matcher(std::shared_ptr<const Program> program,
                   std::shared_ptr<Carried> carried = nullptr);
  ~Matcher();
  // Appends the matches, ordered by event, then by rule.
  void match(const event::Batch& batch, std::vector<Match>& out);
  // What filters took out of the last batch.
  const std::vector<Hidden>& hidden() const;
  // Filters that would have taken a match of the last batch out, had they not expired before it;
  // each the first time only. `event` and `rule` are those of that match.
  const std::vector<Hidden>& expired() const;
  // Where, in the last batch, PCRE2 gave up a search at its limits; it counts as not found.
  const std::vector<Match>& gave_up() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vakt::match
