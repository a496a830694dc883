// Atom: a rule's test, classified by how it is answered. Equal tests make equal atoms, whatever
// rule they come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "event/field_names.h"
#include "match/cidr.h"
#include "match/number.h"
#include "match/pcre.h"
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
  number,  // a value compared with `number`
  part,    // a part of a time compared with `number`
  field,   // a value compared with one of the field `other`
  pcre,    // a regex outside Hyperscan's reach, searched by `code`
};

struct Atom {
  AtomKind kind = AtomKind::always;
  event::FieldId field = event::kNoField;  // kNoField: keyword, searched in the whole record
  bool caseless = false;                   // of a literal; its letters are then lower case
  std::string literal;
  scan::Expression expression;
  Network network;
  rule::Op op = rule::Op::equals;
  rule::TimePart part = rule::TimePart::minute;
  Number number;
  event::FieldId other = event::kNoField;
  std::shared_ptr<const PcreCode> code;

  bool is_literal() const { return kind >= AtomKind::equals && kind <= AtomKind::contains; }
  bool is_text() const { return is_literal() || kind == AtomKind::regex; }
  // Equal atoms have equal keys.
  std::string key() const;
};

// Classifies the test; `other` is the field that a comparison of fields names. On failure the
// message says what the rule's author can do.
Result<Atom> make_atom(const rule::Test& test, event::FieldId field,
                       event::FieldId other = event::kNoField);

// A regex as its confirmed form: `regex` searched by PCRE2. The reason when PCRE2 refuses it too.
Result<Atom> make_pcre_atom(const Atom& regex);

// Does a literal atom hold for this value?
bool literal_matches(const Atom& atom, std::string_view value);

// Does a value of one field relate to one of another as a `field` atom says? Both valid UTF-8.
bool texts_related(const Atom& atom, std::string_view value, std::string_view other);

}  // namespace vakt::match
