#include "rule/modifiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rule/encode.h"
#include "rule/expr.h"
#include "rule/value.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

// Modifiers of different groups exclude each other, but for what compatible() names.
enum class Group { position, encoding, placeholder, regex, network, presence, field, order, part };

struct Known {
  std::string_view name;
  Modifier modifier;
  Group group;
};

using M = Modifier;
constexpr std::array<Known, 25> kKnown{{{"contains", M::contains, Group::position},
                                        {"startswith", M::startswith, Group::position},
                                        {"endswith", M::endswith, Group::position},
                                        {"windash", M::windash, Group::encoding},
                                        {"wide", M::wide, Group::encoding},
                                        {"utf16le", M::wide, Group::encoding},
                                        {"utf16", M::utf16, Group::encoding},
                                        {"utf16be", M::utf16be, Group::encoding},
                                        {"base64", M::base64, Group::encoding},
                                        {"base64offset", M::base64offset, Group::encoding},
                                        {"expand", M::expand, Group::placeholder},
                                        {"re", M::re, Group::regex},
                                        {"cidr", M::cidr, Group::network},
                                        {"exists", M::exists, Group::presence},
                                        {"fieldref", M::fieldref, Group::field},
                                        {"gt", M::gt, Group::order},
                                        {"gte", M::gte, Group::order},
                                        {"lt", M::lt, Group::order},
                                        {"lte", M::lte, Group::order},
                                        {"minute", M::minute, Group::part},
                                        {"hour", M::hour, Group::part},
                                        {"day", M::day, Group::part},
                                        {"week", M::week, Group::part},
                                        {"month", M::month, Group::part},
                                        {"year", M::year, Group::part}}};

const Known& known(Modifier m) {
  return *std::find_if(kKnown.begin(), kKnown.end(),
                       [&](const Known& k) { return k.modifier == m; });
}

std::optional<Modifier> first_of(const FieldKey& key, Group group) {
  for (const Modifier m : key.chain)
    if (known(m).group == group) return m;
  return std::nullopt;
}

bool is_base64(Modifier m) { return m == M::base64 || m == M::base64offset; }

// May `next` follow `before`?
bool compatible(Modifier before, Modifier next) {
  const Group a = known(before).group;
  const Group b = known(next).group;
  const auto text = [](Group g) {
    return g == Group::position || g == Group::encoding || g == Group::placeholder;
  };
  if (a == Group::position && is_base64(next)) return false;  // a wildcard has no base64
  if (text(a) && text(b)) return a != Group::position || b != Group::position;
  if (a == Group::field && b == Group::position) return true;
  return a == Group::part && b == Group::order;
}

std::string_view contradiction_hint(Modifier before, Modifier next) {
  if (compatible(next, before)) return "write them the other way round";
  return "keep one of them";
}

bool append(Modifier next, Place at, FieldKey& out, Reporter& reporter) {
  const bool repeatable = known(next).group == Group::encoding;
  for (const Modifier before : out.chain) {
    if (before == next && !repeatable) return true;
    if (before == next || compatible(before, next)) continue;
    reporter.error(at,
                   fmt::format("the modifiers '{}' and '{}' contradict each other",
                               known(before).name, known(next).name),
                   std::string(contradiction_hint(before, next)));
    return false;
  }
  out.chain.push_back(next);
  return true;
}

bool apply_regex_flag(std::string_view name, bool& flag, const FieldKey& key, Place at,
                      Reporter& reporter) {
  if (!key.has(M::re)) {
    reporter.error(at, fmt::format("the modifier '{}' needs 're' before it", name));
    return false;
  }
  flag = true;
  return true;
}

