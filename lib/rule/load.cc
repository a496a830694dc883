#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "rule/action.h"
#include "rule/document.h"
#include "rule/identity.h"
#include "rule/metadata.h"
#include "rule/rule.h"
#include "yaml/parsed.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

// Path to file name.
std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// Loads a set in two passes: all documents, then what correlations refer to.
class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}
  RuleSet load(const std::vector<Source>& sources, Diagnostics& diagnostics);

 private:
  // What an id or name stands for.
  struct Known {
    enum class Kind { rule, correlation, filter, broken, retired };
    Kind kind = Kind::broken;
    std::uint32_t rule = 0;  // its index; of a correlation, in pending_
    std::string file;
    int line = 0;
    bool by_file = false;  // taken from the file name: cannot be referred to
  };
  template <class T>
  struct Pending {
    enum class State { waiting, going, left_out, done };
    std::size_t source = 0;
    T unresolved;
    State state = State::waiting;
    std::uint32_t resolved = 0;  // its index in the set
  };

  void read_source(std::size_t index, const Source& source, Diagnostics& diagnostics);
  void read_document(std::size_t index, const yaml::Node& document, Reporter& reporter);
  bool claim(const std::string& name, Place at, const Known& known, Reporter& reporter);
  bool claim_names(const yaml::Node& document, Metadata& meta, Known known, Reporter& reporter);
  void settle(const Metadata& meta, Known::Kind kind, std::uint32_t rule);
  bool count_fields(const std::vector<std::string>& names, Place at, Reporter& reporter);
  std::string suggest_rule(const std::string& name);
  void read_filter_document(std::size_t index, const yaml::Node& document, Metadata meta,
                            Reporter& reporter);
  std::optional<std::uint32_t> rule_of(const Reference& reference, Reporter& reporter);
  void resolve(UnresolvedFilter& unresolved, Reporter& reporter);
  void resolve(const UnresolvedAlias& alias, Correlation& out, std::size_t depth,
               Reporter& reporter);
  void check_group(const Reference& reference, const Correlation& inner, const Correlation& outer,
                   std::uint32_t member, Reporter& reporter);
  std::optional<Member> member_of(const Reference& reference, std::size_t depth,
                                  Reporter& reporter);
  void resolve(std::uint32_t pending, std::size_t depth);

  const LoadOptions& options_;
  RuleSet set_;
  std::vector<std::string> files_;  // by source
  std::vector<Diagnostics> found_;  // by source
  std::unordered_map<std::string, Known> known_;
  std::unordered_set<std::string> fields_;
  std::vector<Pending<UnresolvedCorrelation>> pending_;
  std::vector<Pending<UnresolvedFilter>> pending_filters_;
  int suggestions_left_ = 100;  // each looks at every rule
};

bool Loader::claim(const std::string& name, Place at, const Known& known, Reporter& reporter) {
  const auto [it, fresh] = known_.emplace(name, known);
  if (fresh) return true;
  reporter.error(at, "'" + name + "' already names a rule",
                 fmt::format("{}:{}; {}", it->second.file, it->second.line,
                             known.by_file ? "give this one an id" : "change one of them"));
  return false;
}

bool Loader::claim_names(const yaml::Node& document, Metadata& meta, Known known,
                         Reporter& reporter) {
  const auto at = [&](std::string_view key) {
    const yaml::Node* node = document.find(key);
    return node == nullptr ? place(document) : place(*node);
  };
  if (meta.id.empty()) {
    meta.id = base_name(reporter.file());
    known.by_file = true;
    return claim(meta.id, place(document), known, reporter);
  }
  const bool has_id = meta.id != meta.name;
  bool ok = claim(meta.id, at(has_id ? "id" : "name"), known, reporter);
  if (has_id && !meta.name.empty()) ok = claim(meta.name, at("name"), known, reporter) && ok;
  return ok;
}

void Loader::settle(const Metadata& meta, Known::Kind kind, std::uint32_t rule) {
  for (const std::string* name : {&meta.id, &meta.name}) {
    const auto it = known_.find(*name);
    if (it == known_.end()) continue;
    it->second.kind = kind;
    it->second.rule = rule;
  }
}

// The field table of events is bounded (event/field_names.h).
bool Loader::count_fields(const std::vector<std::string>& names, Place at, Reporter& reporter) {
  for (const std::string& name : names) {
    if (fields_.contains(name)) continue;
    if (fields_.size() == kFieldsMax) {
      reporter.error(at, fmt::format("the rules use more than {} different fields", kFieldsMax),
                     "load fewer rules");
      return false;
    }
    fields_.insert(name);
  }
  return true;
}

