// Atom: a rule's test, classified by how it is answered. Equal tests make equal atoms, whatever
// rule they come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/field_names.h"
#include "match/cidr.h"
#include "rule/rule.h"
#include "scan/database.h"

namespace vakt::match {

enum class AtomKind : std::uint8_t {
  always,      // true for every event
  equals,      // a value equals `literal` (may be empty)
  startswith,  // `literal` is not empty here and in the two below
  endswith,
  contains,
  regex,
  cidr,
  null,
  exists,
  missing,
};

struct Atom {
  AtomKind kind = AtomKind::always;
  event::FieldId field = event::kNoField;  // kNoField: keyword, searched in the whole record
  bool caseless = false;                   // of a literal; its letters are then lower case
  std::string literal;
  scan::Expression expression;
  Network network;

  bool is_literal() const { return kind >= AtomKind::equals && kind <= AtomKind::contains; }
  bool is_text() const { return is_literal() || kind == AtomKind::regex; }
  // Equal atoms have equal keys.
  std::string key() const;
};

// Classifies the test. On failure the message says what the rule's author can do.
Result<Atom> make_atom(const rule::Test& test, event::FieldId field);

// Does a literal atom hold for this value?
bool literal_matches(const Atom& atom, std::string_view value);

}  // namespace vakt::match
