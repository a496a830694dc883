#include "rule/modifiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rule/value.h"
#include "yaml/suggest.h"

namespace vakt::rule {
namespace {

using Match = Modifiers::Match;

constexpr std::array<std::pair<std::string_view, Match>, 6> kMatches{
    {{"contains", Match::contains},
     {"startswith", Match::startswith},
     {"endswith", Match::endswith},
     {"re", Match::re},
     {"cidr", Match::cidr},
     {"exists", Match::exists}}};

// Sigma has them, this version does not.
struct Missing {
  std::string_view name;
  std::string_view hint;
};
constexpr std::string_view kListSpellings = "list the spellings to look for as values of their own";
constexpr std::string_view kListEncoded = "list the encoded texts to look for as values";
constexpr std::string_view kUseRegex = "a regular expression (re) can often say the same";
constexpr std::array<Missing, 20> kMissing{{{"windash", kListSpellings},
                                            {"wide", kListEncoded},
                                            {"utf16", kListEncoded},
                                            {"utf16le", kListEncoded},
                                            {"utf16be", kListEncoded},
                                            {"base64", kListEncoded},
                                            {"base64offset", kListEncoded},
                                            {"expand", "write the values instead of a placeholder"},
                                            {"fieldref", ""},
                                            {"neq", "use 'not' in the condition"},
                                            {"gt", kUseRegex},
                                            {"gte", kUseRegex},
                                            {"lt", kUseRegex},
                                            {"lte", kUseRegex},
                                            {"minute", kUseRegex},
                                            {"hour", kUseRegex},
                                            {"day", kUseRegex},
                                            {"week", kUseRegex},
                                            {"month", kUseRegex},
                                            {"year", kUseRegex}}};

std::string_view name_of(Match match) {
  for (const auto& [name, value] : kMatches)
    if (value == match) return name;
  return "equals";
}

void report_unknown(std::string_view name, Place at, Reporter& reporter) {
  const auto missing = std::find_if(kMissing.begin(), kMissing.end(),
                                    [&](const Missing& m) { return m.name == name; });
  if (missing != kMissing.end()) {
    reporter.error(at, fmt::format("the modifier '{}' is not supported by this version", name),
                   std::string(missing->hint));
    return;
  }
  std::vector<std::string_view> known = {"all", "cased", "i", "m", "s"};
  for (const auto& match : kMatches) known.push_back(match.first);
  for (const Missing& m : kMissing) known.push_back(m.name);
  reporter.error(at, fmt::format("unknown modifier '{}'", name), yaml::did_you_mean(name, known));
}

bool apply_match(Match match, Place at, Modifiers& out, Reporter& reporter) {
  if (out.match == match) return true;
  if (out.match != Match::equals) {
    reporter.error(at,
                   fmt::format("the modifiers '{}' and '{}' contradict each other",
                               name_of(out.match), name_of(match)),
                   "keep one of them");
    return false;
  }
  out.match = match;
  return true;
}

bool apply_regex_flag(std::string_view name, bool& flag, const Modifiers& modifiers, Place at,
                      Reporter& reporter) {
  if (modifiers.match != Match::re) {
    reporter.error(at, fmt::format("the modifier '{}' needs 're' before it", name));
    return false;
  }
  flag = true;
  return true;
}

bool apply(std::string_view name, Place at, Modifiers& out, Reporter& reporter) {
  for (const auto& [known, match] : kMatches)
    if (name == known) return apply_match(match, at, out, reporter);
  if (name == "all") return out.all = true;
  if (name == "cased") return out.cased = true;
  if (name == "i" || name == "ignorecase")
    return apply_regex_flag(name, out.regex_i, out, at, reporter);
  if (name == "m" || name == "multiline")
    return apply_regex_flag(name, out.regex_m, out, at, reporter);
  if (name == "s" || name == "dotall")
    return apply_regex_flag(name, out.regex_s, out, at, reporter);
  report_unknown(name, at, reporter);
  return false;
}

bool check_combination(const FieldKey& key, Place at, Reporter& reporter) {
  const Modifiers& m = key.modifiers;
  const bool textual = m.match <= Match::endswith;
  if (m.cased && !textual) {
    reporter.error(
        at, fmt::format("the modifiers '{}' and 'cased' contradict each other", name_of(m.match)),
        m.match == Match::re ? "a regular expression is case-sensitive without 'i'"
                             : "leave 'cased' out");
    return false;
  }
  if (m.match == Match::exists && m.all) {
    reporter.error(at, "the modifiers 'exists' and 'all' contradict each other",
                   "'exists' takes one true or false");
    return false;
  }
  const bool whole_value = m.match == Match::startswith || m.match == Match::endswith ||
                           m.match == Match::cidr || m.match == Match::exists;
  if (key.field.empty() && whole_value) {
    reporter.error(at, fmt::format("the modifier '{}' needs a field", name_of(m.match)),
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

void strip_wildcards(std::vector<Token>& tokens) {
  if (!tokens.empty() && tokens.back().kind == Token::Kind::any) tokens.pop_back();
  if (!tokens.empty() && tokens.front().kind == Token::Kind::any) tokens.erase(tokens.begin());
}

std::optional<Expr> text_value(const FieldKey& key, std::vector<Token> tokens,
                               const yaml::Node& value, Reporter& reporter) {
  const Token any{Token::Kind::any, {}};
  const Match match = key.modifiers.match;
  std::vector<Token> whole;
  if (match == Match::contains || match == Match::endswith) append_token(whole, any);
  for (Token& token : tokens) append_token(whole, std::move(token));
  if (match == Match::contains || match == Match::startswith) append_token(whole, any);

  Test test;
  test.field = key.field;
  test.cased = key.modifiers.cased;
  const bool lone_wildcard = whole.size() == 1 && whole[0].kind == Token::Kind::any;
  if (key.field.empty()) {
    if (lone_wildcard && value.text.find('*') != std::string::npos) return Expr{};  // always true
    strip_wildcards(whole);
    if (whole.empty()) {
      reporter.error(place(value), "an empty keyword is in every event");
      return std::nullopt;
    }
  } else if (lone_wildcard) {
    test.kind = Test::Kind::exists;
    test.cased = false;
    return test_expr(std::move(test));
  }
  test.tokens = std::move(whole);
  return test_expr(std::move(test));
}

std::optional<Expr> regex_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter) {
  if (value.text.empty()) {
    reporter.error(place(value), "an empty regular expression is found in every value");
    return std::nullopt;
  }
  Test test;
  test.kind = Test::Kind::regex;
  test.field = key.field;
  test.pattern = value.text;
  test.regex_i = key.modifiers.regex_i;
  test.regex_m = key.modifiers.regex_m;
  test.regex_s = key.modifiers.regex_s;
  return test_expr(std::move(test));
}

std::optional<Expr> network_value(const FieldKey& key, const yaml::Node& value,
                                  Reporter& reporter) {
  if (const std::string problem = check_network(value.text); !problem.empty()) {
    reporter.error(place(value), "'" + value.text + "' is not a network: " + problem,
                   "write it as 10.0.0.0/8 or fe80::/10");
    return std::nullopt;
  }
  Test test;
  test.kind = Test::Kind::cidr;
  test.field = key.field;
  test.pattern = value.text;
  return test_expr(std::move(test));
}

std::optional<Expr> exists_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter) {
  const auto expected = yaml::as_bool(value);
  if (!expected) {
    reporter.error(place(value), "'exists' takes true or false");
    return std::nullopt;
  }
  Test test;
  test.kind = Test::Kind::exists;
  test.field = key.field;
  test.expected = *expected;
  return test_expr(std::move(test));
}

std::optional<Expr> null_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter) {
  if (key.field.empty()) {
    reporter.error(place(value), "null needs a field", "keywords are searched in the whole event");
    return std::nullopt;
  }
  if (key.modifiers.match != Match::equals || key.modifiers.cased) {
    reporter.error(place(value), "null takes no modifier",
                   "write '' if an empty text is meant, or the field without modifier");
    return std::nullopt;
  }
  Test test;
  test.kind = Test::Kind::null;
  test.field = key.field;
  return test_expr(std::move(test));
}

// A number or boolean is compared by its text; as part of a text it is more likely a mistake.
std::optional<Expr> scalar_value(const FieldKey& key, const std::string& text,
                                 const yaml::Node& value, Reporter& reporter) {
  const Modifiers& m = key.modifiers;
  if (m.match != Match::equals || m.cased) {
    reporter.error(place(value),
                   fmt::format("the modifier '{}' takes a text, not the {} {}",
                               m.match == Match::equals ? "cased" : name_of(m.match),
                               yaml::as_bool(value) ? "boolean" : "number", value.text),
                   "quote it: '" + value.text + "'");
    return std::nullopt;
  }
  return text_value(key, {{Token::Kind::literal, text}}, value, reporter);
}

}  // namespace

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
    if (!apply(name, place(entry), out.modifiers, reporter)) return std::nullopt;
    bar = next;
  }
  if (!check_combination(out, place(entry), reporter)) return std::nullopt;
  return out;
}

std::optional<Expr> read_value(const FieldKey& key, const yaml::Node& value, Reporter& reporter) {
  if (value.is_null()) return null_value(key, value, reporter);
  if (value.text.size() > kValueBytesMax) {
    reporter.error(place(value), fmt::format("a value of more than {} bytes", kValueBytesMax));
    return std::nullopt;
  }
  if (key.modifiers.match == Match::exists) return exists_value(key, value, reporter);
  if (const auto number = number_text(value)) return scalar_value(key, *number, value, reporter);
  if (const auto boolean = yaml::as_bool(value))
    return scalar_value(key, *boolean ? "true" : "false", value, reporter);
  if (is_old_yaml(value))
    reporter.warn(place(value),
                  fmt::format("'{}' is a text here, but not to older YAML", value.text),
                  "quote it if the text is meant, else write the number, true or false");
  switch (key.modifiers.match) {
    case Match::re:
      return regex_value(key, value, reporter);
    case Match::cidr:
      return network_value(key, value, reporter);
    case Match::exists:
    case Match::equals:
    case Match::contains:
    case Match::startswith:
    case Match::endswith:
      break;
  }
  return text_value(key, parse_tokens(value.text), value, reporter);
}

}  // namespace vakt::rule
