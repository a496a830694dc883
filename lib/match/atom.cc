#include "match/atom.h"

#include <emmintrin.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"
#include "match/case_fold.h"
#include "match/regex_view.h"

namespace vakt::match {
namespace {

using Kind = rule::Token::Kind;

bool is_literal_token(const rule::Token& t) { return t.kind == Kind::literal; }

// Neighbouring literals joined, runs of `*` made one, and `*` at both ends of a keyword.
std::vector<rule::Token> normalised(const rule::Test& test) {
  std::vector<rule::Token> in = test.tokens;
  if (test.field.empty()) {
    in.insert(in.begin(), {Kind::any, {}});
    in.push_back({Kind::any, {}});
  }
  std::vector<rule::Token> out;
  for (rule::Token& t : in) {
    if (!out.empty() && out.back().kind == t.kind && t.kind != Kind::one) {
      out.back().text += t.text;
    } else if (!is_literal_token(t) || !t.text.empty()) {
      out.push_back(std::move(t));
    }
  }
  return out;
}

// A byte comparison gives the right answer: not when letters beyond ASCII are compared without
// case, nor for what sanitising may put into a value or take out of it.
bool fits_bytes(std::string_view text, bool cased) {
  if (text.find('\0') != std::string_view::npos) return false;
  if (text.find("\xEF\xBF\xBD") != std::string_view::npos) return false;
  if (cased || is_ascii(text)) return true;
  const std::u32string letters = decode_utf8(text);
  return std::all_of(letters.begin(), letters.end(),
                     [](char32_t c) { return c < 0x80 || case_variants(c).size() == 1; });
}

bool has_ascii_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

// One character for Hyperscan and PCRE alike, in every case unless cased.
void append_letter(std::string& out, char32_t c, bool cased) {
  const std::vector<char32_t> variants = cased ? std::vector<char32_t>{c} : case_variants(c);
  const auto append_one = [&](char32_t letter) {
    // U+212A and U+017F are seen by regexes as their stand-ins (regex_view.h).
    if (letter == 0x212A) letter = 0xFDD0;
    if (letter == 0x017F) letter = 0xFDD1;
    const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                       (letter >= 'A' && letter <= 'Z');
    if (plain) {
      out += static_cast<char>(letter);
    } else if (letter < 0x80) {
      out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(letter));
    } else {
      out += fmt::format("\\x{{{:x}}}", static_cast<std::uint32_t>(letter));
    }
  };
  if (variants.size() > 1) out += '[';
  for (const char32_t v : variants) append_one(v);
  if (variants.size() > 1) out += ']';
}

scan::Expression wildcard_expression(const std::vector<rule::Token>& tokens, bool cased) {
  scan::Expression out;
  out.dot_all = true;
  const bool open_start = tokens.front().kind == Kind::any;
  const bool open_end = tokens.back().kind == Kind::any;
  if (!open_start) out.pattern += "\\A";
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const rule::Token& t = tokens[i];
    if (t.kind == Kind::one) {
      out.pattern += '.';
    } else if (t.kind == Kind::literal) {
      for (const char32_t c : decode_utf8(t.text)) append_letter(out.pattern, c, cased);
    } else if (i > 0 && i + 1 < tokens.size()) {
      out.pattern += ".*";
    }
  }
  if (!open_end) out.pattern += "\\z";
  out.utf8 = view_for(out.pattern) == View::wide;
  return out;
}

// The literal kinds by the shape of the pattern; nullopt: it needs a regex.
std::optional<AtomKind> literal_kind(const std::vector<rule::Token>& t) {
  const auto shape = [&](std::initializer_list<Kind> kinds) {
    return std::equal(t.begin(), t.end(), kinds.begin(), kinds.end(),
                      [](const rule::Token& token, Kind kind) { return token.kind == kind; });
  };
  if (t.empty() || shape({Kind::literal})) return AtomKind::equals;
  if (shape({Kind::literal, Kind::any})) return AtomKind::startswith;
  if (shape({Kind::any, Kind::literal})) return AtomKind::endswith;
  if (shape({Kind::any, Kind::literal, Kind::any})) return AtomKind::contains;
  return std::nullopt;
}

