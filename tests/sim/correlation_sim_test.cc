// The engine against the oracle, over random sets of correlations of every type and random streams:
// chains of them, several sources with different lag, disorder within what is allowed, ties, events
// that match several rules, crashes (checkpoint and restore) in between. What is concluded is the
// oracle's.
//
// VAKT_SIM_SEEDS sets how many seeds (100 by default, times ten here); VAKT_SIM_FIRST the first
// (0).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/engine.h"
#include "lib/engine/memory_groups.h"
#include "sim/oracle.h"

namespace vakt::engine {
namespace {

using std::chrono::seconds;
using Held = std::vector<oracle::Event>;
using Row = std::tuple<std::string, std::string, Time, Time, std::uint64_t, std::uint64_t, Time>;

constexpr std::array<const char*, 3> kRules = {"a", "b", "c"};
constexpr std::size_t kCases = 4;
constexpr std::size_t kChains = 3;
constexpr Time kStart = from_unix_seconds(1'800'000'000);

struct Event {
  Time time;
  std::size_t source = 0;
  std::set<std::size_t> matches;  // of kRules
  std::map<std::string, std::string> fields;
  std::uint64_t sequence = 0;
};

std::string case_name(std::size_t index) { return fmt::format("case-{}", index); }

std::string name_of(std::size_t rule) {
  return rule < kRules.size() ? kRules[rule] : case_name(rule - kRules.size());
}

// A correlation: as it is written, and what the oracle makes of a window.
struct Case {
  std::string name;
  std::string type;
  std::string condition;  // as YAML; empty: none
  Duration window{};
  std::vector<std::size_t> rules;  // of kRules; behind them, an earlier case
  bool generate = false;
  bool alias = false;  // of rule b, `dst` has the group
  bool when_final = false;
  std::function<bool(const Held&)> holds;

  bool counts_members() const { return type.starts_with("temporal"); }
  bool has_numbers() const { return type.starts_with("value_") && type != "value_count"; }
  std::string yaml() const {
    std::string list;
    for (const std::size_t r : rules) list += (list.empty() ? "" : ", ") + name_of(r);
    return fmt::format(
        "---\ntitle: {0}\nid: {0}\nlevel: high\ncorrelation:\n  type: {1}\n  rules: [{2}]\n"
        "  group-by: [src]\n  timespan: {3}s\n  generate: {6}\n{4}{5}",
        name, type, list, std::chrono::duration_cast<seconds>(window).count(),
        condition.empty() ? "" : "  condition: " + condition + "\n",
        alias ? "  aliases: {src: {b: dst}}\n" : "", generate);
  }
};

std::int64_t number(const oracle::Event& e) { return static_cast<std::int64_t>(e.value); }

bool compare(const std::string& op, std::int64_t a, std::int64_t b) {
  if (op == "gt") return a > b;
  if (op == "gte") return a >= b;
  if (op == "lt") return a < b;
  if (op == "lte") return a <= b;
  if (op == "eq") return a == b;
  return a != b;
}

// The measure, and what its bound is multiplied with.
std::pair<std::int64_t, std::int64_t> measure(const std::string& type, const Held& held) {
  if (type == "event_count") return {static_cast<std::int64_t>(held.size()), 1};
  if (type == "value_count" || type == "temporal")
    return {static_cast<std::int64_t>(oracle::different(held)), 1};
  std::vector<std::int64_t> numbers;
  std::int64_t sum = 0;
  for (const oracle::Event& e : held) numbers.push_back(number(e));
  for (const std::int64_t n : numbers) sum += n;
  std::sort(numbers.begin(), numbers.end());
  const auto n = static_cast<std::int64_t>(numbers.size());
  if (type == "value_sum") return {sum, 1};
  if (type == "value_avg") return {sum, n};
  if (type == "value_median")
    return {numbers[(numbers.size() - 1) / 2] + numbers[numbers.size() / 2], 2};
  for (std::int64_t rank = 1;; ++rank)  // the 75th percentile
    if (100 * rank >= 75 * n) return {numbers[static_cast<std::size_t>(rank - 1)], 1};
}

bool has(const Held& held, std::uint64_t member) {
  return std::any_of(held.begin(), held.end(),
                     [&](const oracle::Event& e) { return e.value == member; });
}

bool ordered(const Held& held, std::uint64_t members, std::uint64_t next, Time from) {
  if (next == members) return true;
  return std::any_of(held.begin(), held.end(), [&](const oracle::Event& e) {
    return e.value == next && e.time >= from && ordered(held, members, next + 1, e.time);
  });
}

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed) {
    for (std::size_t i = 0; i < kCases; ++i) cases_.push_back(random_case(i));
    while (cases_.size() < kCases + kChains) cases_.push_back(random_chain(cases_.size()));
    load();
    make_events();
  }

