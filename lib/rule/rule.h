// A Sigma rule as loaded: detections and conditions as expression trees, with every modifier
// already applied. Both engines (match/matcher.h and match/reference.h) work from this and share
// nothing else. Immutable after loading.
//
// Sigma specification 2.1; where it is silent, pySigma's behaviour (README.md of this folder).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/hash.h"
#include "base/time.h"
#include "event/log_source.h"
#include "rule/comparison.h"

namespace vakt::yaml {
class Parsed;
}

namespace vakt::rule {

enum class Level : std::uint8_t { informational, low, medium, high, critical };
std::string_view to_string(Level level);

// One piece of a string value.
struct Token {
  enum class Kind : std::uint8_t { literal, any, one };  // text, `*`, `?`
  Kind kind = Kind::literal;
  std::string text;  // UTF-8, of a literal; never empty
  auto operator<=>(const Token&) const = default;
};

// How two texts or numbers are compared.
enum class Op : std::uint8_t { equals, startswith, endswith, contains, gt, gte, lt, lte };
// Of a time in UTC; the week is ISO 8601's.
enum class TimePart : std::uint8_t { minute, hour, day, week, month, year };

// A leaf: does the event have a value that ...
struct Test {
  enum class Kind : std::uint8_t {
    text,    // equals the wildcard pattern `tokens`, whole value (contains x = [any, x, any])
    regex,   // contains a match of `pattern` (Sigma `re`: search, case-sensitive unless (?i))
    cidr,    // is an IP address in `pattern`, v4 or v6
    null,    // the field is missing or JSON null
    exists,  // the field is present (also null or empty); `expected` false: is not
    number,  // is a number that is `op` (equals, gt ...) the number `pattern`
    part,    // is a time whose `part` is `op` the number `pattern`
    field,   // `op` (equals, startswith ...) a value of the field `pattern`
  };
  Kind kind = Kind::text;
  std::string field;  // empty: keyword, any value of the event or its raw text. For keywords the
                      // text pattern is searched, not matched whole: [any, x, any] is implied
  std::vector<Token> tokens;
  bool cased = false;
  std::string pattern;
  bool regex_i = false;
  bool regex_m = false;
  bool regex_s = false;
  bool expected = true;
  Op op = Op::equals;
  TimePart part = TimePart::minute;
  auto operator<=>(const Test&) const = default;
};

struct Expr {
  enum class Kind : std::uint8_t {
    all,     // every child (true without children)
    any,     // some child (false without children)
    negate,  // not the only child
    test,
    detection,  // the value of detections[detection]; in conditions only
  };
  Kind kind = Kind::all;
  std::vector<Expr> children;
  Test test;
  std::uint32_t detection = 0;
};

// For people and tests: (and (= Image "*\\cmd.exe") (not (null User))); a detection is #0, #1, ...
std::string to_string(const Expr& expr);

struct Detection {
  std::string name;
  Expr expr;  // no Kind::detection inside
};

struct Metadata {
  std::string id;  // of the rule; its `name`, else the file name, where it has none
  std::string name;
  std::string title;
  std::string description;
  std::string author;
  std::string status;
  std::vector<std::string> tags;
  std::vector<std::string> references;
  std::vector<std::string> falsepositives;
  Level level = Level::medium;  // Sigma: `medium` is pySigma's and our default where there is none
  // Custom attribute `vakt.risk`: what a hit adds where a correlation counts kRiskField. By level
  // where there is none: 0, 10, 30, 60, 90.
  std::uint32_t risk = 30;
  std::string file;
  int line = 1;
};

// An exception: of the events that a rule matches, only those for which `keep` holds are hits. What
// it hides is counted.
struct Filter {
  Metadata meta;
  Expr keep;                    // no Kind::detection inside
  std::string owner;            // custom attributes `vakt.owner`, `vakt.reason`,
  std::string reason;           //
  std::optional<Time> expires;  // `vakt.expires`: events at or after it are not filtered
};

// An event that the rule is to match, or not to match: custom attribute `vakt.tests`.
struct InlineTest {
  std::string name;  // may be empty
  bool match = true;
  std::string event;                          // a JSON object, or a record as it is received
  std::optional<event::LogSource> logsource;  // its label; nullopt: routed by its content
  int line = 0;
};

struct Rule {
  Metadata meta;
  event::LogSource logsource;
  std::vector<Detection> detections;
  Expr condition;                      // several conditions in a list are joined by any
  std::vector<std::uint32_t> filters;  // indices into RuleSet::filters
  // Of what decides matching (log source, detections, condition, filters): state belongs to it, so
  // that a changed title or level keeps state.
  Hash128 detection_hash;
  std::vector<std::string> fields;  // names the detections use, unique
  // Custom attribute `vakt.quiet`: after how long without an event a new episode starts.
  Duration quiet = std::chrono::hours(1);
  std::vector<InlineTest> tests;  // read only with LoadOptions::tests; decide nothing
};

enum class CorrelationType : std::uint8_t {
  event_count,
  value_count,
  temporal,
  temporal_ordered,
  value_sum,
  value_avg,
  value_percentile,
  value_median,
};

// In a member's events another field has the value of a group-by or counted field.
struct Alias {
  std::string name;          // as it stands in group-by or `field`
  std::uint32_t member = 0;  // index into Correlation::members
  std::string field;
};

// What is one in a group-by field: custom attribute `vakt.group_by`.
struct Grouping {
  bool ignore_case = false;  // of letters of any script, by Unicode's simple folding
  // An address stands for its network of so many bits, and is written in one way; what is no
  // address stands for itself.
  bool networks = false;
  std::uint8_t ipv4_bits = 32;
  std::uint8_t ipv6_bits = 128;

