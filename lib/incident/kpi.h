// Key figures of incident handling over a period: times to detect, acknowledge, decide, contain and
// restore, users affected. No law defines them; these are the definitions here:
//
//   detect       occurred_at (else the first event) to detected_at (else the opening)
//   acknowledge  opening to the first acknowledgement
//   decide       detected_at to significance_decided_at
//   contain      detected_at to contained_at
//   restore      by service: unavailable_from (else detected_at) to restored_at; without services,
//                to the stage `restored`
//
// What did not happen is not counted; what comes out negative counts as zero and is counted as
// negative. Merged incidents, duplicates, tests and history are left out. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "incident/incident.h"

namespace vakt::incident {

struct Figure {
  std::uint64_t count = 0;     // of measurements
  std::uint64_t negative = 0;  // of them, counted as zero
  double median = 0;           // of an even number: the mean of the two in the middle
  double p90 = 0;              // nearest rank
};

struct Kpis {
  std::uint64_t incidents = 0;
  std::uint64_t left_out = 0;
  Figure detect, acknowledge, decide, contain, restore;  // seconds
  Figure users_affected;                                 // users
};

class KpiSum {
 public:
  void add(const Incident& incident);
  Kpis result() const;

 private:
  struct Measured {
    std::vector<double> values;
    std::uint64_t negative = 0;
    void add(Time from, Time to);
    Figure figure() const;
  };

  std::uint64_t incidents_ = 0;
  std::uint64_t left_out_ = 0;
  Measured detect_, acknowledge_, decide_, contain_, restore_, users_;
};

}  // namespace vakt::incident
