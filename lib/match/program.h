// What a rule set compiles to; see match/matcher.h. Private to this folder and its benchmarks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "match/atom.h"
#include "match/condition.h"
#include "match/matcher.h"
#include "match/regex_view.h"
#include "scan/scratch.h"

namespace vakt::match {

// How the truth of an atom becomes known.
enum class Mode : std::uint8_t {
  scanned,    // a hit in a database that sees every value of its field; no hit: false
  on_demand,  // a regex, scanned for one event when a candidate rule asks
  direct,     // computed from the event's fields when a candidate rule asks
};

// A literal as it stands in its database: '\n' before and behind where the value's ends matter.
struct Shape {
  std::uint32_t bytes = 0;  // with the separators
  bool at_start = false;
  bool at_end = false;
};

// Regexes that see the same view of a value. Pattern `id` is atoms[id].
struct RegexSet {
  View view = View::narrow;
  std::vector<AtomId> atoms;
  std::shared_ptr<const scan::Database> database;
};

// A field of a class, or the whole record (field kNoField). Pattern `id` of the literal database is
// the class's atom first_literal + id, that of an eager set its
// first_atom + id.
struct Column {
  struct Eager {
    RegexSet set;
    std::uint32_t first_atom = 0;
  };

  event::FieldId field = event::kNoField;
  std::shared_ptr<const scan::Database> literals;  // null: none
  std::vector<Shape> shapes;
  bool contains_only = true;
  std::uint32_t first_literal = 0;
  std::vector<Eager> eager;      // scanned for every value
  std::vector<RegexSet> demand;  // scanned when asked
};

struct Entry {
  std::uint32_t rule = 0;
  bool sure = false;  // the atom alone makes the rule true
};

inline constexpr std::uint16_t kNoColumn = 0xFFFF;

// The routes to which the same rules apply.
struct Class {
  std::vector<std::uint32_t> rules;
  std::vector<Column> columns;
  std::vector<std::uint16_t> column_of_field;  // by FieldId
  std::uint16_t keyword_column = kNoColumn;
  std::vector<AtomId> atoms;               // scanned ones, by the class's own numbers
  std::vector<std::uint32_t> entry_begin;  // by the class's atom numbers; one more at the end
  std::vector<Entry> entries;
  std::vector<std::uint32_t> always;  // rules to evaluate for every event

  std::uint16_t column_of(event::FieldId field) const {
    if (field == event::kNoField) return keyword_column;
    return field < column_of_field.size() ? column_of_field[field] : kNoColumn;
  }
};

// A filter as one rule has it.
struct FilterCode {
  std::uint32_t index = 0;  // into RuleSet::filters
  std::uint32_t root = 0;
  Time expires = kTimeMax;
};

inline constexpr std::uint32_t kNoRoot = 0xFFFFFFFF;

struct Code {
  std::shared_ptr<const rule::RuleSet> rules;
  std::vector<Atom> atoms;
  std::vector<Mode> modes;                  // by AtomId
  std::vector<Node> nodes;                  // of all rules
  std::vector<std::uint32_t> roots;         // by rule; kNoRoot: refused
  std::vector<bool> uses_pcre;              // by rule
  std::vector<FilterCode> filters;          // of all rules, a rule's together
  std::vector<std::uint32_t> filter_begin;  // by rule; one more at the end
  std::vector<Class> classes;
  std::vector<std::uint16_t> class_of_route;
  scan::Scratch scratch;        // fits every database; cloned by matchers
  std::size_t field_count = 0;  // of FieldNames
  bool wants_keywords = false;
};

struct Program::Impl {
  Code code;
};

const Code& code_of(const Program& program);

}  // namespace vakt::match