bool apply(std::string_view name, Place at, FieldKey& out, Reporter& reporter) {
  for (const Known& k : kKnown)
    if (name == k.name) return append(k.modifier, at, out, reporter);
  if (name == "all") return out.all = true;
  if (name == "cased") return out.cased = true;
  if (name == "neq") return out.negated = true;
  if (name == "i" || name == "ignorecase")
    return apply_regex_flag(name, out.regex_i, out, at, reporter);
  if (name == "m" || name == "multiline")
    return apply_regex_flag(name, out.regex_m, out, at, reporter);
  if (name == "s" || name == "dotall")
    return apply_regex_flag(name, out.regex_s, out, at, reporter);
  std::vector<std::string_view> names = {"all", "cased", "neq", "i", "m", "s"};
  for (const Known& k : kKnown) names.push_back(k.name);
  reporter.error(at, fmt::format("unknown modifier '{}'", name), yaml::did_you_mean(name, names));
  return false;
}

// The modifier that makes something else of a value than a text to compare.
std::optional<Modifier> kind_of(const FieldKey& key) {
  for (const Group g :
       {Group::regex, Group::network, Group::presence, Group::field, Group::part, Group::order})
    if (const auto m = first_of(key, g)) return m;
  return std::nullopt;
}

bool check_combination(const FieldKey& key, Place at, Reporter& reporter) {
  const auto kind = kind_of(key);
  if (key.cased && kind && *kind != M::fieldref) {
    reporter.error(
        at, fmt::format("the modifiers '{}' and 'cased' contradict each other", known(*kind).name),
        *kind == M::re ? "a regular expression is case-sensitive without 'i'"
                       : "leave 'cased' out");
    return false;
  }
  if (key.has(M::exists) && (key.all || key.negated)) {
    reporter.error(at,
                   fmt::format("the modifiers 'exists' and '{}' contradict each other",
                               key.all ? "all" : "neq"),
                   "'exists' takes one true or false");
    return false;
  }
  if (!key.field.empty()) return true;
  for (const Modifier m : key.chain) {
    const Group g = known(m).group;
    if (m == M::contains || g == Group::encoding || g == Group::placeholder || g == Group::regex)
      continue;
    reporter.error(at, fmt::format("the modifier '{}' needs a field", known(m).name),
                   "keywords are searched in the whole event");
    return false;
  }
  return true;
}

Expr test_expr(Test test) {
  Expr out;
  out.kind = Expr::Kind::test;
  out.test = std::move(test);
  return out;
}

Test test_of(Test::Kind kind, const FieldKey& key) {
  Test out;
  out.kind = kind;
  out.field = key.field;
  return out;
}

bool has_wildcard(const Tokens& tokens) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [](const Token& t) { return t.kind != Token::Kind::literal; });
}

std::string literal_of(const Tokens& tokens) {
  std::string out;
  for (const Token& t : tokens) out += t.text;
  return out;
}

Tokens literal(std::string text) {
  Tokens out;
  append_token(out, {Token::Kind::literal, std::move(text)});
  return out;
}

void encode_utf16(Tokens& tokens, Modifier how) {
  bool first = true;
  for (Token& token : tokens) {
    if (token.kind != Token::Kind::literal) continue;
    token.text = utf16_bytes(token.text, how == M::utf16be);
    if (how == M::utf16 && first) token.text.insert(0, "\xFF\xFE");
    first = false;
  }
}

void wrap(Tokens& tokens, Modifier position) {
  Tokens out;
  const Token any{Token::Kind::any, {}};
  if (position != M::startswith) append_token(out, any);
  for (Token& token : tokens) append_token(out, std::move(token));
  if (position != M::endswith) append_token(out, any);
  tokens = std::move(out);
}

