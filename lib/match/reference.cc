#include "match/reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/check.h"
#include "base/text.h"
#include "match/case_fold.h"
#include "parse/timestamp.h"

namespace vakt::match {
namespace {

using rule::Expr;
using rule::Test;
using rule::Token;

// What an event offers to a test.
struct Values {
  std::vector<std::string> texts;  // valid UTF-8
  bool present = false;
  bool has_null = false;
};

std::string valid(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);
  std::string out;
  append_sanitised(out, text);
  return out;
}

Values values_of(const Test& test, const event::Batch& batch, const event::Event& event,
                 const event::FieldNames& names) {
  Values out;
  if (test.field.empty()) {
    out.present = true;
    out.texts.push_back(valid(event.raw));
    if (!event.keywords.empty()) out.texts.push_back(valid(event.keywords));
    return out;
  }
  const event::FieldId id = names.find(test.field);
  for (const event::Field& field : batch.fields(event)) {
    if (id == event::kNoField || field.id != id) continue;
    out.present = true;
    if (field.kind == event::ValueKind::null) {
      out.has_null = true;
    } else {
      out.texts.push_back(valid(field.text));
    }
  }
  return out;
}

// One step of a wildcard pattern: a letter, `?` or `*`.
struct Step {
  Token::Kind kind = Token::Kind::literal;
  char32_t letter = 0;
};

bool wildcard_matches(const std::vector<Step>& pattern, std::size_t p, const std::u32string& text,
                      std::size_t t, bool cased) {
  for (; p < pattern.size(); ++p, ++t) {
    if (pattern[p].kind == Token::Kind::any) {
      while (p < pattern.size() && pattern[p].kind == Token::Kind::any) ++p;
      if (p == pattern.size()) return true;
      for (; t <= text.size(); ++t) {
        if (wildcard_matches(pattern, p, text, t, cased)) return true;
      }
      return false;
    }
    if (t == text.size()) return false;
    if (pattern[p].kind == Token::Kind::one) continue;
    const char32_t want = pattern[p].letter;
    if (cased ? want != text[t] : fold(want) != fold(text[t])) return false;
  }
  return t == text.size();
}

bool text_holds(const Test& test, const Values& values) {
  std::vector<Step> pattern;
  if (test.field.empty()) pattern.push_back({Token::Kind::any, 0});
  for (const Token& token : test.tokens) {
    if (token.kind != Token::Kind::literal) pattern.push_back({token.kind, 0});
    for (const char32_t c : decode_utf8(token.text)) pattern.push_back({Token::Kind::literal, c});
  }
  if (test.field.empty()) pattern.push_back({Token::Kind::any, 0});
  const bool only_any = !pattern.empty() && std::all_of(pattern.begin(), pattern.end(), [](Step s) {
    return s.kind == Token::Kind::any;
  });
  if (only_any) return values.present;
  return std::any_of(values.texts.begin(), values.texts.end(), [&](const std::string& text) {
    return wildcard_matches(pattern, 0, decode_utf8(text), 0, test.cased);
  });
}

// U+212A and U+017F must not meet K and S under a caseless flag, so no expression sees them.
std::string without_ascii_doubles(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text.compare(i, 3, "\u212A") == 0) {
      out += "\uFDD0";
      i += 3;
    } else if (text.compare(i, 2, "\u017F") == 0) {
      out += "\uFDD1";
      i += 2;
    } else {
      out += text[i++];
    }
  }
  return out;
}

struct FreeCode {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
};
struct FreeData {
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
};
struct FreeContext {
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
};

bool regex_holds(const Test& test, const Values& values) {
  const std::unique_ptr<pcre2_compile_context, FreeContext> context(
      pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  std::uint32_t options = PCRE2_UTF;
  if (test.regex_i) options |= PCRE2_CASELESS;
  if (test.regex_m) options |= PCRE2_MULTILINE;
  if (test.regex_s) options |= PCRE2_DOTALL;
  const std::string pattern = without_ascii_doubles(test.pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::unique_ptr<pcre2_code, FreeCode> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error,
                    &offset, context.get()));
  if (code == nullptr) return false;
  const std::unique_ptr<pcre2_match_data, FreeData> data(
      pcre2_match_data_create_from_pattern(code.get(), nullptr));
  return std::any_of(values.texts.begin(), values.texts.end(), [&](const std::string& value) {
    const std::string text = without_ascii_doubles(value);
    const int found = pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(), 0, 0, data.get(), nullptr);
    return found >= 0;
  });
}

