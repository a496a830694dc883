// What a commit means for the figures that management asks for: time to detect, to acknowledge, to
// restore; incidents opened and closed. History is in none of them. Thread: the committer's.
#pragma once

#include "metrics/counters.h"
#include "source/work.h"

namespace vakt::app {

class Kpi {
 public:
  explicit Kpi(metrics::Counters& counters) : counters_(counters) {}

  // `work` is durable since `committed`.
  void committed(const source::Work& work, Time committed);

 private:
  void opened(const source::Loaded& rules, const incident::Incident& incident, Time committed);
  void decided(const incident::Incident& incident, Time now);
  void observe(metrics::Histogram& histogram, Duration interval);

  metrics::Counters& counters_;
};

}  // namespace vakt::app
