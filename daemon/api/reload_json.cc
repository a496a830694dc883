#include "api/reload_json.h"

#include <boost/json/array.hpp>
#include <utility>

#include "api/incident_json.h"

namespace vakt::api {

namespace json = boost::json;

json::object to_json(const ReloadReport& report) {
  json::object out;
  json::array anew;
  for (const std::string& id : report.begin_anew) anew.push_back(safe_string(id));
  if (report.done) {
    out = {{"status", "reloaded"},
           {"rules", report.rules},
           {"correlations", report.correlations},
           {"added", report.added},
           {"changed", report.changed},
           {"removed", report.removed},
           {"begin_anew", std::move(anew)},
           {"ruleset_sha256", report.ruleset_sha256},
           {"seconds", report.seconds}};
  } else {
    out["error"] = json::object{{"code", "rules_refused"}, {"message", safe_string(report.error)}};
  }
  json::array rows;
  for (const Diagnostic& d : report.diagnostics)
    rows.push_back({{"severity", d.severity == Severity::error ? "error" : "warning"},
                    {"file", safe_string(d.file)},
                    {"line", d.line},
                    {"column", d.column},
                    {"message", safe_string(d.message)},
                    {"hint", safe_string(d.hint)}});
  out["diagnostics"] = std::move(rows);
  return out;
}

}  // namespace vakt::api
