// Log sources as Sigma labels them. An event carries a *set* of labels (an sshd line is both
// linux/sshd and linux/auth); equal sets share one RouteId. A rule applies to an event when one of
// its labels has every part that the rule names (Sigma specification 2.1, "logsource").
#pragma once

#include <string>
#include <vector>

#include "event/event.h"

namespace vakt::event {

struct LogSource {
  std::string product;   // empty: not named
  std::string category;  //
  std::string service;   // all lower case
  auto operator<=>(const LogSource&) const = default;

  // Does a record labelled *this satisfy a rule that asks for `wanted`?
  bool satisfies(const LogSource& wanted) const {
    return (wanted.product.empty() || wanted.product == product) &&
           (wanted.category.empty() || wanted.category == category) &&
           (wanted.service.empty() || wanted.service == service);
  }
};

// For people: "product=windows, service=security"; "any" where nothing is named.
std::string to_string(const LogSource& source);

// Filled at start, constant afterwards (as FieldNames).
class Routes {
 public:
  Routes() : routes_(1) {}  // route 0 has no labels: only rules without a log source apply

  RouteId intern(std::vector<LogSource> labels);  // order and repetition do not matter
  const std::vector<LogSource>& labels(RouteId id) const { return routes_.at(id); }
  std::size_t size() const { return routes_.size(); }
  bool applies(RouteId id, const LogSource& wanted) const;

 private:
  std::vector<std::vector<LogSource>> routes_;
};

}  // namespace vakt::event
