// Fuzzes the rule loader, and the YAML reader under it: nothing crashes, what loads is well formed,
// and loading it twice gives the same set. Seeds: the files of rules/.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rule/rule.h"

namespace {

using namespace vakt;
using namespace vakt::rule;

void check_expr(const Expr& expr, std::size_t detections, bool condition) {
  switch (expr.kind) {
    case Expr::Kind::test:
      check(!condition, "conditions have no tests");
      check(expr.test.kind == Test::Kind::text || expr.test.kind == Test::Kind::regex ||
                !expr.test.field.empty(),
            "a keyword is a text or a regex");
      for (const Token& token : expr.test.tokens)
        check(token.text.empty() == (token.kind != Token::Kind::literal), "literals have text");
      break;
    case Expr::Kind::detection:
      check(condition && expr.detection < detections, "conditions name detections");
      break;
    case Expr::Kind::negate:
      check(expr.children.size() == 1, "not has one child");
      break;
    case Expr::Kind::all:
    case Expr::Kind::any:
      check(expr.children.size() != 1, "links have several children");
      break;
  }
  for (const Expr& child : expr.children) check_expr(child, detections, condition);
}

void check_correlation(const RuleSet& set, const Correlation& correlation, std::size_t index) {
  check(!correlation.members.empty(), "correlations have members");
  check(correlation.threshold > 0 && correlation.timespan > Duration(0), "and bounds");
  for (const Member& member : correlation.members)
    check(member.is_correlation ? member.index < index : member.index < set.rules.size(),
          "and members come before what counts them");
  if (correlation.formula) check_expr(*correlation.formula, correlation.members.size(), true);
  for (const std::uint32_t member : correlation.sequence)
    check(member < correlation.members.size(), "and orders name members");
  check(!base_rules(set, correlation).empty(), "and chains end in rules");
}

void check_set(const RuleSet& set) {
  for (const Rule& rule : set.rules) {
    check(!rule.meta.id.empty() && !rule.meta.title.empty(), "rules have names");
    check(rule.logsource != event::LogSource{}, "rules have log sources");
    for (const Detection& detection : rule.detections) check_expr(detection.expr, 0, false);
    check_expr(rule.condition, rule.detections.size(), true);
  }
  for (std::size_t i = 0; i < set.correlations.size(); ++i)
    check_correlation(set, set.correlations[i], i);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Diagnostics first;
  const RuleSet set = load_texts({{"fuzz.yml", text}}, first);
  check_set(set);
  for (const Diagnostic& diagnostic : first) check(!diagnostic.message.empty(), "says something");
  Diagnostics second;
  check(load_texts({{"fuzz.yml", text}}, second).hash == set.hash, "loading is deterministic");
  check(first.size() == second.size(), "and so are its complaints");
  return 0;
}