  bool operator==(const Grouping&) const = default;
};

// Fields that no event has, of the rule that hit: what it adds to a risk, and its id.
inline constexpr std::string_view kRiskField = "vakt.risk";
inline constexpr std::string_view kRuleField = "vakt.rule";

// A rule or a correlation whose hits a correlation counts.
struct Member {
  bool is_correlation = false;
  std::uint32_t index = 0;  // into RuleSet::rules or, before this one, RuleSet::correlations

  bool operator==(const Member&) const = default;
};

struct Correlation {
  Metadata meta;
  CorrelationType type = CorrelationType::event_count;
  std::vector<Member> members;  // unique
  bool any_rule = false;  // `rules: any`: all with a detection; they open incidents as without
  std::vector<std::string> group_by;
  std::vector<Grouping> groupings;  // by field of group_by
  std::vector<Alias> aliases;
  Duration timespan{};
  // Custom attribute `vakt.disorder`: how much longer than for others its events are waited for.
  Duration disorder{};
  // The smallest count that fulfils the condition: 5 for `gt: 4` and for `gte: 5`. Of events,
  // values or members, as the type says.
  std::uint64_t threshold = 1;
  // Any other condition is judged when no more events are to come (correlate/settings.h): all of
  // `comparisons`, or the formula.
  bool when_final = false;
  std::vector<Comparison> comparisons;
  std::optional<Expr> formula;          // of members with an event: Kind::detection names one
  std::string formula_text;             // as it is written
  std::vector<std::uint32_t> sequence;  // of temporal_ordered: members, in order
  std::vector<std::string> value_fields;
  std::int64_t percent_micros = 0;  // of value_percentile
  bool generate = false;            // the members open incidents of their own as well
  // Of base detections, group-by, aliases, timespan, type, counted fields, and how the condition is
  // judged; not of the numbers in it.
  Hash128 detection_hash;
};

// Where a member's events have the value of a group-by or counted field.
const std::string& field_of(const Correlation& correlation, std::uint32_t member,
                            const std::string& name);
// Of all members, each once; without kRiskField and kRuleField.
std::vector<std::string> fields_of(const Correlation& correlation);
// "value_sum of bytes > 5000", for people; empty where the threshold says it all.
std::string describe_condition(const Correlation& correlation);

struct RuleSet {
  std::vector<Rule> rules;
  std::vector<Correlation> correlations;  // members before what counts them
  std::vector<Filter> filters;
  Hash128 hash;  // of everything
};

// The rules at the ends of its chains, each once.
std::vector<std::uint32_t> base_rules(const RuleSet& set, const Correlation& correlation);

// What a rule may hold at most; a file is also under the bounds of yaml/node.h.
inline constexpr std::size_t kTestsMax = 65'536;  // of a rule
inline constexpr std::size_t kDetectionsMax = 1'000;
inline constexpr std::size_t kValueBytesMax = 64 << 10;
inline constexpr std::size_t kNameBytesMax = 256;  // of a field, an id, a name
inline constexpr std::size_t kConditionBytesMax = 16 << 10;
inline constexpr std::size_t kConditionNodesMax = 10'000;
inline constexpr std::size_t kConditionDepthMax = 64;
inline constexpr std::size_t kRulesMax = 100'000;  // of a set, correlations included
inline constexpr std::size_t kFieldsMax = 32'768;  // of a set, different names
inline constexpr std::size_t kGroupByMax = 16;
inline constexpr std::size_t kMembersMax = 1'000;      // of a correlation
inline constexpr std::size_t kChainDepthMax = 64;      // correlations above one another
inline constexpr std::size_t kInlineTestsMax = 1'000;  // of a rule
inline constexpr std::size_t kInlineEventBytesMax = 64 << 10;
inline constexpr Duration kDisorderMax = std::chrono::hours(24);
inline constexpr std::uint32_t kRiskMax = 1'000'000;
inline constexpr std::uint64_t kThresholdMax = 1'000'000'000;
inline constexpr Duration kTimespanMax = std::chrono::hours(24 * 366);

// Texts for %name% in values with the modifier `expand`, by name.
using Placeholders = std::map<std::string, std::vector<std::string>>;

struct LoadOptions {
  Placeholders placeholders;
  bool retired = false;  // load rules of status deprecated or unsupported as well
  bool tests = false;    // read `vakt.tests`, which a daemon has no use for
  // Texts that were parsed already; null: every text is parsed.
  std::shared_ptr<yaml::Parsed> parsed = {};
};

// Files and directories (searched for *.yml and *.yaml, in byte order of their paths; folders named
// decoders, field_maps or regimes hold other data and are passed over). Rules with
// errors are left out and reported; the others are loaded. `status: deprecated|unsupported` are
// left out with a warning.
RuleSet load(const std::vector<std::string>& paths, Diagnostics& diagnostics,
             const LoadOptions& options = {});

struct Source {
  std::string file;
  std::string text;
};
RuleSet load_texts(const std::vector<Source>& sources, Diagnostics& diagnostics,
                   const LoadOptions& options = {});

}  // namespace vakt::rule
