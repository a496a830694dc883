#include "cli/live_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "cli/incidents_view.h"
#include "cli/output.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kRowsShown = 30;

std::vector<std::string> sorted_texts(const json::array& values) {
  std::vector<std::string> out;
  for (const json::value& value : values)
    if (const json::string* text = value.if_string()) out.emplace_back(*text);
  std::sort(out.begin(), out.end());
  return out;
}

// The most frequent first.
std::string counted(const std::vector<std::string>& columns,
                    const std::map<std::vector<std::string>, std::size_t>& rows) {
  std::vector<std::pair<std::vector<std::string>, std::size_t>> all(rows.begin(), rows.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  Table table{columns, {}};
  for (std::size_t i = 0; i < std::min(all.size(), kRowsShown); ++i) {
    table.rows.push_back({std::to_string(all[i].second)});
    for (const std::string& cell : all[i].first) table.rows.back().push_back(cell);
  }
  std::string out = render(table, terminal_of(stdout));
  if (all.size() > kRowsShown)
    out += fmt::format("and {} more; all with --json\n", all.size() - kRowsShown);
  return out;
}

}  // namespace

LiveStatistics::LiveStatistics(const json::object& answer)
    : since_(text_at(answer, "since")), asked_(sorted_texts(array_at(answer, "fields"))) {
  for (const json::value& value : array_at(answer, "log_sources")) {
    const json::object* row = value.if_object();
    if (row == nullptr) continue;
    Source& source = sources_.emplace_back();
    for (const json::value& label : array_at(*row, "labels"))
      if (const json::object* l = label.if_object())
        source.labels.push_back(
            {text_at(*l, "product"), text_at(*l, "category"), text_at(*l, "service")});
    if (const json::value* events = row->if_contains("events"); events != nullptr)
      source.events = events->is_number() ? events->to_number<std::uint64_t>() : 0;
    source.fields = sorted_texts(array_at(*row, "fields"));
    events_ += source.events;
  }
}

LiveStatistics::Sight LiveStatistics::of(const rule::Rule& rule) const {
  Sight sight;
  std::vector<const Source*> reached;
  for (const Source& source : sources_) {
    const bool applies =
        rule.logsource == event::LogSource{} ||
        std::any_of(source.labels.begin(), source.labels.end(),
                    [&](const event::LogSource& label) { return label.satisfies(rule.logsource); });
    if (!applies) continue;
    reached.push_back(&source);
    sight.events += source.events;
  }
  if (sight.events == 0) return sight;
  for (const std::string& field : rule.fields) {
    if (!std::binary_search(asked_.begin(), asked_.end(), field)) {
      sight.not_asked.push_back(field);
    } else if (std::none_of(reached.begin(), reached.end(), [&](const Source* source) {
                 return std::binary_search(source->fields.begin(), source->fields.end(), field);
               })) {
      sight.not_carried.push_back(field);
    }
  }
  return sight;
}

std::string live_report(const LiveStatistics& live, const rule::RuleSet& rules) {
  std::map<std::vector<std::string>, std::size_t> not_fed;
  std::map<std::vector<std::string>, std::size_t> not_carried;
  std::size_t blind = 0;
  std::size_t missing = 0;
  std::size_t unknown = 0;
  for (const rule::Rule& rule : rules.rules) {
    const auto sight = live.of(rule);
    if (sight.events == 0) {
      ++blind;
      ++not_fed[{event::to_string(rule.logsource)}];
    }
    if (!sight.not_carried.empty()) ++missing;
    if (!sight.not_asked.empty()) ++unknown;
    for (const std::string& field : sight.not_carried)
      ++not_carried[{field, event::to_string(rule.logsource)}];
  }
  std::string out = fmt::format("live: {} events since {}\n", live.events(), live.since());
  out += fmt::format("{} of {} rules: no event of their log source\n", blind, rules.rules.size());
  if (!not_fed.empty()) out += counted({"RULES", "LOG SOURCE"}, not_fed);
  out += fmt::format("{} rules ask for a field that no event of their log source has carried\n",
                     missing);
  if (!not_carried.empty()) out += counted({"RULES", "FIELD", "LOG SOURCE"}, not_carried);
  if (unknown > 0)
    out += fmt::format(
        "{} rules ask for a field that the rules in use do not ask for: load them to know\n",
        unknown);
  return out;
}

}  // namespace vakt::cli
