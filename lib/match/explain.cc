#include "match/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "match/reference.h"

namespace vakt::match {
namespace {

using rule::Expr;
using rule::Test;
using rule::Token;
using Kind = Explanation::Kind;

constexpr std::size_t kChildrenShown = 8;
constexpr std::size_t kValuesShown = 4;
constexpr std::size_t kValueBytesShown = 200;

std::string pattern_of(const std::vector<Token>& tokens, bool escape) {
  std::string out;
  for (const Token& token : tokens) {
    if (token.kind == Token::Kind::any) out += '*';
    if (token.kind == Token::Kind::one) out += '?';
    for (const char c : token.text) {
      if (escape && (c == '*' || c == '?')) out += '\\';
      out += c;
    }
  }
  return out;
}

// "endswith '\cmd.exe'": the modifier that a rule's author would have used.
std::string text_test(const Test& test) {
  const auto is_any = [](const Token& t) { return t.kind == Token::Kind::any; };
  std::vector<Token> tokens = test.tokens;
  if (!tokens.empty() && std::all_of(tokens.begin(), tokens.end(), is_any)) return "is present";
  const bool open_start = !tokens.empty() && is_any(tokens.front());
  const bool open_end = !tokens.empty() && is_any(tokens.back());
  if (open_start) tokens.erase(tokens.begin());
  if (open_end) tokens.pop_back();
  const bool literal = std::all_of(tokens.begin(), tokens.end(),
                                   [](const Token& t) { return t.kind == Token::Kind::literal; });
  const std::string_view cased = test.cased ? "|cased" : "";
  if (!literal) return fmt::format("matches{} '{}'", cased, pattern_of(test.tokens, true));
  const std::string_view verb = test.field.empty()       ? "contains"
                                : open_start && open_end ? "contains"
                                : open_start             ? "endswith"
                                : open_end               ? "startswith"
                                                         : "equals";
  return fmt::format("{}{} '{}'", verb, cased, pattern_of(tokens, false));
}

std::string_view word(rule::Op op) {
  switch (op) {
    case rule::Op::equals:
      return "equals";
    case rule::Op::startswith:
      return "startswith";
    case rule::Op::endswith:
      return "endswith";
    case rule::Op::contains:
      return "contains";
    case rule::Op::gt:
      return "gt";
    case rule::Op::gte:
      return "gte";
    case rule::Op::lt:
      return "lt";
    case rule::Op::lte:
      return "lte";
  }
  return "equals";
}

std::string describe(const Expr& leaf) {
  const Test& test = leaf.test;
  const std::string field = test.field.empty() ? "the record" : test.field;
  if (test.kind == Test::Kind::text) return field + " " + text_test(test);
  if (test.kind == Test::Kind::regex)
    return fmt::format("{} re{}{}{} '{}'", field, test.regex_i ? "|i" : "",
                       test.regex_m ? "|m" : "", test.regex_s ? "|s" : "", test.pattern);
  if (test.kind == Test::Kind::cidr) return fmt::format("{} cidr '{}'", field, test.pattern);
  if (test.kind == Test::Kind::null) return field + " is null or missing";
  if (test.kind == Test::Kind::exists)
    return field + (test.expected ? " is present" : " is missing");
  if (test.kind == Test::Kind::number)
    return fmt::format("{} {} {}", field, word(test.op), test.pattern);
  if (test.kind == Test::Kind::field)
    return fmt::format("{} {}{} the field {}", field, word(test.op), test.cased ? "|cased" : "",
                       test.pattern);
  return rule::to_string(leaf);
}

class Explainer {
 public:
  Explainer(const rule::Rule& rule, const event::Batch& batch, const event::Event& event,
            const event::FieldNames& names)
      : rule_(rule), batch_(batch), event_(event), names_(names) {}

  Explanation condition(const Expr& expr) const {
    switch (expr.kind) {
      case Expr::Kind::test:
        return leaf(expr);
      case Expr::Kind::detection: {
        const rule::Detection& detection = rule_.detections.at(expr.detection);
        Explanation inner = condition(detection.expr);
        Explanation out{Kind::detection, inner.truth, detection.name, {}, {}};
        // A map of fields is what a detection is expected to be: its `all` goes without saying.
        if (inner.kind == Kind::all)
          out.children = std::move(inner.children);
        else
          out.children.push_back(std::move(inner));
        return out;
      }
      case Expr::Kind::negate: {
        Explanation inner = condition(expr.children.at(0));
        return {Kind::negate, !inner.truth, "", {}, {std::move(inner)}};
      }
      case Expr::Kind::all:
      case Expr::Kind::any:
        break;
    }
    if (expr.children.size() == 1) return condition(expr.children[0]);
    Explanation out{expr.kind == Expr::Kind::all ? Kind::all : Kind::any, false, "", {}, {}};
    for (const Expr& child : expr.children) out.children.push_back(condition(child));
    const auto holds = [](const Explanation& child) { return child.truth; };
    out.truth = out.kind == Kind::all
                    ? std::all_of(out.children.begin(), out.children.end(), holds)
                    : std::any_of(out.children.begin(), out.children.end(), holds);
    return out;
  }

 private:
  Explanation leaf(const Expr& expr) const {
    const bool truth = reference_holds(expr, rule_, batch_, event_, names_);
    Explanation out{Kind::test, truth, describe(expr), {}, {}};
    if (expr.test.field.empty()) return out;
    add_values(out, expr.test.field);
    if (expr.test.kind == Test::Kind::field) add_values(out, expr.test.pattern);
    return out;
  }

  void add_values(Explanation& out, const std::string& name) const {
    const std::size_t before = out.values.size();
    const event::FieldId id = names_.find(name);
    for (const event::Field& field : batch_.fields(event_)) {
      if (id == event::kNoField || field.id != id) continue;
      out.values.push_back(field.kind == event::ValueKind::null ? "null" : std::string(field.text));
    }
    if (out.values.size() == before) out.values.push_back("no such field");
  }

