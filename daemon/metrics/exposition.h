// Exposition: counters to Prometheus text (format 0.0.4). Every family that exists is always there,
// with its help; README.md lists them all and a test compares. prometheus-cpp stays in this folder.
//
// Labels are names of the configuration and of rules only: never a word of an event.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/pipeline.h"
#include "metrics/counters.h"
#include "metrics/request_times.h"
#include "store/store.h"

namespace vakt::metrics {

// More rules than this with something to tell share the label "_other".
inline constexpr std::size_t kRuleSeriesMax = 5'000;

// What the numbers of RuleCounters are numbers of, and the rest of what a rule set is told by.
struct Labels {
  std::string version;
  std::string revision;
  std::string ruleset_sha256;
  std::uint64_t rules_loaded = 0;
  std::uint64_t rule_load_errors = 0;
  std::vector<std::string> rules;  // ids, by index of the rule set
  struct Detector {
    std::string rule;
    rule::Level severity = rule::Level::medium;
  };
  std::vector<Detector> detectors;
};

// `ruleset_sha256` is that of the loaded rules' files, one after the other in byte order of their
// paths: what `cat` and `sha256sum` give. Reads them.
Labels labels_of(const engine::Pipeline& pipeline, const Diagnostics& diagnostics);

// New ones, but for the rules and detectors that `before` has too. `before` is of `labels_before`.
RuleCounters rule_counters(const Labels& labels, const RuleCounters& before = {},
                           const Labels& labels_before = {});

// Any thread. `times` may be null.
std::string exposition(const Counters& counters, const RuleCounters& rules, const Labels& labels,
                       const store::Stats& stats, const RequestTimes* times);

inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace vakt::metrics