void Loader::read_document(std::size_t index, const yaml::Node& document, Reporter& reporter) {
  if (!document.is_map()) {
    reporter.error(place(document), "a rule must be a map", "for example: title: ...");
    return;
  }
  const Place at = place(document);
  if (set_.rules.size() + pending_.size() + pending_filters_.size() >= kRulesMax) {
    reporter.error(at, fmt::format("more than {} rules", kRulesMax), "load fewer rules");
    return;
  }
  warn_of_near_misses(document, reporter);
  Metadata meta = read_metadata(document, reporter);
  if (!claim_names(document, meta, {Known::Kind::broken, 0, reporter.file(), document.line, false},
                   reporter))
    return;
  if (!options_.retired && (meta.status == "deprecated" || meta.status == "unsupported")) {
    reporter.warn(place(*document.find("status")), "left out: its status is " + meta.status);
    settle(meta, Known::Kind::retired, 0);
    return;
  }
  const yaml::Node* type = document.find("type");
  const auto is = [&](std::string_view kind) {
    return document.find(kind) != nullptr || (type != nullptr && type->text == kind);
  };
  if (is("filter")) return read_filter_document(index, document, std::move(meta), reporter);
  const bool correlation = is("correlation");
  if (correlation) {
    const Metadata names_of = meta;
    auto unresolved = read_correlation(document, std::move(meta), reporter);
    auto names = unresolved.correlation.group_by;
    for (const std::string& name : unresolved.correlation.value_fields)
      if (!is_of_rule(name)) names.push_back(name);
    for (const UnresolvedAlias& alias : unresolved.aliases) names.push_back(alias.field);
    if (reporter.failed() || !count_fields(names, at, reporter)) return;
    settle(names_of, Known::Kind::correlation, static_cast<std::uint32_t>(pending_.size()));
    pending_.push_back({index, std::move(unresolved)});
    return;
  }
  Rule rule = read_rule(document, std::move(meta), options_, reporter);
  if (reporter.failed() || !count_fields(rule.fields, at, reporter)) return;
  settle(rule.meta, Known::Kind::rule, static_cast<std::uint32_t>(set_.rules.size()));
  set_.rules.push_back(std::move(rule));
}

void Loader::read_filter_document(std::size_t index, const yaml::Node& document, Metadata meta,
                                  Reporter& reporter) {
  settle(meta, Known::Kind::filter, 0);
  auto unresolved = read_filter(document, std::move(meta), options_, reporter);
  const auto fields = fields_of({{"", unresolved.filter.keep}});
  if (!reporter.failed() && count_fields(fields, place(document), reporter))
    pending_filters_.push_back({index, std::move(unresolved)});
}

void Loader::read_source(std::size_t index, const Source& source, Diagnostics& diagnostics) {
  yaml::Parsed none;
  yaml::Parsed& parsed = options_.parsed ? *options_.parsed : none;
  const yaml::Documents documents = parsed.get(source.text, source.file, diagnostics);
  bool any = false;
  ActionMerger merger;
  for (const yaml::Node& document : *documents) {
    if (document.is_null()) continue;
    any = true;
    Reporter reporter(source.file, diagnostics);
    if (const yaml::Node* whole = merger.merge(document, reporter))
      read_document(index, *whole, reporter);
  }
  if (!any && !has_errors(diagnostics))
    Reporter(source.file, diagnostics).warn({}, "there is no rule in it");
}

std::string Loader::suggest_rule(const std::string& name) {
  if (suggestions_left_ == 0) return {};
  --suggestions_left_;
  std::vector<std::string_view> names;
  for (const Rule& rule : set_.rules)
    if (!rule.meta.name.empty()) names.push_back(rule.meta.name);
  return yaml::did_you_mean(name, names);
}

// The rule that is meant; nullopt: reported.
std::optional<std::uint32_t> Loader::rule_of(const Reference& reference, Reporter& reporter) {
  const std::string quoted = "'" + reference.name + "'";
  const auto it = known_.find(reference.name);
  if (it == known_.end() || it->second.by_file) {
    reporter.error(reference.at, "no rule has the id or name " + quoted,
                   suggest_rule(reference.name));
    return std::nullopt;
  }
  const Known& known = it->second;
  switch (known.kind) {
    case Known::Kind::rule:
      return known.rule;
    case Known::Kind::correlation:
      reporter.error(reference.at, quoted + " is a correlation", "name a rule");
      break;
    case Known::Kind::filter:
      reporter.error(reference.at, quoted + " is a filter", "name a rule");
      break;
    case Known::Kind::broken:
      reporter.error(reference.at, "the rule " + quoted + " was left out because of its errors",
                     fmt::format("see {}:{}", known.file, known.line));
      break;
    case Known::Kind::retired:
      reporter.error(reference.at, "the rule " + quoted + " was left out because of its status",
                     fmt::format("see {}:{}", known.file, known.line));
      break;
  }
  return std::nullopt;
}