// Puts the lists' values in the place of %name%; the values are texts without wildcards.
bool expand(std::vector<Tokens>& texts, const Placeholders& placeholders, const yaml::Node& value,
            Reporter& reporter) {
  std::vector<Tokens> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    bool found = false;
    for (std::size_t t = 0; t < texts[i].size() && !found; ++t) {
      const std::string text = texts[i][t].text;
      const std::size_t begin = text.find('%');
      const std::size_t end = begin == std::string::npos ? begin : text.find('%', begin + 1);
      if (end == std::string::npos) continue;
      const std::string name = text.substr(begin + 1, end - begin - 1);
      const auto list = placeholders.find(name);
      if (list == placeholders.end() || list->second.empty()) {
        reporter.error(place(value), "the placeholder %" + name + "% has no values",
                       "list them in the configuration: placeholders: {" + name + ": [...]}");
        return false;
      }
      found = true;
      for (const std::string& one : list->second) {
        if (texts.size() + out.size() > kSpellingsMax) break;
        Tokens whole;
        for (std::size_t k = 0; k < texts[i].size(); ++k) {
          Token token = texts[i][k];
          if (k == t) token.text = text.substr(0, begin) + one + text.substr(end + 1);
          append_token(whole, std::move(token));
        }
        texts.push_back(std::move(whole));
      }
    }
    if (!found) out.push_back(texts[i]);
  }
  if (texts.size() > kSpellingsMax) {
    reporter.error(place(value),
                   fmt::format("placeholders give more than {} values", kSpellingsMax));
    return false;
  }
  texts = std::move(out);
  return true;
}

bool spell_dashes(std::vector<Tokens>& texts, const yaml::Node& value, Reporter& reporter) {
  std::vector<Tokens> out;
  for (const Tokens& text : texts) {
    auto spellings = windash(text);
    if (!spellings || out.size() + spellings->size() > kSpellingsMax) {
      reporter.error(place(value),
                     fmt::format("'windash' gives more than {} spellings", kSpellingsMax),
                     "split the value");
      return false;
    }
    out.insert(out.end(), spellings->begin(), spellings->end());
  }
  texts = std::move(out);
  return true;
}

bool encode_base64(std::vector<Tokens>& texts, bool offsets, const yaml::Node& value,
                   Reporter& reporter) {
  std::vector<Tokens> out;
  for (const Tokens& text : texts) {
    if (has_wildcard(text)) {
      reporter.error(place(value), "a wildcard cannot be encoded as base64",
                     "escape it (\\*) if the character is meant");
      return false;
    }
    const std::string bytes = literal_of(text);
    if (!offsets) out.push_back(literal(base64(bytes)));
    if (offsets)
      for (std::string& part : base64_offsets(bytes)) out.push_back(literal(std::move(part)));
  }
  texts = std::move(out);
  return true;
}

// All texts that the modifiers make of one, in the order in which they are written.
std::optional<std::vector<Tokens>> texts_of(const FieldKey& key, Tokens tokens,
                                            const yaml::Node& value,
                                            const Placeholders& placeholders, Reporter& reporter) {
  std::vector<Tokens> texts{std::move(tokens)};
  for (const Modifier m : key.chain) {
    switch (known(m).group) {
      case Group::position:
        for (Tokens& text : texts) wrap(text, m);
        break;
      case Group::placeholder:
        if (!expand(texts, placeholders, value, reporter)) return std::nullopt;
        break;
      case Group::encoding:
        if (m == M::windash) {
          if (!spell_dashes(texts, value, reporter)) return std::nullopt;
        } else if (is_base64(m)) {
          if (!encode_base64(texts, m == M::base64offset, value, reporter)) return std::nullopt;
        } else {
          for (Tokens& text : texts) encode_utf16(text, m);
        }
        break;
      case Group::regex:
      case Group::network:
      case Group::presence:
      case Group::field:
      case Group::order:
      case Group::part:
        break;
    }
  }
  for (const Tokens& text : texts) {
    if (is_valid_utf8(literal_of(text))) continue;
    reporter.error(place(value), "the encoded bytes are no text, and so in no event's value",
                   "encode them further, with base64offset");
    return std::nullopt;
  }
  return texts;
}

void strip_wildcards(Tokens& tokens) {
  if (!tokens.empty() && tokens.back().kind == Token::Kind::any) tokens.pop_back();
  if (!tokens.empty() && tokens.front().kind == Token::Kind::any) tokens.erase(tokens.begin());
}

