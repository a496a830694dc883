// What a running daemon's events say about rules: whether their log source is fed at all, and which
// fields they ask for that no event of it has ever carried. A rule that finds nothing may be blind.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "rule/rule.h"

namespace vakt::cli {

// Answer to GET /api/v1/rules/statistics.
class LiveStatistics {
 public:
  explicit LiveStatistics(const boost::json::object& answer);

  struct Sight {               // of one rule
    std::uint64_t events = 0;  // that it was asked about; 0: nobody feeds its log source
    std::vector<std::string> not_carried;  // fields that none of them had
    std::vector<std::string> not_asked;    // fields that the rules in use do not ask for: not known
  };
  Sight of(const rule::Rule& rule) const;

  std::uint64_t events() const { return events_; }
  const std::string& since() const { return since_; }

 private:
  struct Source {
    std::vector<event::LogSource> labels;
    std::uint64_t events = 0;
    std::vector<std::string> fields;  // sorted
  };
  std::string since_;
  std::vector<std::string> asked_;  // sorted
  std::vector<Source> sources_;
  std::uint64_t events_ = 0;
};

// For people, of all rules of a set together.
std::string live_report(const LiveStatistics& live, const rule::RuleSet& rules);

}  // namespace vakt::cli
