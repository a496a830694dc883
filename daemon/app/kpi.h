// What a commit means for the figures that management asks for: time to detect, to acknowledge, to
// restore; incidents opened and closed. History is in none of them. Thread: the committer's.
#pragma once

#include <string>
#include <unordered_map>

#include "engine/pipeline.h"
#include "metrics/counters.h"
#include "source/work.h"

namespace vakt::app {

class Kpi {
 public:
  Kpi(const engine::Pipeline& pipeline, metrics::Counters& counters);

  // `work` is durable since `committed`.
  void committed(const source::Work& work, Time committed);

 private:
  void opened(const incident::Incident& incident, Time committed);
  void decided(const incident::Incident& incident, Time now);
  void observe(metrics::Histogram& histogram, Duration interval);

  metrics::Counters& counters_;
  std::unordered_map<std::string, std::size_t> detectors_;  // by rule id
};

}  // namespace vakt::app