Atom text_atom(const rule::Test& test, event::FieldId field) {
  Atom out;
  out.field = field;
  const std::vector<rule::Token> tokens = normalised(test);
  if (tokens.size() == 1 && tokens[0].kind == Kind::any) {
    // A lone `*` asks for the field alone; a record always has text.
    out.kind = field == event::kNoField ? AtomKind::always : AtomKind::exists;
    return out;
  }
  const auto kind = literal_kind(tokens);
  const auto it = std::find_if(tokens.begin(), tokens.end(), is_literal_token);
  const std::string text = it == tokens.end() ? std::string() : it->text;
  if (!kind || !fits_bytes(text, test.cased)) {
    out.kind = AtomKind::regex;
    out.expression = wildcard_expression(tokens, test.cased);
    return out;
  }
  out.kind = *kind;
  out.caseless = !test.cased && has_ascii_letter(text);
  out.literal = out.caseless ? to_lower(text) : text;
  return out;
}

bool equal_caseless(std::string_view lower, const char* value) {
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = value[i];
    const char l = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (l != lower[i]) return false;
  }
  return true;
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// By the first and the last byte, sixteen places at a time: values of some kilobytes are searched
// for each of a rule's filters.
bool contains_caseless(std::string_view lower, std::string_view value) {
  if (value.size() < lower.size()) return false;
  const std::size_t to_last = lower.size() - 1;
  const char* p = value.data();
  const char* const end = value.data() + (value.size() - to_last);  // behind the last place
  // A letter's two cases differ in this bit, and share it with nothing else.
  const __m128i first_bit = _mm_set1_epi8(is_lower(lower.front()) ? 0x20 : 0);
  const __m128i last_bit = _mm_set1_epi8(is_lower(lower.back()) ? 0x20 : 0);
  const __m128i first = _mm_set1_epi8(lower.front());
  const __m128i last = _mm_set1_epi8(lower.back());
  const auto equal = [](const char* at, __m128i bit, __m128i wanted) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm_cmpeq_epi8(_mm_or_si128(bytes, bit), wanted);
  };
  for (; end - p >= 16; p += 16) {
    const __m128i both =
        _mm_and_si128(equal(p, first_bit, first), equal(p + to_last, last_bit, last));
    for (auto places = static_cast<unsigned>(_mm_movemask_epi8(both)); places != 0;
         places &= places - 1) {
      if (equal_caseless(lower, p + std::countr_zero(places))) return true;
    }
  }
  for (; p < end; ++p) {
    if (equal_caseless(lower, p)) return true;
  }
  return false;
}

template <class Text>
bool related(const Text& value, rule::Op op, const Text& other) {
  if (value.size() < other.size()) return false;
  switch (op) {
    case rule::Op::startswith:
      return value.substr(0, other.size()) == other;
    case rule::Op::endswith:
      return value.substr(value.size() - other.size()) == other;
    case rule::Op::contains:
      return value.find(other) != Text::npos;
    case rule::Op::equals:
    case rule::Op::gt:
    case rule::Op::gte:
    case rule::Op::lt:
    case rule::Op::lte:
      break;
  }
  return value == other;
}

// The characters, folded unless cased; invalid UTF-8 is read as U+FFFD.
std::u32string letters_of(std::string_view text, bool caseless) {
  std::string valid(text);
  if (!is_valid_utf8(text)) {
    valid.clear();
    append_sanitised(valid, text);
  }
  std::u32string out = decode_utf8(valid);
  if (caseless)
    for (char32_t& c : out) c = fold(c);
  return out;
}

}  // namespace

std::string Atom::key() const {
  std::string out;
  ByteWriter w(out);
  w.u8(static_cast<std::uint8_t>(kind));
  w.be16(field);
  w.u8(static_cast<std::uint8_t>(caseless));
  w.bytes(literal);
  w.bytes(expression.pattern);
  w.u8(static_cast<std::uint8_t>((expression.caseless ? 1 : 0) | (expression.multiline ? 2 : 0) |
                                 (expression.dot_all ? 4 : 0) | (expression.utf8 ? 8 : 0)));
  for (const std::uint8_t byte : network.address.bytes) w.u8(byte);
  w.u8(static_cast<std::uint8_t>(network.address.v6));
  w.varint(network.prefix_bits);
  w.u8(static_cast<std::uint8_t>(op));
  w.u8(static_cast<std::uint8_t>(part));
  w.bytes(number.text);
  w.be16(other);
  w.u8(static_cast<std::uint8_t>(expression.prefilter));
  return out;
}