// Half an exception would surprise: it is refused as a whole when one of its rules is not there.
void Loader::resolve(UnresolvedFilter& unresolved, Reporter& reporter) {
  std::vector<std::uint32_t> rules;
  for (const Reference& reference : unresolved.references) {
    const auto rule = rule_of(reference, reporter);
    if (!rule) continue;
    if (set_.rules[*rule].logsource.satisfies(unresolved.logsource))
      rules.push_back(*rule);
    else
      reporter.error(reference.at,
                     "the rule '" + reference.name + "' has another log source than the filter",
                     "make the filter's logsource as wide as the rule's");
  }
  for (std::uint32_t i = 0; unresolved.any_rule && i < set_.rules.size(); ++i)
    if (set_.rules[i].logsource.satisfies(unresolved.logsource)) rules.push_back(i);
  if (rules.empty() && !reporter.failed())
    reporter.warn(unresolved.at, "the filter applies to no rule");
  if (reporter.failed()) return;
  const auto index = static_cast<std::uint32_t>(set_.filters.size());
  set_.filters.push_back(std::move(unresolved.filter));
  for (const std::uint32_t rule : rules) set_.rules[rule].filters.push_back(index);
}

void Loader::resolve(const UnresolvedAlias& alias, Correlation& out, std::size_t depth,
                     Reporter& reporter) {
  const auto rule = member_of(alias.rule, depth, reporter);
  if (!rule) return;
  const auto member = std::find(out.members.begin(), out.members.end(), *rule);
  const auto is_used = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), alias.name) != names.end();
  };
  if (member == out.members.end())
    reporter.error(alias.rule.at, "the rule '" + alias.rule.name + "' is not in 'rules'",
                   "add it there, or remove it here");
  else if (std::any_of(out.aliases.begin(), out.aliases.end(), [&](const Alias& a) {
             return a.name == alias.name && out.members[a.member] == *rule;
           }))
    reporter.error(
        alias.rule.at,
        "the alias '" + alias.name + "' names a field of '" + alias.rule.name + "' twice",
        "remove one");
  else if (!is_used(out.group_by) && !is_used(out.value_fields))
    reporter.warn(alias.rule.at, "the alias '" + alias.name + "' is not used",
                  "name it in 'group-by' or 'field'");
  else
    out.aliases.push_back(
        {alias.name, static_cast<std::uint32_t>(member - out.members.begin()), alias.field});
}

// A rule, or a correlation that is resolved first; nullopt: reported.
std::optional<Member> Loader::member_of(const Reference& reference, std::size_t depth,
                                        Reporter& reporter) {
  const auto it = known_.find(reference.name);
  if (it == known_.end() || it->second.by_file || it->second.kind != Known::Kind::correlation) {
    const auto rule = rule_of(reference, reporter);
    return rule ? std::optional(Member{false, *rule}) : std::nullopt;
  }
  using State = Pending<UnresolvedCorrelation>::State;
  const std::string quoted = "'" + reference.name + "'";
  const std::uint32_t index = it->second.rule;
  if (depth == kChainDepthMax) {
    reporter.error(reference.at,
                   fmt::format("more than {} correlations above one another", kChainDepthMax));
    return std::nullopt;
  }
  resolve(index, depth + 1);
  switch (pending_[index].state) {
    case State::done:
      return Member{true, pending_[index].resolved};
    case State::going:
      reporter.error(reference.at, quoted + " counts itself, directly or through others",
                     "a chain of correlations must begin with rules");
      break;
    default:
      reporter.error(reference.at,
                     "the correlation " + quoted + " was left out because of its errors",
                     fmt::format("see {}:{}", it->second.file, it->second.line));
  }
  return std::nullopt;
}

// Networks that were asked for, of more bits than there are.
bool is_finer(const Grouping& asked, const Grouping& given) {
  constexpr Grouping kWhole;
  return (asked.ipv4_bits != kWhole.ipv4_bits && asked.ipv4_bits > given.ipv4_bits) ||
         (asked.ipv6_bits != kWhole.ipv6_bits && asked.ipv6_bits > given.ipv6_bits);
}

