// Carried: how many events of each log source there were, and which of the fields that rules ask
// for they carried. So a rule that waits for a field which nothing sends, or for a log source that
// nobody feeds, can be told from one that has found nothing. Exact: every event counts.
//
// Shared by the matchers of all threads, which write it; anybody may read. Relaxed: what is read is
// a little old.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "event/field_names.h"
#include "event/log_source.h"

namespace vakt::match {

class Carried {
 public:
  // As many as there are when rules have been compiled.
  Carried(std::size_t routes, std::size_t fields)
      : fields_(fields), events_(routes), carried_(routes * fields) {}

  std::size_t routes() const { return events_.size(); }
  std::size_t fields() const { return fields_; }
  std::uint64_t events(event::RouteId route) const {
    return events_.at(route).load(std::memory_order_relaxed);
  }
  bool has(event::RouteId route, event::FieldId field) const {
    return carried_.at(place(route, field)).load(std::memory_order_relaxed);
  }
  // Since when that is counted; kTimeMax: nobody said.
  Time since() const { return from_ns(since_.load(std::memory_order_relaxed)); }

  void add_events(event::RouteId route, std::uint64_t count) {
    events_[route].fetch_add(count, std::memory_order_relaxed);
  }
  void mark(event::RouteId route, event::FieldId field) {
    carried_[place(route, field)].store(true, std::memory_order_relaxed);
  }
  void set_since(Time since) { since_.store(to_ns(since), std::memory_order_relaxed); }

 private:
  std::size_t place(event::RouteId route, event::FieldId field) const {
    return route * fields_ + field;
  }
  std::size_t fields_;
  std::vector<std::atomic<std::uint64_t>> events_;  // by route
  std::vector<std::atomic<bool>> carried_;          // by route, then field
  std::atomic<std::int64_t> since_{to_ns(kTimeMax)};
};

}  // namespace vakt::match