Result<Atom> make_atom(const rule::Test& test, event::FieldId field, event::FieldId other) {
  Atom out;
  out.field = field;
  switch (test.kind) {
    case rule::Test::Kind::text:
      return text_atom(test, field);
    case rule::Test::Kind::regex:
      out.kind = AtomKind::regex;
      out.expression.pattern = with_stand_ins(test.pattern);
      out.expression.utf8 = view_for(out.expression.pattern) == View::wide;
      out.expression.caseless = test.regex_i;
      out.expression.multiline = test.regex_m;
      out.expression.dot_all = test.regex_s;
      return out;
    case rule::Test::Kind::cidr: {
      const auto network = parse_network(test.pattern);
      if (!network) {
        return fail(Errc::invalid, fmt::format("'{}' is not an IP network such as 10.0.0.0/8",
                                               escape_terminal(test.pattern)));
      }
      out.kind = AtomKind::cidr;
      out.network = *network;
      break;
    }
    case rule::Test::Kind::null:
      out.kind = AtomKind::null;
      break;
    case rule::Test::Kind::exists:
      out.kind = test.expected ? AtomKind::exists : AtomKind::missing;
      break;
    case rule::Test::Kind::number:
    case rule::Test::Kind::part: {
      const auto number = parse_number(test.pattern);
      if (!number) return fail(Errc::invalid, "'" + test.pattern + "' is no number");
      out.kind = test.kind == rule::Test::Kind::part ? AtomKind::part : AtomKind::number;
      out.number = *number;
      out.number.text = test.pattern;
      out.op = test.op;
      out.part = test.part;
      break;
    }
    case rule::Test::Kind::field:
      out.kind = AtomKind::field;
      out.op = test.op;
      out.other = other;
      out.caseless = !test.cased;
      break;
  }
  if (field == event::kNoField) {
    return fail(Errc::invalid, "only texts and regular expressions are searched without a field");
  }
  return out;
}

Result<Atom> make_pcre_atom(const Atom& regex) {
  auto code = PcreCode::compile(regex.expression);
  if (!code) return tl::make_unexpected(code.error());
  Atom out = regex;
  out.kind = AtomKind::pcre;
  out.code = std::move(*code);
  return out;
}

// Two fields of one event are rarely compared, so this may allocate.
bool texts_related(const Atom& atom, std::string_view value, std::string_view other) {
  if (!is_ascii(value) || !is_ascii(other))
    return related(letters_of(value, atom.caseless), atom.op, letters_of(other, atom.caseless));
  if (!atom.caseless) return related(value, atom.op, other);
  return related(to_lower(value), atom.op, to_lower(other));
}

bool literal_matches(const Atom& atom, std::string_view value) {
  const std::string_view x = atom.literal;
  if (value.size() < x.size()) return false;
  const auto same = [&](const char* at) {
    if (x.empty()) return true;
    return atom.caseless ? equal_caseless(x, at) : std::memcmp(at, x.data(), x.size()) == 0;
  };
  switch (atom.kind) {
    case AtomKind::equals:
      return value.size() == x.size() && same(value.data());
    case AtomKind::startswith:
      return same(value.data());
    case AtomKind::endswith:
      return same(value.data() + (value.size() - x.size()));
    case AtomKind::contains:
      return atom.caseless ? contains_caseless(x, value) : value.find(x) != std::string_view::npos;
    case AtomKind::always:
    case AtomKind::regex:
    case AtomKind::cidr:
    case AtomKind::null:
    case AtomKind::exists:
    case AtomKind::missing:
    case AtomKind::number:
    case AtomKind::part:
    case AtomKind::field:
    case AtomKind::pcre:
      break;
  }
  check(false, "a literal atom");
  return false;
}

}  // namespace vakt::match
