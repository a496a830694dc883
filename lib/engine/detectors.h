// Detectors: what the rule set means to the engine. A detector is a correlation, or a rule that
// opens incidents by itself (an episode rule with N = 1 and a quiet period). Immutable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "correlate/group.h"
#include "event/hit.h"
#include "rule/rule.h"

namespace vakt::engine {

// A rule's or correlation's part in a detector.
struct Role {
  std::uint32_t detector = 0;
  std::uint32_t member = 0;
};

struct Detector {
  // Where the member's events have what is asked for; of a correlation, which of its group values.
  struct Member {
    std::vector<event::FieldId> group_by;
    std::vector<event::FieldId> values;
    std::optional<std::uint64_t> of_rule;  // what is measured, where it is not of the event
  };
  const rule::Metadata* meta = nullptr;
  Hash128 rule_hash;
  correlate::Settings settings;
  std::vector<std::string> group_names;
  std::vector<rule::Grouping> groupings;  // by group field; empty: all as they are
  Duration disorder{};  // how much longer than the watermark it waits; at least as long as what it
                        // counts
  std::vector<Member> members;
  std::string condition;    // for people; empty: settings.threshold says it
  bool by_host = false;     // a single rule: grouped by host, or by source where no host is known
  bool opens = true;        // incidents; else it is counted by others only
  std::uint32_t level = 0;  // 0: counts rules only; else above the correlations it counts
  std::vector<Role> counted_by;  // detectors that count the moments at which this one holds
};

class Detectors {
 public:
  // Rules at or above `open_level` open incidents by themselves, unless they are the base of a
  // correlation that does not ask for it (`generate`).
  Detectors(std::shared_ptr<const rule::RuleSet> rules, const event::FieldNames& names,
            rule::Level open_level, const correlate::Forms& forms = {});

  const std::vector<Detector>& all() const { return all_; }
  const std::vector<Role>& of_rule(std::uint32_t rule) const { return by_rule_.at(rule); }
  const rule::RuleSet& rules() const { return *rules_; }

 private:
  std::shared_ptr<const rule::RuleSet> rules_;
  std::vector<Detector> all_;
  std::vector<std::vector<Role>> by_rule_;
};

// Names every correlation needs, so that events carry them. Call before events are parsed.
void intern_correlation_fields(const rule::RuleSet& rules, event::FieldNames& names);

// The group a hit belongs to: the values of the group-by fields, or nullopt when one is missing.
struct GroupKey {
  Hash128 hash;
  std::vector<std::string_view> values;
  std::vector<std::string> made;  // of which some are views
};
std::optional<GroupKey> group_key(const Detector& detector, std::uint32_t member,
                                  const event::Hit& hit);

// What is measured of the hit (correlate::Point::value); nullopt when the event has none.
std::optional<std::uint64_t> measured_value(const Detector& detector, std::uint32_t member,
                                            const event::Hit& hit);

// The same of a moment at which a correlation holds, by its group's values.
GroupKey group_key(const Detector& detector, std::uint32_t member,
                   const std::vector<std::string>& values);
std::optional<std::uint64_t> measured_value(const Detector& detector, std::uint32_t member,
                                            const std::vector<std::string>& values);

}  // namespace vakt::engine