  void run() {
    engine_ = make_engine();
    std::array<Time, 3> newest;
    newest.fill(kStart);
    Time now = kStart + seconds(600);
    for (std::size_t next = 0; next < events_.size();) {
      const std::size_t batch = std::min<std::size_t>(1 + pick(6), events_.size() - next);
      apply(next, batch, newest, now);
      next += batch;
      now += seconds(pick(3));
      if (pick(5) == 0) crash();
    }
    take(engine_->apply({now, EndOfInput{}}));
  }

  std::multiset<Row> expected() const {
    std::multiset<Row> out;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const Case& c = cases_[i];
      if (!opens(i)) continue;
      for (const auto& [group, events] : groups_of(c)) {
        const auto count = [&](const Held& held) -> std::uint64_t {
          return c.counts_members() || c.type == "value_count" ? oracle::different(held)
                                                               : held.size();
        };
        for (const oracle::Episode& e :
             oracle::episodes(events, c.window, c.when_final, count, c.holds))
          if (e.crossing_time)
            out.emplace(c.name, group, e.first, e.last, e.events, e.peak, *e.crossing_time);
      }
    }
    return out;
  }

  std::multiset<Row> found() const {
    std::multiset<Row> out;
    for (const auto& [number, i] : incidents_) {
      if (i.merged_into) continue;
      EXPECT_TRUE(i.final) << i.detection.rule_id;
      const auto& d = i.detection;
      out.emplace(d.rule_id, d.group.at(0).second, d.first_event_time, d.last_event_time,
                  d.event_count, d.peak, d.opened_event_time);
    }
    return out;
  }

  std::string describe() const {
    std::string out;
    for (const Case& c : cases_) out += c.yaml();
    return out;
  }

