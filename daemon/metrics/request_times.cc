#include "metrics/request_times.h"

namespace vakt::metrics {

void RequestTimes::observe(std::string_view route, std::string_view method, int status,
                           double seconds) {
  Key key{route.empty() ? "_other" : std::string(route),
          method.empty() ? "_other" : std::string(method), status};
  const std::lock_guard lock(mutex_);
  auto& histogram = times_[std::move(key)];
  if (!histogram) histogram = std::make_unique<Histogram>(event_bounds());
  histogram->observe(seconds);
}

void RequestTimes::each(const std::function<void(const Key&, const Histogram&)>& visit) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, histogram] : times_) visit(key, *histogram);
}

}  // namespace vakt::metrics