  const rule::Rule& rule_;
  const event::Batch& batch_;
  const event::Event& event_;
  const event::FieldNames& names_;
};

std::string values_text(const std::vector<std::string>& values) {
  std::string out;
  for (std::size_t i = 0; i < values.size() && i < kValuesShown; ++i) {
    out += i == 0 ? "  (" : " | ";
    out += escape_terminal(values[i].substr(0, kValueBytesShown));
    if (values[i].size() > kValueBytesShown) out += "…";
  }
  if (values.size() > kValuesShown) out += fmt::format(" | {} more", values.size() - kValuesShown);
  return values.empty() ? out : out + ")";
}

std::string name_of(const Explanation& e) {
  switch (e.kind) {
    case Kind::all:
      return "all of";
    case Kind::any:
      return "any of";
    case Kind::negate:
      return "not";
    case Kind::rule:
    case Kind::logsource:
    case Kind::filter:
    case Kind::detection:
    case Kind::test:
      break;
  }
  return escape_terminal(e.what);
}

void append(std::string& out, const Explanation& e, std::size_t indent) {
  out += fmt::format("{:{}}{}: {}{}\n", "", indent, name_of(e), e.truth, values_text(e.values));
  // Of a long list, what made the node what it is: the true ones of an `any`, the false of an
  // `all`.
  const bool decides = e.kind == Kind::any;
  const auto is_deciding = [&](const Explanation& child) { return child.truth == decides; };
  const bool some_decide = std::any_of(e.children.begin(), e.children.end(), is_deciding);
  const bool choose = e.children.size() > kChildrenShown && some_decide;
  std::size_t shown = 0;
  for (const Explanation& child : e.children) {
    if (shown == kChildrenShown || (choose && !is_deciding(child))) continue;
    append(out, child, indent + 2);
    ++shown;
  }
  if (shown < e.children.size())
    out += fmt::format("{:{}}… {} more\n", "", indent + 2, e.children.size() - shown);
}

using Nodes = std::vector<const Explanation*>;

// The fewest changes that give `e` the truth `wanted`.
Nodes changes(const Explanation& e, bool wanted);

// One child has to become `wanted`; where several would do as well, that is for the reader to see.
Nodes cheapest_child(const Explanation& e, bool wanted) {
  Nodes best;
  std::size_t alike = 0;
  for (const Explanation& child : e.children) {
    Nodes own = changes(child, wanted);
    if (alike > 0 && own.size() == best.size()) ++alike;
    if (alike > 0 && own.size() >= best.size()) continue;
    best = std::move(own);
    alike = 1;
  }
  return alike == 0 || (alike > 1 && best.size() == 1) ? Nodes{&e} : best;
}

Nodes every_child(const Explanation& e, bool wanted) {
  Nodes out;
  for (const Explanation& child : e.children) {
    const Nodes own = changes(child, wanted);
    out.insert(out.end(), own.begin(), own.end());
  }
  return out;
}

Nodes changes(const Explanation& e, bool wanted) {
  if (e.truth == wanted) return {};
  switch (e.kind) {
    case Kind::test:
    case Kind::logsource:
      return {&e};
    case Kind::negate:
      return changes(e.children.at(0), !wanted);
    case Kind::any:
      return wanted ? cheapest_child(e, true) : every_child(e, false);
    case Kind::rule:
    case Kind::filter:
    case Kind::detection:
    case Kind::all:
      break;
  }
  return wanted ? every_child(e, true) : cheapest_child(e, false);
}

}  // namespace

std::vector<const Explanation*> nearest_miss(const Explanation& explanation) {
  return changes(explanation, true);
}

std::string nearest_miss_text(const Explanation& explanation, std::size_t indent) {
  const Nodes nodes = nearest_miss(explanation);
  if (nodes.empty()) return {};
  std::string out = fmt::format("{:{}}nearest miss: {} of its tests would have to be otherwise\n",
                                "", indent, nodes.size());
  for (const Explanation* node : nodes) append(out, *node, indent + 2);
  return out;
}

Explanation explain(const rule::RuleSet& set, std::uint32_t rule, const event::Batch& batch,
                    const event::Event& event, const event::FieldNames& names,
                    const event::Routes& routes) {
  const rule::Rule& own = set.rules.at(rule);
  const Explainer explainer(own, batch, event, names);
  Explanation out{Kind::rule, true, "rule " + own.meta.id, {}, {}};
  Explanation source{Kind::logsource,
                     routes.applies(event.route, own.logsource),
                     "logsource " + event::to_string(own.logsource),
                     {},
                     {}};
  for (const event::LogSource& have : routes.labels(event.route))
    source.values.push_back(event::to_string(have));
  if (source.values.empty()) source.values.push_back("the event has none");
  out.children.push_back(std::move(source));
  out.children.push_back(explainer.condition(own.condition));
  for (const std::uint32_t index : own.filters) {
    const rule::Filter& filter = set.filters.at(index);
    const bool expired = filter.expires && event.event_time >= *filter.expires;
    Explanation keep = explainer.condition(filter.keep);
    Explanation through{
        Kind::filter, expired || keep.truth, "let through by the filter " + filter.meta.id, {}, {}};
    if (expired) through.values.push_back("it has expired");
    through.children.push_back(std::move(keep));
    out.children.push_back(std::move(through));
  }
  for (const Explanation& child : out.children) out.truth = out.truth && child.truth;
  return out;
}

std::string to_text(const Explanation& explanation, std::size_t indent) {
  std::string out;
  append(out, explanation, indent);
  return out;
}

}  // namespace vakt::match