std::optional<Expr> text_test(const FieldKey& key, Tokens whole, const yaml::Node& value,
                              Reporter& reporter) {
  Test test = test_of(Test::Kind::text, key);
  test.cased = key.cased;
  const bool lone_wildcard = whole.size() == 1 && whole[0].kind == Token::Kind::any;
  if (key.field.empty()) {
    if (lone_wildcard && value.text.find('*') != std::string::npos) return Expr{};  // always true
    strip_wildcards(whole);
    if (whole.empty()) {
      reporter.error(place(value), "an empty keyword is in every event");
      return std::nullopt;
    }
  } else if (lone_wildcard) {
    return test_expr(test_of(Test::Kind::exists, key));
  }
  test.tokens = std::move(whole);
  return test_expr(std::move(test));
}

std::optional<Expr> text_value(const FieldKey& key, Tokens tokens, const yaml::Node& value,
                               const Placeholders& placeholders, Reporter& reporter) {
  auto texts = texts_of(key, std::move(tokens), value, placeholders, reporter);
  if (!texts) return std::nullopt;
  std::vector<Expr> children;
  for (Tokens& text : *texts) {
    auto child = text_test(key, std::move(text), value, reporter);
    if (!child) return std::nullopt;
    children.push_back(std::move(*child));
  }
  return link(Expr::Kind::any, std::move(children));
}

std::optional<Expr> regex_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter) {
  if (value.text.empty()) {
    reporter.error(place(value), "an empty regular expression is found in every value");
    return std::nullopt;
  }
  Test test = test_of(Test::Kind::regex, key);
  test.pattern = value.text;
  test.regex_i = key.regex_i;
  test.regex_m = key.regex_m;
  test.regex_s = key.regex_s;
  return test_expr(std::move(test));
}

std::optional<Expr> network_value(const FieldKey& key, const yaml::Node& value,
                                  Reporter& reporter) {
  if (const std::string problem = check_network(value.text); !problem.empty()) {
    reporter.error(place(value), "'" + value.text + "' is not a network: " + problem,
                   "write it as 10.0.0.0/8 or fe80::/10");
    return std::nullopt;
  }
  Test test = test_of(Test::Kind::cidr, key);
  test.pattern = value.text;
  return test_expr(std::move(test));
}

std::optional<Expr> exists_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter) {
  const auto expected = yaml::as_bool(value);
  if (!expected) {
    reporter.error(place(value), "'exists' takes true or false");
    return std::nullopt;
  }
  Test test = test_of(Test::Kind::exists, key);
  test.expected = *expected;
  return test_expr(std::move(test));
}

std::optional<Expr> null_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter) {
  if (key.field.empty()) {
    reporter.error(place(value), "null needs a field", "keywords are searched in the whole event");
    return std::nullopt;
  }
  if (!key.chain.empty() || key.cased) {
    reporter.error(place(value), "null takes no modifier",
                   "write '' if an empty text is meant, or the field without modifier");
    return std::nullopt;
  }
  return test_expr(test_of(Test::Kind::null, key));
}

std::optional<Expr> fieldref_value(const FieldKey& key, const yaml::Node& value,
                                   Reporter& reporter) {
  if (value.text.empty() || value.text.size() > kNameBytesMax || !value.is_scalar()) {
    reporter.error(place(value), "'fieldref' takes the name of a field");
    return std::nullopt;
  }
  Test test = test_of(Test::Kind::field, key);
  test.pattern = value.text;
  test.cased = key.cased;
  if (key.has(M::contains)) test.op = Op::contains;
  if (key.has(M::startswith)) test.op = Op::startswith;
  if (key.has(M::endswith)) test.op = Op::endswith;
  return test_expr(std::move(test));
}

