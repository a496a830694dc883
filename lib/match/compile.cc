#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "base/check.h"
#include "base/text.h"
#include "match/literal_sets.h"
#include "match/program.h"
#include "scan/cache.h"

namespace vakt::match {
namespace {

// What a class scans every value of a field for, sorted.
struct ColumnAtoms {
  std::vector<AtomId> literals;
  std::vector<AtomId> eager;  // regexes
};

// An atom that wakes a rule; `sure`: the rule then matches.
struct Waker {
  AtomId atom;
  bool sure;
};

// The work of Program::compile: atoms and trees first, then classes and databases. When Hyperscan
// refuses a pattern, the rules that use it are refused and the classes are built again without.
class Compiler {
 public:
  Compiler(Code& out, event::FieldNames& names, const event::Routes& routes, scan::Cache& cache,
           Diagnostics& diagnostics)
      : out_(out), names_(names), routes_(routes), cache_(cache), diagnostics_(diagnostics) {}

  void run() {
    read_rules();
    object_early();
    do {
      choose();
      form_classes();
      form_columns();
    } while (!build_databases());
    lay_out_nodes();
  }

 private:
  void read_rules();
  std::optional<Tree> read(const rule::Rule& rule, const rule::Expr& expr, std::uint32_t index);
  void read_filters(const rule::Rule& rule, std::uint32_t index);
  std::optional<Tree> read_test(const rule::Test& test, std::uint32_t index);
  std::optional<Tree> read_pcre(const Atom& regex, std::uint32_t index);
  Tree leaf(Atom atom);
  bool confirm_by_pcre(AtomId atom);
  AtomId intern(Atom atom);
  void refuse(std::uint32_t rule, const std::string& why, const std::string& hint);
  void refuse_users_of(AtomId atom, const std::string& why);
  void object_early();
  void choose();
  void choose_indexes();
  std::optional<double> cost_of(AtomId atom) const;
  void form_classes();
  void form_columns();
  bool build_databases();
  bool build_class(Class& c, const std::map<event::FieldId, ColumnAtoms>& columns);
  bool build_column(Class& c, Column& column, const ColumnAtoms& atoms);
  RegexSet regex_set(const std::vector<AtomId>& atoms, View view);
  void index_class(Class& c);
  scan::SharedDatabase database(const std::vector<AtomId>& atoms, bool literals);
  scan::Compiled<scan::SharedDatabase> compile(const std::vector<AtomId>& atoms, bool literals);
  void lay_out_nodes();

