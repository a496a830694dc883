#include <fmt/format.h>

#include <array>

#include "rule/rule.h"

namespace vakt::rule {
namespace {

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

void append_tokens(std::string& out, const std::vector<Token>& tokens) {
  out += '"';
  for (const Token& token : tokens) {
    switch (token.kind) {
      case Token::Kind::literal:
        append_escaped(out, token.text, "\\*?\"");
        break;
      case Token::Kind::any:
        out += '*';
        break;
      case Token::Kind::one:
        out += '?';
        break;
    }
  }
  out += '"';
}

std::string_view to_string(Op op) {
  constexpr std::array<std::string_view, 8> kNames = {"=", "startswith", "endswith", "contains",
                                                      ">", ">=",         "<",        "<="};
  return kNames[static_cast<std::size_t>(op)];
}

std::string_view to_string(TimePart part) {
  constexpr std::array<std::string_view, 6> kNames = {"minute", "hour",  "day",
                                                      "week",   "month", "year"};
  return kNames[static_cast<std::size_t>(part)];
}

void append_test(std::string& out, const Test& test) {
  const std::string_view field = test.field.empty() ? "~" : std::string_view(test.field);
  switch (test.kind) {
    case Test::Kind::text:
      out += fmt::format("({} {} ", test.cased ? "==" : "=", field);
      append_tokens(out, test.tokens);
      break;
    case Test::Kind::regex:
      out += fmt::format("(re{}{}{} {} \"", test.regex_i ? "|i" : "", test.regex_m ? "|m" : "",
                         test.regex_s ? "|s" : "", field);
      append_escaped(out, test.pattern, "\"");
      out += '"';
      break;
    case Test::Kind::cidr:
      out += fmt::format("(cidr {} {}", field, test.pattern);
      break;
    case Test::Kind::null:
      out += fmt::format("(null {}", field);
      break;
    case Test::Kind::exists:
      out += fmt::format("({} {}", test.expected ? "exists" : "missing", field);
      break;
    case Test::Kind::number:
      out += fmt::format("({} {} {}", to_string(test.op), field, test.pattern);
      break;
    case Test::Kind::part:
      out += fmt::format("({} ({} {}) {}", to_string(test.op), to_string(test.part), field,
                         test.pattern);
      break;
    case Test::Kind::field:
      out += fmt::format("({}{} {} ${}", test.cased ? "cased " : "", to_string(test.op), field,
                         test.pattern);
      break;
  }
  out += ')';
}

void append_expr(std::string& out, const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::test:
      append_test(out, expr.test);
      return;
    case Expr::Kind::detection:
      out += fmt::format("#{}", expr.detection);
      return;
    case Expr::Kind::all:
      out += "(and";
      break;
    case Expr::Kind::any:
      out += "(or";
      break;
    case Expr::Kind::negate:
      out += "(not";
      break;
  }
  for (const Expr& child : expr.children) {
    out += ' ';
    append_expr(out, child);
  }
  out += ')';
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::informational:
      return "informational";
    case Level::low:
      return "low";
    case Level::medium:
      return "medium";
    case Level::high:
      return "high";
    case Level::critical:
      return "critical";
  }
  return "medium";
}

std::string to_string(const Expr& expr) {
  std::string out;
  append_expr(out, expr);
  return out;
}

}  // namespace vakt::rule
