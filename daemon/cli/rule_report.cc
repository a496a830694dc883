#include "cli/rule_report.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "event/field_names.h"
#include "event/log_source.h"
#include "match/matcher.h"

namespace vakt::cli {
namespace {

constexpr std::string_view kDuplicate = " already names a rule";
constexpr std::string_view kLeftOut = "left out: ";
constexpr std::string_view kCannotRun = " cannot run: ";

// The documents of a file by their lines: a diagnostic says where it is, not whose it is.
class Documents {
 public:
  explicit Documents(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      if (line.starts_with("---")) starts_.push_back({number, {}});
      if (line.starts_with("id:") && starts_.back().id.empty()) starts_.back().id = value(line);
    }
  }
  std::size_t at(int line) const {
    std::size_t index = 0;
    while (index + 1 < starts_.size() && starts_[index + 1].line <= line) ++index;
    return index;
  }
  const std::string& id(std::size_t document) const { return starts_[document].id; }

 private:
  struct Start {
    int line = 0;
    std::string id;
  };

  static std::string value(std::string_view line) {
    line.remove_prefix(3);
    line = line.substr(0, std::min(line.find(" #"), line.size()));
    const std::string_view around = " \t\r\"'";
    const std::size_t first = line.find_first_not_of(around);
    if (first == std::string_view::npos) return {};
    return std::string(line.substr(first, line.find_last_not_of(around) - first + 1));
  }

  std::vector<Start> starts_{{}};
};

// "rule X cannot run: why" is "why" of X.
std::string reason_of(const Diagnostic& d) {
  const std::size_t at = d.message.find(kCannotRun);
  if (!d.message.starts_with("rule ") || at == std::string::npos) return d.message;
  return d.message.substr(at + kCannotRun.size());
}

void add_problems(RuleReport& report) {
  std::map<std::string, Documents> files;
  std::map<std::pair<std::string, std::size_t>, std::size_t> seen;  // document: its result
  for (const Diagnostic& d : report.diagnostics) {
    const bool left_out = d.severity == Severity::warning && d.message.starts_with(kLeftOut);
    if (d.severity != Severity::error && !left_out) continue;
    const Documents& documents = files.try_emplace(d.file, d.file).first->second;
    const std::size_t document = documents.at(d.line);
    if (!seen.try_emplace({d.file, document}, report.results.size()).second) continue;
    report.results.push_back({documents.id(document), d.file, d.line, d.column,
                              left_out ? RuleFate::left_out : RuleFate::refused, reason_of(d),
                              d.hint});
  }
}

void add_loaded(RuleReport& report, const rule::Metadata& meta) {
  report.results.push_back({meta.id, meta.file, meta.line, 0, RuleFate::loaded, "", ""});
}

void add_usable(RuleReport& report, const rule::Metadata& meta) {
  report.usable.push_back(&meta);
  add_loaded(report, meta);
}

}  // namespace

std::string_view to_string(RuleFate fate) {
  switch (fate) {
    case RuleFate::loaded:
      return "loaded";
    case RuleFate::refused:
      return "refused";
    case RuleFate::left_out:
      return "left_out";
  }
  return "refused";
}

std::size_t RuleReport::count(RuleFate fate) const {
  return static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(), [&](const RuleResult& r) { return r.fate == fate; }));
}

std::size_t RuleReport::duplicates() const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(),
                    [](const RuleResult& r) { return r.reason.ends_with(kDuplicate); }));
}

RuleReport report_rules(const std::vector<std::string>& paths, const rule::LoadOptions& options) {
  RuleReport out;
  const auto set =
      std::make_shared<const rule::RuleSet>(rule::load(paths, out.diagnostics, options));
  // One route that every rule applies to: expressions are compiled where an event may come by.
  event::Routes routes;
  std::vector<event::LogSource> sources;
  for (const rule::Rule& rule : set->rules) sources.push_back(rule.logsource);
  routes.intern(std::move(sources));
  event::FieldNames names;
  const auto program = match::Program::compile(set, names, routes, out.diagnostics);
  add_problems(out);
  for (std::uint32_t i = 0; i < set->rules.size(); ++i) {
    if (!program->runs(i)) continue;
    add_usable(out, set->rules[i].meta);
    if (program->uses_pcre(i)) ++out.with_pcre;
  }
  for (const rule::Correlation& correlation : set->correlations) add_usable(out, correlation.meta);
  for (const rule::Filter& filter : set->filters) add_loaded(out, filter.meta);
  out.correlations = set->correlations.size();
  out.set = set;
  std::stable_sort(out.results.begin(), out.results.end(),
                   [](const RuleResult& a, const RuleResult& b) {
                     return std::tie(a.file, a.line) < std::tie(b.file, b.line);
                   });
  return out;
}

std::vector<Reason> reasons(const RuleReport& report) {
  std::map<std::string, std::size_t> counts;
  for (const RuleResult& result : report.results) {
    if (result.fate != RuleFate::refused) continue;
    const bool duplicate = result.reason.ends_with(kDuplicate);
    ++counts[duplicate ? "the id or name is that of another rule" : result.reason];
  }
  std::vector<Reason> out;
  for (const auto& [text, rules] : counts) out.push_back({text, rules});
  std::stable_sort(out.begin(), out.end(),
                   [](const Reason& a, const Reason& b) { return a.rules > b.rules; });
  return out;
}

}  // namespace vakt::cli