// What holds is a group of the inner correlation: its values are all there is to group by.
void Loader::check_group(const Reference& reference, const Correlation& inner,
                         const Correlation& outer, std::uint32_t member, Reporter& reporter) {
  for (const auto* names : {&outer.group_by, &outer.value_fields})
    for (const std::string& name : *names) {
      const std::string& field = field_of(outer, member, name);
      if (is_of_rule(name)) continue;
      if (std::find(inner.group_by.begin(), inner.group_by.end(), field) == inner.group_by.end())
        reporter.error(reference.at,
                       "the correlation '" + reference.name + "' does not group by '" + field + "'",
                       "add it to its group-by, or name another field of it in 'aliases'");
    }
  for (std::size_t i = 0; i < outer.group_by.size(); ++i) {
    const std::string& field = field_of(outer, member, outer.group_by[i]);
    const auto place = std::find(inner.group_by.begin(), inner.group_by.end(), field);
    if (place == inner.group_by.end()) continue;
    const Grouping& of = inner.groupings[static_cast<std::size_t>(place - inner.group_by.begin())];
    if (!is_finer(outer.groupings[i], of)) continue;
    reporter.error(reference.at,
                   "the correlation '" + reference.name + "' groups by wider networks of '" +
                       field + "' than this one asks for",
                   "give 'group_by' of 'vakt' there as many bits, or fewer here");
  }
}

void Loader::resolve(std::uint32_t pending, std::size_t depth) {
  using State = Pending<UnresolvedCorrelation>::State;
  if (pending_[pending].state != State::waiting) return;
  pending_[pending].state = State::going;
  UnresolvedCorrelation unresolved = std::move(pending_[pending].unresolved);
  Correlation& out = unresolved.correlation;
  Reporter reporter(files_[pending_[pending].source], found_[pending_[pending].source]);
  const bool temporal =
      out.type == CorrelationType::temporal || out.type == CorrelationType::temporal_ordered;
  std::vector<const Reference*> references;  // of members
  for (const Reference& reference : unresolved.references) {
    const auto member = member_of(reference, depth, reporter);
    if (!member) continue;
    const std::string twice = "the rule '" + reference.name + "' is named twice";
    if (std::find(out.members.begin(), out.members.end(), *member) == out.members.end()) {
      out.members.push_back(*member);
      references.push_back(&reference);
    } else if (temporal) {
      reporter.error(reference.at, twice, "remove one");
    } else {
      reporter.warn(reference.at, twice, "remove one");
    }
  }
  for (std::uint32_t i = 0; out.any_rule && i < set_.rules.size(); ++i)
    out.members.push_back({false, i});
  for (const UnresolvedAlias& alias : unresolved.aliases) resolve(alias, out, depth, reporter);
  if (out.members.empty() && !reporter.failed())
    reporter.error({}, "there is no rule to count", "load it together with rules");
  for (std::uint32_t m = 0; m < out.members.size(); ++m)
    if (out.members[m].is_correlation)
      check_group(*references[m], set_.correlations[out.members[m].index], out, m, reporter);
  pending_[pending].state = reporter.failed() ? State::left_out : State::done;
  if (reporter.failed()) return;
  out.detection_hash = detection_hash(out, set_);
  pending_[pending].resolved = static_cast<std::uint32_t>(set_.correlations.size());
  set_.correlations.push_back(std::move(out));
}

RuleSet Loader::load(const std::vector<Source>& sources, Diagnostics& diagnostics) {
  for (const Source& source : sources) files_.push_back(source.file);
  found_.resize(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) read_source(i, sources[i], found_[i]);
  for (auto& filter : pending_filters_) {
    Reporter reporter(files_[filter.source], found_[filter.source]);
    resolve(filter.unresolved, reporter);
  }
  for (Rule& rule : set_.rules) rule.detection_hash = detection_hash(rule, set_.filters);
  for (std::uint32_t i = 0; i < pending_.size(); ++i) resolve(i, 0);
  for (Diagnostics& some : found_) {
    std::stable_sort(some.begin(), some.end(), [](const Diagnostic& a, const Diagnostic& b) {
      return a.line != b.line ? a.line < b.line : a.column < b.column;
    });
    std::move(some.begin(), some.end(), std::back_inserter(diagnostics));
  }
  set_.hash = set_hash(set_);
  return std::move(set_);
}

}  // namespace

RuleSet load_texts(const std::vector<Source>& sources, Diagnostics& diagnostics,
                   const LoadOptions& options) {
  return Loader(options).load(sources, diagnostics);
}

}  // namespace vakt::rule