// An address as numbers: four of 8 bits or eight of 16.
using Numbers = std::vector<unsigned>;

std::optional<unsigned> number(const std::string& text, unsigned base, std::size_t digits_max) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  unsigned out = 0;
  for (const char c : to_lower(text)) {
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                                                  : 99;
    if (digit >= base) return std::nullopt;
    out = out * base + digit;
  }
  return out;
}

std::vector<std::string> split(const std::string& text, const std::string& by) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (std::size_t next = text.find(by); next != std::string::npos; next = text.find(by, at)) {
    out.push_back(text.substr(at, next - at));
    at = next + by.size();
  }
  out.push_back(text.substr(at));
  return out;
}

std::optional<Numbers> v4(const std::string& text) {
  Numbers out;
  for (const std::string& part : split(text, ".")) {
    const auto n = number(part, 10, 3);
    if (!n || *n > 255 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    out.push_back(*n);
  }
  if (out.size() != 4) return std::nullopt;
  return out;
}

// Colon-separated groups of one side of a "::"; the last may be a v4 address.
std::optional<Numbers> v6_groups(const std::string& text, bool may_end_in_v4) {
  Numbers out;
  if (text.empty()) return out;
  const std::vector<std::string> parts = split(text, ":");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (const auto n = number(parts[i], 16, 4)) {
      out.push_back(*n);
    } else if (const auto last = v4(parts[i]); last && i + 1 == parts.size() && may_end_in_v4) {
      out.push_back((*last)[0] * 256 + (*last)[1]);
      out.push_back((*last)[2] * 256 + (*last)[3]);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<Numbers> v6(const std::string& text) {
  const std::vector<std::string> sides = split(text, "::");
  if (sides.size() > 2) return std::nullopt;
  auto head = v6_groups(sides[0], sides.size() == 1);
  if (!head) return std::nullopt;
  if (sides.size() == 1) return head->size() == 8 ? head : std::nullopt;
  const auto tail = v6_groups(sides[1], true);
  if (!tail || head->size() + tail->size() > 7) return std::nullopt;
  head->resize(8 - tail->size());
  head->insert(head->end(), tail->begin(), tail->end());
  return head;
}

std::optional<Numbers> address(const std::string& text) {
  return text.find(':') == std::string::npos ? v4(text) : v6(text);
}

bool cidr_holds(const Test& test, const Values& values) {
  const std::vector<std::string> parts = split(test.pattern, "/");
  const auto network = address(parts[0]);
  if (!network || parts.size() > 2) return false;
  const unsigned width = network->size() == 4 ? 8 : 16;
  const auto prefix = parts.size() == 1
                          ? std::optional(static_cast<unsigned>(network->size()) * width)
                          : number(parts[1], 10, 3);
  if (!prefix || *prefix > network->size() * width) return false;
  const auto bit = [&](const Numbers& n, unsigned i) {
    return (n[i / width] >> (width - 1 - i % width)) & 1u;
  };
  return std::any_of(values.texts.begin(), values.texts.end(), [&](const std::string& text) {
    const auto own = address(text);
    if (!own || own->size() != network->size()) return false;
    for (unsigned i = 0; i < *prefix; ++i) {
      if (bit(*own, i) != bit(*network, i)) return false;
    }
    return true;
  });
}

template <class T>
bool ordered(T a, rule::Op op, T b) {
  return op == rule::Op::gt    ? a > b
         : op == rule::Op::gte ? a >= b
         : op == rule::Op::lt  ? a < b
         : op == rule::Op::lte ? a <= b
                               : a == b;
}

// Decimal only, as JSON and Sigma write numbers.
std::optional<long double> decimal(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos)
    return std::nullopt;
  char* end = nullptr;
  const long double out = std::strtold(text.c_str(), &end);
  if (end != text.c_str() + text.size() || !std::isfinite(static_cast<double>(out)))
    return std::nullopt;
  return out;
}

bool number_holds(const Test& test, const Values& values) {
  const auto wanted = decimal(test.pattern);
  return wanted && std::any_of(values.texts.begin(), values.texts.end(), [&](const auto& text) {
           const auto own = decimal(text);
           return own && ordered(*own, test.op, *wanted);
         });
}

// By the C library's calendar.
long part_of_time(Time time, rule::TimePart part) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 8> week{};
  switch (part) {
    case rule::TimePart::minute:
      return utc.tm_min;
    case rule::TimePart::hour:
      return utc.tm_hour;
    case rule::TimePart::day:
      return utc.tm_mday;
    case rule::TimePart::week:
      std::strftime(week.data(), week.size(), "%V", &utc);
      return std::strtol(week.data(), nullptr, 10);
    case rule::TimePart::month:
      return utc.tm_mon + 1;
    case rule::TimePart::year:
      return utc.tm_year + 1900;
  }
  return -1;
}

bool part_holds(const Test& test, const Values& values) {
  const auto wanted = decimal(test.pattern);
  return wanted && std::any_of(values.texts.begin(), values.texts.end(), [&](const auto& text) {
           const auto time = parse::parse_timestamp(text, nullptr);
           return time && ordered<long double>(part_of_time(*time, test.part), test.op, *wanted);
         });
}

std::u32string letters_of(const std::string& text, bool cased) {
  std::u32string out = decode_utf8(text);
  if (!cased)
    for (char32_t& c : out) c = fold(c);
  return out;
}

bool field_holds(const Test& test, const Values& values, const Values& others) {
  for (const std::string& text : values.texts) {
    const std::u32string a = letters_of(text, test.cased);
    for (const std::string& other : others.texts) {
      const std::u32string b = letters_of(other, test.cased);
      const bool holds = test.op == rule::Op::startswith ? a.starts_with(b)
                         : test.op == rule::Op::endswith ? a.ends_with(b)
                         : test.op == rule::Op::contains ? a.find(b) != std::u32string::npos
                                                         : a == b;
      if (holds) return true;
    }
  }
  return false;
}

bool test_holds(const Test& test, const Values& values) {
  switch (test.kind) {
    case Test::Kind::text:
      return text_holds(test, values);
    case Test::Kind::regex:
      return regex_holds(test, values);
    case Test::Kind::cidr:
      return !test.field.empty() && cidr_holds(test, values);
    case Test::Kind::null:
      return !values.present || values.has_null;
    case Test::Kind::exists:
      return values.present == test.expected;
    case Test::Kind::number:
      return number_holds(test, values);
    case Test::Kind::part:
      return part_holds(test, values);
    case Test::Kind::field:
      return false;  // needs two fields: field_holds
  }
  return false;
}

}  // namespace

