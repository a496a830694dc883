// Rule sets and hits made by hand: the engine's tests need no parser.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/detectors.h"
#include "engine/engine.h"

namespace vakt::engine::testing {

inline Time at(std::int64_t s) { return from_unix_seconds(1'800'000'000 + s); }

struct CountingRule {
  std::int64_t window_s = 10;
  std::uint64_t threshold = 3;
  bool distinct = false;
};

// One base rule (index 0) with one correlation per entry, grouped by source.ip; rule 1 is a single
// rule of level high.
inline std::shared_ptr<const rule::RuleSet> rules(const std::vector<CountingRule>& counting) {
  auto set = std::make_shared<rule::RuleSet>();
  set->rules.resize(2);
  set->rules[0].meta.id = "base";
  set->rules[0].meta.level = rule::Level::low;
  set->rules[1].meta.id = "single";
  set->rules[1].meta.title = "Single";
  set->rules[1].meta.level = rule::Level::high;
  set->rules[1].quiet = std::chrono::hours(1);
  for (std::size_t i = 0; i < counting.size(); ++i) {
    rule::Correlation c;
    c.meta.id = "count-" + std::to_string(i);
    c.meta.title = "Counting " + std::to_string(i);
    c.meta.level = rule::Level::high;
    c.type = counting[i].distinct ? rule::CorrelationType::value_count
                                  : rule::CorrelationType::event_count;
    c.members = {{false, 0}};
    c.group_by = {"source.ip"};
    c.timespan = std::chrono::seconds(counting[i].window_s);
    c.threshold = counting[i].threshold;
    if (counting[i].distinct) c.value_fields = {"user.name"};
    c.detection_hash = {7, i};
    set->correlations.push_back(c);
  }
  return set;
}

// Owns what hits point to.
class Hits {
 public:
  void add(Time time, std::string ip, std::string user, std::uint32_t rule = 0,
           std::uint16_t flags = 0, Time received = {}) {
    Owned& o = owned_.emplace_back();
    o.ip = std::move(ip);
    o.user = std::move(user);
    o.raw = o.ip + " " + o.user + " " + format_rfc3339(time);
    o.fields = {{event::kSourceIp, event::ValueKind::string, o.ip},
                {event::kUserName, event::ValueKind::string, o.user},
                {event::kHostName, event::ValueKind::string, "h1"}};
    event::Hit hit;
    hit.rule = rule;
    hit.event_index = static_cast<std::uint32_t>(hits_.size());
    hit.event_time = time;
    hit.received_time = received == Time{} ? time : received;
    hit.flags = flags;
    hit.source = "s";
    hit.raw = o.raw;
    hit.fields = o.fields;
    hits_.push_back(hit);
  }
  // Sources as a worker would mark them: one, in the lane of the flags.
  void mark(std::string source, Time event_time_max, Time received, bool historic = false) {
    marks_.push_back({names_.emplace_back(std::move(source)), historic, event_time_max, received});
  }
  HitsInput input() const { return {hits_.size(), hits_, marks_}; }

 private:
  struct Owned {
    std::string ip;
    std::string user;
    std::string raw;
    std::vector<event::Field> fields;
  };
  std::deque<Owned> owned_;
  std::vector<event::Hit> hits_;
  std::deque<std::string> names_;
  std::vector<event::SourceMark> marks_;
};

inline Engine make_engine(const std::shared_ptr<const rule::RuleSet>& set,
                          const EngineOptions& options = {}) {
  const event::FieldNames names;
  return Engine(std::make_shared<const Detectors>(set, names, rule::Level::high), 42, options);
}

}  // namespace vakt::engine::testing
