#include "event/log_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace vakt::event {

std::string to_string(const LogSource& source) {
  std::string out;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}{}={}", out.empty() ? "" : ", ", name, value);
  };
  add("product", source.product);
  add("category", source.category);
  add("service", source.service);
  return out.empty() ? "any" : out;
}

RouteId Routes::intern(std::vector<LogSource> labels) {
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  const auto it = std::find(routes_.begin(), routes_.end(), labels);
  if (it != routes_.end()) return static_cast<RouteId>(it - routes_.begin());
  check(routes_.size() < 0xFFFF, "fewer than 65,535 routes");
  routes_.push_back(std::move(labels));
  return static_cast<RouteId>(routes_.size() - 1);
}

bool Routes::applies(RouteId id, const LogSource& wanted) const {
  if (wanted == LogSource{}) return true;
  const auto& all = labels(id);
  return std::any_of(all.begin(), all.end(),
                     [&](const LogSource& have) { return have.satisfies(wanted); });
}

}  // namespace vakt::event
