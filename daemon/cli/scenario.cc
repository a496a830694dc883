#include "cli/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/line_map.h"
#include "cli/rule_paths.h"
#include "engine/offline.h"

namespace vakt::cli {
namespace {

// Names by which a rule may be called, without those that several rules share.
class RuleNames {
 public:
  explicit RuleNames(const rule::RuleSet& rules) {
    for (const rule::Rule& r : rules.rules) count(r.meta);
    for (const rule::Correlation& c : rules.correlations) count(c.meta);
  }
  std::vector<std::string> of(const std::string& rule_id, const std::string& title) const {
    std::vector<std::string> out;
    const auto name = names_.find(rule_id);
    for (const std::string& candidate :
         {name == names_.end() ? std::string() : name->second, slug(title)}) {
      const auto uses = uses_.find(candidate);
      if (!candidate.empty() && (uses == uses_.end() || uses->second == 1))
        out.push_back(candidate);
    }
    out.push_back(rule_id);
    return out;
  }

 private:
  void count(const rule::Metadata& meta) {
    names_[meta.id] = meta.name;
    if (!meta.name.empty()) ++uses_[meta.name];
    if (slug(meta.title) != meta.name) ++uses_[slug(meta.title)];
  }
  std::map<std::string, std::string> names_;  // by id
  std::map<std::string, int> uses_;
};

Found found_of(const incident::Incident& incident, const LineMap& lines, const RuleNames& names) {
  const incident::Detection& d = incident.detection;
  Found found;
  found.rule_names = names.of(d.rule_id, incident.rule_title);
  found.keys = {{"severity", std::string(rule::to_string(incident.severity))},
                {"first", format_rfc3339(d.first_event_time)},
                {"last", format_rfc3339(d.last_event_time)},
                {"opened_by", format_rfc3339(d.opened_event_time)},
                {"line", std::to_string(lines.find(d.opened_by.sequence).line)},
                {"count", std::to_string(d.event_count)},
                {"peak", std::to_string(d.peak)}};
  for (const auto& [name, value] : d.group) found.keys.emplace_back("group." + name, value);
  return found;
}

bool names_rule(const Expectation& expectation, const Found& found) {
  return std::find(found.rule_names.begin(), found.rule_names.end(), expectation.rule) !=
         found.rule_names.end();
}

// Times may be written with any offset.
bool same_value(std::string_view key, const std::string& wanted, const std::string& got) {
  if (wanted == got) return true;
  if (key != "first" && key != "last" && key != "opened_by") return false;
  const auto a = parse_rfc3339(wanted);
  const auto b = parse_rfc3339(got);
  return a && b && *a == *b;
}

bool satisfies(const Expectation& expectation, const Found& found) {
  return names_rule(expectation, found) &&
         std::all_of(expectation.keys.begin(), expectation.keys.end(), [&](const auto& key) {
           return same_value(key.first, key.second, found.value(key.first));
         });
}

// Augmenting paths (Kuhn): few incidents, and never wrong for the order they are written in.
class Matching {
 public:
  Matching(const std::vector<Expectation>& expected, const std::vector<Found>& found)
      : expected_(expected), found_(found), taken_by_(found.size()) {
    for (std::size_t e = 0; e < expected.size(); ++e) {
      seen_.assign(found.size(), false);
      place(e);
    }
  }
  const std::vector<std::optional<std::size_t>>& taken_by() const { return taken_by_; }

 private:
  bool place(std::size_t e) {
    for (std::size_t f = 0; f < found_.size(); ++f) {
      if (seen_[f] || !satisfies(expected_[e], found_[f])) continue;
      seen_[f] = true;
      if (taken_by_[f] && !place(*taken_by_[f])) continue;
      taken_by_[f] = e;
      return true;
    }
    return false;
  }

  const std::vector<Expectation>& expected_;
  const std::vector<Found>& found_;
  std::vector<std::optional<std::size_t>> taken_by_;
  std::vector<bool> seen_;
};

}  // namespace

std::string Found::value(std::string_view key) const {
  for (const auto& [name, value] : keys)
    if (name == key) return value;
  return {};
}

Expectation expectation_of(const Found& found) { return {found.rule_names.front(), found.keys, 0}; }

bool Comparison::passed() const {
  return unexpected.empty() &&
         std::all_of(partner.begin(), partner.end(), [](const auto& p) { return p.has_value(); });
}

Comparison compare(const std::vector<Expectation>& expected, const std::vector<Found>& found) {
  const Matching matching(expected, found);
  Comparison out;
  out.partner.resize(expected.size());
  for (std::size_t f = 0; f < found.size(); ++f) {
    if (const auto e = matching.taken_by()[f]) {
      out.partner[*e] = f;
    } else {
      out.unexpected.push_back(f);
    }
  }
  return out;
}

Result<engine::ListenerSettings> scenario_listener(const Scenario& scenario) {
  engine::ListenerSettings listener;
  listener.name = "scenario";
  listener.year = scenario.year;
  listener.imported = true;
  std::string why;
  listener.zone = find_zone(scenario.zone, why);
  if (listener.zone == nullptr) return fail(Errc::invalid, why);
  return listener;
}

void each_frame(const Scenario& scenario,
                const std::function<void(const framing::Frame&, std::uint64_t line)>& take) {
  framing::Options options;
  options.mode = framing::Mode::lf;
  options.frame_bytes_max = engine::kFrameBytesMax;
  framing::Framer framer(options);
  LineTracker tracker;
  tracker.begin_chunk(scenario.log);
  framer.feed(scenario.log,
              [&](const framing::Frame& frame) { take(frame, tracker.line_of(frame)); });
}

Result<std::vector<Found>> run_scenario(const Scenario& scenario,
                                        std::shared_ptr<const engine::Pipeline> pipeline) {
  engine::Offline offline(pipeline, {}, kScenarioNow);
  LineMap lines;
  std::uint64_t sequence = 0;
  each_frame(scenario, [&](const framing::Frame& frame, std::uint64_t line) {
    lines.add(sequence++, 0, line);
    offline.add(frame.bytes, frame.truncated, 0, "scenario");
  });
  if (const auto finished = offline.finish(); !finished)
    return tl::make_unexpected(finished.error());
  const RuleNames names(*pipeline->rules);
  std::vector<Found> out;
  for (const incident::Incident& incident : offline.incidents())
    out.push_back(found_of(incident, lines, names));
  return out;
}

}  // namespace vakt::cli