 private:
  std::int64_t pick(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

  // What others count opens nothing, unless all of them ask for it.
  bool opens(std::size_t index) const {
    return std::none_of(cases_.begin(), cases_.end(), [&](const Case& c) {
      return !c.generate &&
             std::find(c.rules.begin(), c.rules.end(), kRules.size() + index) != c.rules.end();
    });
  }

  // An earlier correlation, which may be a chain itself, and rules.
  Case random_chain(std::size_t index) {
    Case c;
    c.name = case_name(index);
    c.window = seconds(5 + pick(200));
    c.generate = pick(2) == 0;
    c.rules = {kRules.size() + static_cast<std::size_t>(pick(static_cast<std::int64_t>(index))),
               static_cast<std::size_t>(pick(3))};
    if (pick(2) == 0) std::swap(c.rules[0], c.rules[1]);
    c.alias = (c.rules[0] == 1 || c.rules[1] == 1) && pick(2) == 0;
    const std::string first = name_of(c.rules[0]);
    switch (pick(4)) {
      case 0:
        c.type = "temporal_ordered";
        c.holds = [](const Held& held) { return ordered(held, 2, 0, kTimeMin); };
        break;
      case 1:
        c.type = "temporal";
        c.condition = first + " and not " + name_of(c.rules[1]);
        c.when_final = true;
        c.holds = [](const Held& held) { return has(held, 0) && !has(held, 1); };
        break;
      default:
        c.type = pick(2) == 0 ? "event_count" : "temporal";
        compared(c, 2);
    }
    return c;
  }

  Case random_case(std::size_t index) {
    static constexpr std::array kTypes = {"event_count",      "value_count", "temporal",
                                          "temporal_ordered", "value_sum",   "value_avg",
                                          "value_percentile", "value_median"};
    Case c;
    c.name = case_name(index);
    c.type = kTypes[static_cast<std::size_t>(pick(8))];
    c.window = seconds(5 + pick(120));
    c.rules = {0, 1, 2};
    std::shuffle(c.rules.begin(), c.rules.end(), random_);
    c.rules.resize(static_cast<std::size_t>(c.counts_members() ? 2 + pick(2) : 1 + pick(3)));
    c.alias = pick(2) == 0 && std::find(c.rules.begin(), c.rules.end(), 1) != c.rules.end();
    const std::uint64_t members = c.rules.size();
    const std::string first = kRules[c.rules[0]];
    const std::string second = members > 1 ? kRules[c.rules[1]] : "";
    if (c.type == "temporal_ordered" && (members != 2 || pick(2) == 0)) {
      c.holds = [members](const Held& held) { return ordered(held, members, 0, kTimeMin); };
    } else if (c.type == "temporal_ordered") {
      c.condition = first + " and not " + second;
      c.when_final = true;
      c.holds = [](const Held& held) { return has(held, 0) && !has(held, 1); };
    } else if (c.type == "temporal" && members == 2 && pick(2) == 0) {
      c.condition = second + " and not " + first;
      c.when_final = true;
      c.holds = [](const Held& held) { return has(held, 1) && !has(held, 0); };
    } else if (c.type == "temporal" && members == 3 && pick(2) == 0) {
      c.condition = fmt::format("{} and ({} or {})", first, second, kRules[c.rules[2]]);
      c.holds = [](const Held& held) { return has(held, 0) && (has(held, 1) || has(held, 2)); };
    } else {
      compared(c, static_cast<std::int64_t>(members));
    }
    return c;
  }

  void compared(Case& c, std::int64_t members) {
    static constexpr std::array kOps = {"gt", "gte", "lt", "lte", "eq", "neq"};
    const std::string op = kOps[static_cast<std::size_t>(pick(6))];
    const bool counts = !c.has_numbers();
    std::int64_t bound = counts ? 2 + pick(3) : pick(12) - 4;
    if (c.type == "temporal") bound = op == "gt" ? members - 1 : members;
    if (c.type == "temporal" && op == "lt") bound = 2;
    c.when_final = !counts || (op != "gt" && op != "gte");
    c.condition =
        fmt::format("{{{}: {}{}{}}}", op, bound, c.type.starts_with("value_") ? ", field: n" : "",
                    c.type == "value_percentile" ? ", percentile: 75" : "");
    c.holds = [op, bound, type = c.type](const Held& held) {
      const auto [value, divisor] = measure(type, held);
      return compare(op, value, bound * divisor);
    };
  }

  void load() {
    std::string text;
    for (const char* name : kRules)
      text += fmt::format(
          "---\ntitle: {0}\nid: {0}\nlevel: low\nlogsource: {{product: p}}\n"
          "detection: {{s: {{{0}: 1}}, condition: s}}\n",
          name);
    Diagnostics diagnostics;
    auto set = rule::load_texts({{"rules.yml", text + describe()}}, diagnostics);
    for (const Diagnostic& d : diagnostics) ADD_FAILURE() << to_string(d) << "\n" << describe();
    ASSERT_EQ(set.correlations.size(), cases_.size());
    const auto rules = std::make_shared<const rule::RuleSet>(std::move(set));
    intern_correlation_fields(*rules, names_);
    const correlate::Forms forms{.few = pick(2) == 0 ? 64u : static_cast<std::size_t>(pick(8))};
    detectors_ = std::make_shared<const Detectors>(rules, names_, rule::Level::high, forms);
  }

  // Each source in its own order, with disorder; they lag each other by up to 200 s.
  void make_events() {
    constexpr std::int64_t kDisorder = 60;
    std::array<std::int64_t, 3> lag = {0, pick(100), pick(200)};
    std::int64_t clock = 300;
    const std::int64_t count = 20 + pick(100);
    for (std::int64_t i = 0; i < count; ++i) {
      clock += pick(3) == 0 ? pick(40) : pick(3);
      Event e;
      e.source = static_cast<std::size_t>(pick(3));
      e.time = kStart + seconds(clock - lag[e.source] - pick(kDisorder + 1));
      for (std::size_t r = 0; r < kRules.size(); ++r)
        if (pick(2) == 0) e.matches.insert(r);
      e.fields["src"] = fmt::format("10.0.0.{}", pick(3));
      e.fields["dst"] = fmt::format("10.0.0.{}", pick(3));
      if (pick(10) == 0) e.fields.erase("src");
      e.fields["n"] = fmt::format("{}", pick(9) - 3);
      if (pick(10) == 0) e.fields["n"] = "none";  // counts as a value, not as a number
      e.sequence = static_cast<std::uint64_t>(i);
      events_.push_back(std::move(e));
    }
  }

  void apply(std::size_t first, std::size_t count, std::array<Time, 3>& newest, Time now) {
    std::vector<event::Hit> hits;
    std::deque<std::vector<event::Field>> fields;
    std::deque<std::string> raw;
    for (std::size_t i = 0; i < count; ++i) {
      const Event& e = events_[first + i];
      newest[e.source] = std::max(newest[e.source], e.time);
      auto& own = fields.emplace_back();
      for (const auto& [name, text] : e.fields)
        if (const event::FieldId id = names_.find(name); id != event::kNoField)
          own.push_back({id, event::ValueKind::string, text});
      raw.push_back(fmt::format("event {}", e.sequence));
      std::uint32_t ordinal = 0;
      for (const std::size_t r : e.matches) {
        event::Hit hit;
        hit.rule = static_cast<std::uint32_t>(r);
        hit.ordinal = ordinal++;
        hit.event_index = static_cast<std::uint32_t>(i);
        hit.event_time = e.time;
        hit.received_time = now;
        hit.source = "s";
        hit.raw = raw.back();
        hit.fields = own;
        hits.push_back(hit);
      }
    }
    std::vector<event::SourceMark> marks;
    static const std::array<std::string, 3> kSources = {"s0", "s1", "s2"};
    for (std::size_t s = 0; s < 3; ++s) marks.push_back({kSources[s], false, newest[s], now});
    take(engine_->apply({now, HitsInput{count, hits, marks}}));
  }

  void take(const Effects& effects) {
    for (const incident::Incident& i : effects.incidents) incidents_[i.number] = i;
  }

  std::unique_ptr<Engine> make_engine() const {
    EngineOptions options;
    options.episode_max = std::chrono::hours(1'000);
    options.storm.groups = 0;
    options.spill_above = 0;
    options.spill_to = 0;
    if (spills_) options.spilled = rows_;
    return std::make_unique<Engine>(detectors_, 42, options);
  }

  void crash() {
    Checkpoint checkpoint = engine_->take_checkpoint();
    rows_->apply(checkpoint.groups);
    engine_ = make_engine();
    ASSERT_TRUE(engine_->restore(checkpoint.state));
    ASSERT_EQ(engine_->checkpoint(), checkpoint.state);
  }

  using Groups = std::map<std::string, std::vector<oracle::Event>>;

  Groups groups_of(const Case& c) const {
    Groups out;
    for (std::size_t m = 0; m < c.rules.size(); ++m) {
      if (c.rules[m] < kRules.size()) {
        add_hits(c, m, out);
        continue;
      }
      for (auto& [group, moments] : held_moments(cases_[c.rules[m] - kRules.size()]))
        for (oracle::Event& e : moments) {
          e.value = c.counts_members() ? m : 0;
          out[group].push_back(e);
        }
    }
    return out;
  }

  void add_hits(const Case& c, std::size_t member, Groups& out) const {
    const std::size_t r = c.rules[member];
    for (const Event& e : events_) {
      const auto group = e.fields.find(c.alias && r == 1 ? "dst" : "src");
      if (!e.matches.contains(r) || group == e.fields.end()) continue;
      const std::string& n = e.fields.at("n");
      if (c.has_numbers() && n == "none") continue;
      const auto value = c.counts_members() ? member
                         : c.has_numbers()  ? static_cast<std::uint64_t>(std::stoll(n))
                                            : std::hash<std::string>()(n);
      out[group->second].push_back({e.time, e.sequence, value});
    }
  }

  // The events at whose time the condition holds.
  Groups held_moments(const Case& c) const {
    Groups out;
    for (const auto& [group, events] : groups_of(c))
      for (const oracle::Event& e : events) {
        Held held;
        for (const oracle::Event& other : events)
          if (other.time <= e.time && e.time - other.time < c.window) held.push_back(other);
        std::sort(held.begin(), held.end(),
                  [](const auto& a, const auto& b) { return a.time < b.time; });
        if (c.holds(held)) out[group].push_back(e);
      }
    return out;
  }

  std::mt19937_64 random_;
  bool spills_ = pick(2) == 0;  // all groups leave memory at a checkpoint
  std::shared_ptr<testing::MemoryGroups> rows_ = std::make_shared<testing::MemoryGroups>();
  std::vector<Case> cases_;
  std::vector<Event> events_;
  event::FieldNames names_;
  std::shared_ptr<const Detectors> detectors_;
  std::unique_ptr<Engine> engine_;
  std::map<std::uint64_t, incident::Incident> incidents_;
};

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(CorrelationSimulation, EveryTypeAgreesWithTheOracle) {
  const std::uint64_t first = setting("VAKT_SIM_FIRST", 0);
  const std::uint64_t seeds = setting("VAKT_SIM_SEEDS", 100) * 10;
  std::size_t incidents = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    Simulation simulation(seed);
    simulation.run();
    const auto expected = simulation.expected();
    ASSERT_EQ(simulation.found(), expected) << "seed " << seed << "\n" << simulation.describe();
    incidents += expected.size();
  }
  EXPECT_GT(incidents, seeds);  // it is not all silence
}

}  // namespace
}  // namespace vakt::engine
