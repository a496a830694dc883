// How long HTTP requests took, by route, method and status. Written by the HTTP threads, read at
// scrape. Bounded: routes are patterns of the program, statuses those it gives.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "metrics/counters.h"

namespace vakt::metrics {

class RequestTimes {
 public:
  struct Key {
    std::string route;  // pattern; "_other" where none matched
    std::string method;
    int status = 0;
    auto operator<=>(const Key&) const = default;
  };

  void observe(std::string_view route, std::string_view method, int status, double seconds);
  void each(const std::function<void(const Key&, const Histogram&)>& visit) const;

 private:
  mutable std::mutex mutex_;
  std::map<Key, std::unique_ptr<Histogram>> times_;  // guarded by mutex_
};

}  // namespace vakt::metrics