bool reference_holds(const Expr& expr, const rule::Rule& rule, const event::Batch& batch,
                     const event::Event& event, const event::FieldNames& names) {
  const auto holds = [&](const Expr& part) {
    return reference_holds(part, rule, batch, event, names);
  };
  switch (expr.kind) {
    case Expr::Kind::all:
      return std::all_of(expr.children.begin(), expr.children.end(), holds);
    case Expr::Kind::any:
      return std::any_of(expr.children.begin(), expr.children.end(), holds);
    case Expr::Kind::negate:
      return !holds(expr.children.at(0));
    case Expr::Kind::test: {
      const Values values = values_of(expr.test, batch, event, names);
      if (expr.test.kind != Test::Kind::field) return test_holds(expr.test, values);
      Test other;
      other.field = expr.test.pattern;
      return field_holds(expr.test, values, values_of(other, batch, event, names));
    }
    case Expr::Kind::detection:
      return holds(rule.detections.at(expr.detection).expr);
  }
  return false;
}

bool reference_matches(const rule::Rule& rule, const event::Batch& batch, const event::Event& event,
                       const event::FieldNames& names, const event::Routes& routes) {
  return routes.applies(event.route, rule.logsource) &&
         reference_holds(rule.condition, rule, batch, event, names);
}

bool reference_hits(const rule::RuleSet& set, std::uint32_t rule, const event::Batch& batch,
                    const event::Event& event, const event::FieldNames& names,
                    const event::Routes& routes) {
  const rule::Rule& own = set.rules.at(rule);
  if (!reference_matches(own, batch, event, names, routes)) return false;
  return std::all_of(own.filters.begin(), own.filters.end(), [&](std::uint32_t index) {
    const rule::Filter& filter = set.filters.at(index);
    if (filter.expires && event.event_time >= *filter.expires) return true;
    return reference_holds(filter.keep, own, batch, event, names);
  });
}

}  // namespace vakt::match
