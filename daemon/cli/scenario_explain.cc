#include "cli/scenario_explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/match_run.h"
#include "engine/offline.h"
#include "match/explain.h"

namespace vakt::cli {
namespace {

constexpr std::size_t kEventsExplainedMax = 10'000;  // times rules
constexpr std::size_t kLineBytesShown = 300;
constexpr std::size_t kGroupsShown = 3;

bool is_called(const rule::Metadata& meta, const std::string& name) {
  return meta.id == name || meta.name == name || slug(meta.title) == name;
}

std::string name_of(const rule::Metadata& meta) {
  return escape_terminal(meta.name.empty() ? meta.id : meta.name);
}

// One single rule against every line.
struct Member {
  std::uint32_t rule = 0;
  std::size_t matches = 0;
  std::size_t missing = SIZE_MAX;  // tests of the nearest miss
  std::uint64_t line = 0;          // where it is; 0: there is none
  std::string nearest;
};

class Explainer {
 public:
  Explainer(const Scenario& scenario, std::shared_ptr<const engine::Pipeline> pipeline)
      : scenario_(scenario), pipeline_(std::move(pipeline)), set_(*pipeline_->rules) {}

  std::string rule(std::uint32_t index) {
    look_at({index});
    std::string out = lines();
    const rule::Metadata& meta = set_.rules[index].meta;
    if (members_[0].matches > 0 && !opens_by_itself(meta))
      out += fmt::format(
          "  {} opens no incident by itself: its level is {}, or a correlation counts it\n",
          name_of(meta), rule::to_string(meta.level));
    return out;
  }

  std::string correlation(std::uint32_t index) {
    const rule::Correlation& correlation = set_.correlations[index];
    look_at(rule::base_rules(set_, correlation));
    const bool matched = std::any_of(members_.begin(), members_.end(),
                                     [](const Member& m) { return m.matches > 0; });
    if (matched && !opens_by_itself(correlation.meta))
      return fmt::format("  {} opens no incident by itself: a correlation counts it\n{}",
                         name_of(correlation.meta), lines());
    return (matched ? peaks(index) : std::string()) + lines();
  }

 private:
  void look_at(const std::vector<std::uint32_t>& rules) {
    for (const std::uint32_t rule : rules) members_.emplace_back().rule = rule;
    MatchSettings settings;
    settings.now = kScenarioNow;
    MatchRun run(pipeline_, settings,
                 [this](const MatchedLine& line, const event::Batch& batch) { take(line, batch); });
    each_frame(scenario_, [&](const framing::Frame& frame, std::uint64_t line) {
      ++events_;
      run.add({frame.bytes, frame.truncated, 0, line, "scenario"});
    });
    run.flush();
  }

  void take(const MatchedLine& line, const event::Batch& batch) {
    if (!line.event) return;
    const event::Event& event = batch.events()[*line.event];
    for (Member& member : members_) {
      if (std::find(line.rules.begin(), line.rules.end(), member.rule) != line.rules.end()) {
        ++member.matches;
        continue;
      }
      if (++explained_ > kEventsExplainedMax) continue;
      const engine::Pipeline& p = *pipeline_;
      const auto tree = match::explain(set_, member.rule, batch, event, p.names, p.routes);
      const std::size_t missing = match::nearest_miss(tree).size();
      if (missing >= member.missing) continue;
      member.missing = missing;
      member.line = line.line;
      member.nearest =
          fmt::format("    {}\n{}{}", escape_terminal(event.raw.substr(0, kLineBytesShown)),
                      match::to_text(tree, 4), match::nearest_miss_text(tree, 4));
    }
  }

  std::string lines() const {
    std::string out;
    for (const Member& member : members_) {
      const std::string name = name_of(set_.rules[member.rule].meta);
      out += fmt::format("  {} matches {} of {} events", name, member.matches, events_);
      out += member.line == 0 ? "\n"
                              : fmt::format("; of the others, line {} comes nearest:\n{}",
                                            member.line, member.nearest);
    }
    return out;
  }

  bool opens_by_itself(const rule::Metadata& meta) const {
    const auto& all = pipeline_->detectors->all();
    return std::any_of(all.begin(), all.end(),
                       [&](const engine::Detector& d) { return d.opens && d.meta->id == meta.id; });
  }

  // The same log with a threshold of 1: how far the count got.
  std::string peaks(std::uint32_t index) const {
    if (const auto condition = rule::describe_condition(set_.correlations[index]);
        !condition.empty())
      return fmt::format("  {}: {} within {}: at no event\n",
                         name_of(set_.correlations[index].meta), escape_terminal(condition),
                         format_duration(set_.correlations[index].timespan));
    auto rules = std::make_shared<rule::RuleSet>(set_);
    const std::uint64_t threshold = rules->correlations[index].threshold;
    rules->correlations[index].threshold = 1;
    auto lowered = std::make_shared<engine::Pipeline>(*pipeline_);
    lowered->rules = rules;
    lowered->detectors =
        std::make_shared<const engine::Detectors>(rules, lowered->names, rule::Level::critical);
    auto found = run_scenario(scenario_, lowered);
    if (!found) return {};
    const rule::Metadata& meta = rules->correlations[index].meta;
    std::erase_if(*found, [&](const Found& f) { return f.rule_names.back() != meta.id; });
    std::stable_sort(found->begin(), found->end(), [](const Found& a, const Found& b) {
      return std::stoull(a.value("peak")) > std::stoull(b.value("peak"));
    });
    if (found->empty())
      return fmt::format("  {}: no event that its rules match has every field of its group-by\n",
                         name_of(meta));
    std::string out;
    for (std::size_t i = 0; i < found->size() && i < kGroupsShown; ++i)
      out += fmt::format("  {}: a peak of {}, with {} it would open;{}\n", name_of(meta),
                         (*found)[i].value("peak"), threshold, group_of((*found)[i]));
    if (found->size() > kGroupsShown)
      out += fmt::format("  … {} more groups\n", found->size() - kGroupsShown);
    return out;
  }

  static std::string group_of(const Found& found) {
    std::string out;
    for (const auto& [key, value] : found.keys)
      if (key.starts_with("group."))
        out += " " + escape_terminal(key) + "=" + escape_terminal(value);
    return out.empty() ? " in all" : out;
  }

  const Scenario& scenario_;
  std::shared_ptr<const engine::Pipeline> pipeline_;
  const rule::RuleSet& set_;
  std::vector<Member> members_;
  std::size_t events_ = 0;
  std::size_t explained_ = 0;
};

}  // namespace

std::string explain_missing(const Scenario& scenario,
                            const std::shared_ptr<const engine::Pipeline>& pipeline,
                            const std::string& rule) {
  const rule::RuleSet& set = *pipeline->rules;
  const auto index_in = [&](const auto& list) {
    return static_cast<std::uint32_t>(
        std::find_if(list.begin(), list.end(),
                     [&](const auto& one) { return is_called(one.meta, rule); }) -
        list.begin());
  };
  Explainer explainer(scenario, pipeline);
  if (const auto c = index_in(set.correlations); c < set.correlations.size())
    return explainer.correlation(c);
  if (const auto r = index_in(set.rules); r < set.rules.size()) return explainer.rule(r);
  return "  no rule that was loaded has the id, name or title '" + escape_terminal(rule) + "'\n";
}

}  // namespace vakt::cli