Op op_of(const FieldKey& key) {
  if (key.has(M::gt)) return Op::gt;
  if (key.has(M::gte)) return Op::gte;
  if (key.has(M::lt)) return Op::lt;
  if (key.has(M::lte)) return Op::lte;
  return Op::equals;
}

// A number to compare with: the field's value, or a part of the time in it.
std::optional<Expr> number_value(const FieldKey& key, Modifier kind, const yaml::Node& value,
                                 Reporter& reporter) {
  const auto number = number_text(value);
  if (!number) {
    reporter.error(
        place(value),
        fmt::format("the modifier '{}' takes a number, not '{}'", known(kind).name, value.text),
        value.quoted ? "write the number without quotes" : "");
    return std::nullopt;
  }
  const bool part = known(kind).group == Group::part;
  Test test = test_of(part ? Test::Kind::part : Test::Kind::number, key);
  test.pattern = *number;
  test.op = op_of(key);
  if (part) test.part = static_cast<TimePart>(static_cast<int>(kind) - static_cast<int>(M::minute));
  return test_expr(std::move(test));
}

// A number or boolean is compared by its text; as part of a text it is more likely a mistake.
std::optional<Expr> scalar_value(const FieldKey& key, const std::string& text,
                                 const yaml::Node& value, Reporter& reporter) {
  if (!key.chain.empty() || key.cased) {
    reporter.error(place(value),
                   fmt::format("the modifier '{}' takes a text, not the {} {}",
                               key.chain.empty() ? "cased" : known(key.chain.front()).name,
                               yaml::as_bool(value) ? "boolean" : "number", value.text),
                   "quote it: '" + value.text + "'");
    return std::nullopt;
  }
  return text_value(key, literal(text), value, {}, reporter);
}

}  // namespace

bool FieldKey::has(Modifier m) const {
  return std::find(chain.begin(), chain.end(), m) != chain.end();
}

std::optional<FieldKey> read_field_key(const yaml::Entry& entry, Reporter& reporter) {
  FieldKey out;
  const std::string_view key = entry.key;
  std::size_t bar = key.find('|');
  out.field = key.substr(0, bar);
  if (out.field.size() > kNameBytesMax) {
    reporter.error(place(entry), fmt::format("a field name of more than {} bytes", kNameBytesMax));
    return std::nullopt;
  }
  while (bar != std::string_view::npos) {
    const std::size_t next = key.find('|', bar + 1);
    const std::string_view name = key.substr(bar + 1, next - bar - 1);
    if (!apply(name, place(entry), out, reporter)) return std::nullopt;
    bar = next;
  }
  if (!check_combination(out, place(entry), reporter)) return std::nullopt;
  return out;
}

std::optional<Expr> read_value(const FieldKey& key, const yaml::Node& value,
                               const Placeholders& placeholders, Reporter& reporter) {
  if (value.is_null()) return null_value(key, value, reporter);
  if (value.text.size() > kValueBytesMax) {
    reporter.error(place(value), fmt::format("a value of more than {} bytes", kValueBytesMax));
    return std::nullopt;
  }
  const auto kind = kind_of(key);
  if (kind == M::exists) return exists_value(key, value, reporter);
  if (kind && known(*kind).group >= Group::order) return number_value(key, *kind, value, reporter);
  if (const auto number = number_text(value)) return scalar_value(key, *number, value, reporter);
  if (const auto boolean = yaml::as_bool(value))
    return scalar_value(key, *boolean ? "true" : "false", value, reporter);
  if (is_old_yaml(value))
    reporter.warn(place(value),
                  fmt::format("'{}' is a text here, but not to older YAML", value.text),
                  "quote it if the text is meant, else write the number, true or false");
  if (kind == M::re) return regex_value(key, value, reporter);
  if (kind == M::cidr) return network_value(key, value, reporter);
  if (kind == M::fieldref) return fieldref_value(key, value, reporter);
  return text_value(key, parse_tokens(value.text), value, placeholders, reporter);
}

}  // namespace vakt::rule
