#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "rule/action.h"
#include "rule/document.h"
#include "rule/identity.h"
#include "rule/metadata.h"
#include "rule/rule.h"
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
    enum class Kind { rule, correlation, broken, retired };
    Kind kind = Kind::broken;
    std::uint32_t rule = 0;
    std::string file;
    int line = 0;
    bool by_file = false;  // taken from the file name: cannot be referred to
  };
  struct Pending {
    std::size_t source = 0;
    UnresolvedCorrelation unresolved;
  };

  void read_source(std::size_t index, const Source& source, Diagnostics& diagnostics);
  void read_document(std::size_t index, const yaml::Node& document, Reporter& reporter);
  bool claim(const std::string& name, Place at, const Known& known, Reporter& reporter);
  bool claim_names(const yaml::Node& document, Metadata& meta, Known known, Reporter& reporter);
  void settle(const Metadata& meta, Known::Kind kind, std::uint32_t rule);
  bool count_fields(const std::vector<std::string>& names, Place at, Reporter& reporter);
  std::string suggest_rule(const std::string& name);
  void resolve(Pending& pending, Reporter& reporter);

  const LoadOptions& options_;
  RuleSet set_;
  std::unordered_map<std::string, Known> known_;
  std::unordered_set<std::string> fields_;
  std::vector<Pending> pending_;
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

// The reason why a document that is neither rule nor correlation is refused, or empty.
std::string refusal(const yaml::Node& document, std::string& hint) {
  const yaml::Node* type = document.find("type");
  const bool typed = type != nullptr && type->is_scalar();
  if (document.find("filter") != nullptr || (typed && type->text == "filter")) {
    hint = "add the exception to the rule's condition: 'and not filter'";
    return "filter documents are not supported by this version";
  }
  return {};
}

void Loader::read_document(std::size_t index, const yaml::Node& document, Reporter& reporter) {
  if (!document.is_map()) {
    reporter.error(place(document), "a rule must be a map", "for example: title: ...");
    return;
  }
  Place at = place(document);
  std::string hint;
  if (std::string reason = refusal(document, hint); !reason.empty()) {
    reporter.error(at, std::move(reason), std::move(hint));
    return;
  }
  if (set_.rules.size() + pending_.size() >= kRulesMax) {
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
  const bool correlation =
      document.find("correlation") != nullptr || (type != nullptr && type->text == "correlation");
  if (correlation) {
    settle(meta, Known::Kind::correlation, 0);
    auto unresolved = read_correlation(document, std::move(meta), reporter);
    auto names = unresolved.correlation.group_by;
    if (!unresolved.correlation.value_field.empty())
      names.push_back(unresolved.correlation.value_field);
    if (!reporter.failed() && count_fields(names, at, reporter))
      pending_.push_back({index, std::move(unresolved)});
    return;
  }
  Rule rule = read_rule(document, std::move(meta), options_, reporter);
  if (reporter.failed() || !count_fields(rule.fields, at, reporter)) return;
  settle(rule.meta, Known::Kind::rule, static_cast<std::uint32_t>(set_.rules.size()));
  set_.rules.push_back(std::move(rule));
}

void Loader::read_source(std::size_t index, const Source& source, Diagnostics& diagnostics) {
  const std::vector<yaml::Node> documents = yaml::parse(source.text, source.file, diagnostics);
  bool any = false;
  ActionMerger merger;
  for (const yaml::Node& document : documents) {
    if (document.is_null()) continue;
    any = true;
    Reporter reporter(source.file, diagnostics);
    if (const auto whole = merger.merge(document, reporter)) read_document(index, *whole, reporter);
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

void Loader::resolve(Pending& pending, Reporter& reporter) {
  Correlation& out = pending.unresolved.correlation;
  for (const Reference& reference : pending.unresolved.references) {
    const std::string quoted = "'" + reference.name + "'";
    const auto it = known_.find(reference.name);
    if (it == known_.end() || it->second.by_file) {
      reporter.error(reference.at, "no rule has the id or name " + quoted,
                     suggest_rule(reference.name));
      continue;
    }
    switch (it->second.kind) {
      case Known::Kind::rule:
        if (std::find(out.rules.begin(), out.rules.end(), it->second.rule) == out.rules.end())
          out.rules.push_back(it->second.rule);
        else
          reporter.warn(reference.at, "the rule " + quoted + " is named twice", "remove one");
        break;
      case Known::Kind::correlation:
        reporter.error(reference.at, quoted + " is a correlation",
                       "correlations of correlations are not supported by this version");
        break;
      case Known::Kind::broken:
        reporter.error(reference.at, "the rule " + quoted + " was left out because of its errors",
                       fmt::format("see {}:{}", it->second.file, it->second.line));
        break;
      case Known::Kind::retired:
        reporter.error(reference.at, "the rule " + quoted + " was left out because of its status",
                       fmt::format("see {}:{}", it->second.file, it->second.line));
        break;
    }
  }
  if (reporter.failed()) return;
  out.detection_hash = detection_hash(out, set_.rules);
  set_.correlations.push_back(std::move(out));
}

RuleSet Loader::load(const std::vector<Source>& sources, Diagnostics& diagnostics) {
  std::vector<Diagnostics> found(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) read_source(i, sources[i], found[i]);
  for (Pending& pending : pending_) {
    Reporter reporter(sources[pending.source].file, found[pending.source]);
    resolve(pending, reporter);
  }
  for (Diagnostics& some : found) {
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