  Code& out_;
  event::FieldNames& names_;
  const event::Routes& routes_;
  scan::Cache& cache_;
  Diagnostics& diagnostics_;
  std::unordered_map<std::string, AtomId> atom_of_key_;
  std::vector<std::optional<Tree>> trees_;       // by rule; nothing: refused
  std::vector<std::vector<Tree>> filter_trees_;  // by rule, then as Rule::filters
  std::vector<std::vector<AtomId>> atoms_of_;    // by rule, unique
  std::vector<std::uint32_t> uses_;              // by atom: rules where it stands positively
  std::vector<std::optional<std::vector<Waker>>> index_;  // by rule; nothing: always asked
  std::vector<std::uint32_t> own_number_;                 // by atom: in the class being indexed
  std::map<event::FieldId, std::vector<AtomId>> demand_of_field_;
  std::vector<std::map<event::FieldId, ColumnAtoms>> columns_;  // by class
  std::map<std::pair<bool, std::vector<AtomId>>, scan::SharedDatabase> databases_;
};

void make_unique(std::vector<AtomId>& atoms) {
  std::sort(atoms.begin(), atoms.end());
  atoms.erase(std::unique(atoms.begin(), atoms.end()), atoms.end());
}

void Compiler::read_rules() {
  const auto& rules = out_.rules->rules;
  trees_.resize(rules.size());
  out_.uses_pcre.resize(rules.size());
  filter_trees_.resize(rules.size());
  atoms_of_.resize(rules.size());
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    trees_[i] = read(rules[i], rules[i].condition, i);
    if (!trees_[i]) continue;
    all_atoms(*trees_[i], atoms_of_[i]);
    read_filters(rules[i], i);
    if (!trees_[i]) continue;
    make_unique(atoms_of_[i]);
  }
}

// A rule whose exception cannot run is refused: without it, it would cry wolf.
void Compiler::read_filters(const rule::Rule& rule, std::uint32_t index) {
  for (const std::uint32_t filter : rule.filters) {
    auto tree = read(rule, out_.rules->filters[filter].keep, index);
    if (!tree) return;
    all_atoms(*tree, atoms_of_[index]);
    filter_trees_[index].push_back(std::move(*tree));
  }
}

std::optional<Tree> Compiler::read(const rule::Rule& rule, const rule::Expr& expr,
                                   std::uint32_t index) {
  using Kind = rule::Expr::Kind;
  Tree out;
  switch (expr.kind) {
    case Kind::detection:
      check(expr.detection < rule.detections.size(), "a condition names a detection");
      return read(rule, rule.detections[expr.detection].expr, index);
    case Kind::test:
      return read_test(expr.test, index);
    case Kind::all:
      out.kind = NodeKind::all;
      break;
    case Kind::any:
      out.kind = NodeKind::any;
      break;
    case Kind::negate:
      check(expr.children.size() == 1, "a negation has one child");
      out.kind = NodeKind::negate;
      break;
  }
  for (const rule::Expr& child : expr.children) {
    auto tree = read(rule, child, index);
    if (!tree) return std::nullopt;
    out.children.push_back(std::move(*tree));
  }
  if (out.children.size() == 1 && out.kind != NodeKind::negate) {
    Tree only = std::move(out.children[0]);
    return only;
  }
  return out;
}

std::optional<Tree> Compiler::read_test(const rule::Test& test, std::uint32_t index) {
  const auto id = [&](const std::string& name) {
    return name.empty() ? event::kNoField : names_.intern(name);
  };
  const bool two_fields = test.kind == rule::Test::Kind::field;
  auto atom = make_atom(test, id(test.field), two_fields ? id(test.pattern) : event::kNoField);
  if (!atom) {
    refuse(index, atom.error().message, "");
    return std::nullopt;
  }
  if (test.kind == rule::Test::Kind::regex && cache_.objection(atom->expression))
    return read_pcre(*atom, index);
  return leaf(std::move(*atom));
}

Tree Compiler::leaf(Atom atom) {
  Tree out;
  out.kind = NodeKind::atom;
  out.atom = intern(std::move(atom));
  return out;
}

// The same expression twice: as Hyperscan's prefilter, which indexes the rule and rules out nearly
// every event, and as PCRE2's, which decides.
std::optional<Tree> Compiler::read_pcre(const Atom& regex, std::uint32_t index) {
  auto exact = make_pcre_atom(regex);
  if (!exact) {
    refuse(index,
           fmt::format("pattern '{}': {}", escape_terminal(regex.expression.pattern.substr(0, 80)),
                       exact.error().message),
           "correct the expression; the syntax is PCRE's");
    return std::nullopt;
  }
  out_.uses_pcre[index] = true;
  Atom rough = regex;
  rough.expression.prefilter = true;
  if (cache_.objection(rough.expression)) return leaf(std::move(*exact));
  Tree out;
  out.kind = NodeKind::all;
  out.children.push_back(leaf(std::move(rough)));
  out.children.push_back(leaf(std::move(*exact)));
  return out;
}

AtomId Compiler::intern(Atom atom) {
  const auto [it, is_new] =
      atom_of_key_.try_emplace(atom.key(), static_cast<AtomId>(out_.atoms.size()));
  if (is_new) out_.atoms.push_back(std::move(atom));
  return it->second;
}

void Compiler::refuse(std::uint32_t rule, const std::string& why, const std::string& hint) {
  const rule::Metadata& meta = out_.rules->rules[rule].meta;
  trees_[rule].reset();
  atoms_of_[rule].clear();
  diagnostics_.push_back({Severity::error, meta.file, meta.line, 0,
                          fmt::format("rule {} cannot run: {}", meta.id, why), hint});
}

// Hyperscan refuses some expressions only when it compiles them, as too large.
bool Compiler::confirm_by_pcre(AtomId atom) {
  Atom& a = out_.atoms[atom];
  if (a.kind != AtomKind::regex) return false;
  if (a.expression.prefilter) {
    a = Atom{};  // always: the other half decides alone
    return true;
  }
  auto exact = make_pcre_atom(a);
  if (!exact) return false;
  a = std::move(*exact);
  for (std::uint32_t i = 0; i < atoms_of_.size(); ++i) {
    if (std::binary_search(atoms_of_[i].begin(), atoms_of_[i].end(), atom))
      out_.uses_pcre[i] = true;
  }
  return true;
}

void Compiler::refuse_users_of(AtomId atom, const std::string& why) {
  const Atom& a = out_.atoms[atom];
  const std::string text = a.is_literal() ? a.literal : a.expression.pattern;
  const std::string shown = escape_terminal(text.size() > 80 ? text.substr(0, 80) + "..." : text);
  for (std::uint32_t i = 0; i < atoms_of_.size(); ++i) {
    if (!std::binary_search(atoms_of_[i].begin(), atoms_of_[i].end(), atom)) continue;
    refuse(i, fmt::format("pattern '{}': {}", shown, why),
           "write the pattern shorter, or as several values");
  }
}

// Most refusals are found here, before any database is compiled.
void Compiler::object_early() {
  for (AtomId a = 0; a < out_.atoms.size(); ++a) {
    if (out_.atoms[a].kind != AtomKind::regex) continue;
    if (const auto why = cache_.objection(out_.atoms[a].expression)) refuse_users_of(a, *why);
  }
}

// Expected frequency by length, times the rules that wake up: a value many rules share is common in
// the world too.
std::optional<double> Compiler::cost_of(AtomId atom) const {
  const Atom& a = out_.atoms[atom];
  if (!a.is_text()) return std::nullopt;
  if (a.kind == AtomKind::regex) return 2000.0;
  constexpr double kAnywhere[] = {256, 256, 64, 16, 4, 4};
  constexpr double kAnchored[] = {64, 64, 24, 8, 2, 2};
  const std::size_t bytes = a.literal.size();
  const double weight = bytes >= 6                     ? 1
                        : a.kind == AtomKind::contains ? kAnywhere[bytes]
                                                       : kAnchored[bytes];
  return weight * (1 + uses_[atom]);
}

// Which atoms index each rule, and how each atom is to be answered. Besides the index, literals
// that a rule wants true are scanned (that costs nearly nothing); what only filters, and regexes
// outside the index, wait until somebody asks.
void Compiler::choose() {
  constexpr std::size_t kScannedBytesMin = 3;
  uses_.assign(out_.atoms.size(), 0);
  std::vector<AtomId> positive;
  for (const auto& tree : trees_) {
    positive.clear();
    if (tree) positive_atoms(*tree, positive);
    make_unique(positive);
    for (const AtomId a : positive) ++uses_[a];
  }
  out_.modes.assign(out_.atoms.size(), Mode::direct);
  for (AtomId a = 0; a < out_.atoms.size(); ++a) {
    const Atom& atom = out_.atoms[a];
    if (atom.kind == AtomKind::regex) out_.modes[a] = Mode::on_demand;
    if (atom.is_literal() && uses_[a] > 0 && atom.literal.size() >= kScannedBytesMin) {
      out_.modes[a] = Mode::scanned;
    }
  }
  choose_indexes();
  demand_of_field_.clear();
  std::vector<bool> in_use(out_.atoms.size());
  for (const auto& atoms : atoms_of_)
    for (const AtomId a : atoms) in_use[a] = true;
  for (AtomId a = 0; a < out_.atoms.size(); ++a)
    if (out_.modes[a] == Mode::on_demand && in_use[a])
      demand_of_field_[out_.atoms[a].field].push_back(a);
}

void Compiler::choose_indexes() {
  index_.assign(trees_.size(), std::nullopt);
  std::vector<AtomId> sufficient;
  for (std::uint32_t i = 0; i < trees_.size(); ++i) {
    if (!trees_[i]) continue;
    auto required = required_atoms(*trees_[i], [this](AtomId a) { return cost_of(a); });
    if (!required) continue;
    make_unique(required->atoms);
    sufficient.clear();
    sufficient_atoms(*trees_[i], sufficient);
    make_unique(sufficient);
    auto& wakers = index_[i].emplace();
    for (const AtomId a : required->atoms) {
      out_.modes[a] = Mode::scanned;
      wakers.push_back({a, std::binary_search(sufficient.begin(), sufficient.end(), a)});
    }
  }
}

void Compiler::form_classes() {
  out_.classes.clear();
  out_.class_of_route.clear();
  std::map<std::vector<std::uint32_t>, std::uint16_t> class_of_rules;
  for (std::size_t route = 0; route < routes_.size(); ++route) {
    std::vector<std::uint32_t> rules;
    for (std::uint32_t i = 0; i < trees_.size(); ++i) {
      const auto& logsource = out_.rules->rules[i].logsource;
      if (trees_[i] && routes_.applies(static_cast<event::RouteId>(route), logsource)) {
        rules.push_back(i);
      }
    }
    const auto [it, is_new] =
        class_of_rules.try_emplace(rules, static_cast<std::uint16_t>(out_.classes.size()));
    if (is_new) out_.classes.emplace_back().rules = std::move(rules);
    out_.class_of_route.push_back(it->second);
  }
}

void Compiler::form_columns() {
  columns_.assign(out_.classes.size(), {});
  std::map<event::FieldId, std::vector<std::vector<AtomId>*>> literals_of_field;
  for (std::size_t i = 0; i < out_.classes.size(); ++i) {
    std::vector<bool> asked(out_.atoms.size());
    for (const std::uint32_t rule : out_.classes[i].rules)
      for (const AtomId a : atoms_of_[rule]) asked[a] = true;
    for (AtomId a = 0; a < out_.atoms.size(); ++a) {
      if (!asked[a] || out_.modes[a] == Mode::direct) continue;
      ColumnAtoms& column = columns_[i][out_.atoms[a].field];
      if (out_.modes[a] != Mode::scanned) continue;
      (out_.atoms[a].is_literal() ? column.literals : column.eager).push_back(a);
    }
    for (auto& [field, column] : columns_[i]) literals_of_field[field].push_back(&column.literals);
  }
  for (const auto& [field, sets] : literals_of_field) share_alike(sets);
}

// False: some rules were refused, so that the classes are to be formed again.
bool Compiler::build_databases() {
  for (std::size_t i = 0; i < out_.classes.size(); ++i)
    if (!build_class(out_.classes[i], columns_[i])) return false;
  return true;
}

bool Compiler::build_class(Class& c, const std::map<event::FieldId, ColumnAtoms>& columns) {
  c.column_of_field.assign(names_.size(), kNoColumn);
  for (const auto& [field, atoms] : columns) {
    const auto index = static_cast<std::uint16_t>(c.columns.size());
    (field == event::kNoField ? c.keyword_column : c.column_of_field[field]) = index;
    Column& column = c.columns.emplace_back();
    column.field = field;
    if (!build_column(c, column, atoms)) return false;
  }
  index_class(c);
  return true;
}

bool Compiler::build_column(Class& c, Column& column, const ColumnAtoms& atoms) {
  const std::vector<AtomId>& literals = atoms.literals;
  column.first_literal = static_cast<std::uint32_t>(c.atoms.size());
  c.atoms.insert(c.atoms.end(), literals.begin(), literals.end());
  for (const AtomId a : literals) {
    const Atom& atom = out_.atoms[a];
    Shape shape;
    shape.at_start = atom.kind == AtomKind::equals || atom.kind == AtomKind::startswith;
    shape.at_end = atom.kind == AtomKind::equals || atom.kind == AtomKind::endswith;
    shape.bytes = static_cast<std::uint32_t>(atom.literal.size() + (shape.at_start ? 1 : 0) +
                                             (shape.at_end ? 1 : 0));
    column.contains_only = column.contains_only && atom.kind == AtomKind::contains;
    column.shapes.push_back(shape);
  }
  column.literals = database(literals, true);
  if (!literals.empty() && !column.literals) return false;
  for (const View view : {View::narrow, View::wide}) {
    RegexSet set = regex_set(atoms.eager, view);
    if (!set.atoms.empty()) {
      if (!set.database) return false;
      const auto first = static_cast<std::uint32_t>(c.atoms.size());
      c.atoms.insert(c.atoms.end(), set.atoms.begin(), set.atoms.end());
      column.eager.push_back({std::move(set), first});
    }
    // One set a field for all classes: asked rarely, so that compiling it once matters more than
    // scanning for a few patterns that this class has no use for.
    set = regex_set(demand_of_field_[column.field], view);
    if (!set.atoms.empty()) {
      if (!set.database) return false;
      column.demand.push_back(std::move(set));
    }
  }
  return true;
}

// Those of `atoms` that see this view. Without a database though there are some: rules were
// refused.
RegexSet Compiler::regex_set(const std::vector<AtomId>& atoms, View view) {
  RegexSet out;
  out.view = view;
  for (const AtomId a : atoms) {
    if (out_.atoms[a].expression.utf8 == (view == View::wide)) out.atoms.push_back(a);
  }
  out.database = database(out.atoms, false);
  return out;
}

// A counting sort: classes are many, and most rules are in several.
void Compiler::index_class(Class& c) {
  own_number_.resize(out_.atoms.size());
  for (std::uint32_t i = 0; i < c.atoms.size(); ++i) own_number_[c.atoms[i]] = i;
  c.entry_begin.assign(c.atoms.size() + 1, 0);
  for (const std::uint32_t rule : c.rules) {
    if (!index_[rule]) {
      c.always.push_back(rule);
      continue;
    }
    for (const Waker& w : *index_[rule]) {
      check(c.atoms[own_number_[w.atom]] == w.atom, "a class scans for what wakes its rules");
      ++c.entry_begin[own_number_[w.atom] + 1];
    }
  }
  std::partial_sum(c.entry_begin.begin(), c.entry_begin.end(), c.entry_begin.begin());
  c.entries.resize(c.entry_begin.back());
  auto next = c.entry_begin;
  for (const std::uint32_t rule : c.rules)
    if (index_[rule])
      for (const Waker& w : *index_[rule]) c.entries[next[own_number_[w.atom]]++] = {rule, w.sure};
}

// Null when there is nothing to compile, or when patterns were refused.
scan::SharedDatabase Compiler::database(const std::vector<AtomId>& atoms, bool literals) {
  if (atoms.empty()) return nullptr;
  const auto [it, is_new] = databases_.try_emplace({literals, atoms});
  if (!is_new) return it->second;
  auto compiled = compile(atoms, literals);
  if (!compiled) {
    const scan::CompileError& error = compiled.error();
    if (error.pattern) {
      const AtomId atom = atoms[*error.pattern];
      if (!confirm_by_pcre(atom)) refuse_users_of(atom, error.message);
    } else {
      for (const AtomId a : atoms) refuse_users_of(a, error.message);
    }
    databases_.erase(it);
    return nullptr;
  }
  it->second = std::move(*compiled);
  const auto fitted = out_.scratch.fit(*it->second);
  check(fitted.has_value(), "memory for pattern scans");
  return it->second;
}

scan::Compiled<scan::SharedDatabase> Compiler::compile(const std::vector<AtomId>& atoms,
                                                       bool literals) {
  if (!literals) {
    std::vector<scan::Expression> expressions;
    for (const AtomId a : atoms) expressions.push_back(out_.atoms[a].expression);
    return cache_.expressions(expressions);
  }
  std::vector<std::string> texts;
  std::vector<scan::Literal> patterns;
  texts.reserve(atoms.size());
  for (const AtomId a : atoms) {
    const Atom& atom = out_.atoms[a];
    std::string& text = texts.emplace_back();
    if (atom.kind == AtomKind::equals || atom.kind == AtomKind::startswith) text += '\n';
    text += atom.literal;
    if (atom.kind == AtomKind::equals || atom.kind == AtomKind::endswith) text += '\n';
    patterns.push_back({text, atom.caseless});
  }
  return cache_.literals(patterns);
}

void Compiler::lay_out_nodes() {
  for (std::uint32_t i = 0; i < trees_.size(); ++i) {
    const auto root = [this] { return static_cast<std::uint32_t>(out_.nodes.size()); };
    const auto cheap = [this](AtomId a) { return out_.modes[a] == Mode::scanned; };
    out_.roots.push_back(trees_[i] ? root() : kNoRoot);
    out_.filter_begin.push_back(static_cast<std::uint32_t>(out_.filters.size()));
    if (!trees_[i]) continue;
    flatten(*trees_[i], cheap, out_.nodes);
    for (std::size_t f = 0; f < filter_trees_[i].size(); ++f) {
      const std::uint32_t index = out_.rules->rules[i].filters[f];
      out_.filters.push_back(
          {index, root(), out_.rules->filters[index].expires.value_or(kTimeMax)});
      flatten(filter_trees_[i][f], cheap, out_.nodes);
    }
    for (const AtomId a : atoms_of_[i]) {
      if (out_.atoms[a].field == event::kNoField) out_.wants_keywords = true;
    }
  }
  out_.filter_begin.push_back(static_cast<std::uint32_t>(out_.filters.size()));
}

}  // namespace

const Code& code_of(const Program& program) { return program.impl_->code; }

Program::Program() : impl_(std::make_unique<Impl>()) {}
Program::~Program() = default;

std::shared_ptr<const Program> Program::compile(std::shared_ptr<const rule::RuleSet> rules,
                                                event::FieldNames& names,
                                                const event::Routes& routes,
                                                Diagnostics& diagnostics, scan::Cache* cache) {
  const std::shared_ptr<Program> program(new Program());
  program->impl_->code.rules = std::move(rules);
  scan::Cache none;
  Compiler(program->impl_->code, names, routes, cache != nullptr ? *cache : none, diagnostics)
      .run();
  program->impl_->code.field_count = names.size();
  return program;
}

const rule::RuleSet& Program::rules() const { return *impl_->code.rules; }

bool Program::runs(std::uint32_t rule) const { return impl_->code.roots.at(rule) != kNoRoot; }

bool Program::wants_keywords() const { return impl_->code.wants_keywords; }

bool Program::uses_pcre(std::uint32_t rule) const { return impl_->code.uses_pcre.at(rule); }

}  // namespace vakt::match
