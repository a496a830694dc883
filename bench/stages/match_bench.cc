// Events to matches: literal rules on messages, by the number of rules.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "event/batch.h"
#include "match/matcher.h"
#include "parse/syslog.h"
#include "stages/sample.h"

namespace vakt::match {
namespace {

std::shared_ptr<const rule::RuleSet> literal_rules(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += fmt::format(
        "title: Literal {0}\nname: literal_{0}\nstatus: test\nlogsource: {{product: linux}}\n"
        "detection:\n  selection:\n    message|contains: 'payload {1:08x}'\n"
        "  condition: selection\nlevel: low\n---\n",
        i, i * 2654435761U % 0xFFFFFFFF);
  }
  text.erase(text.size() - 4);
  Diagnostics diagnostics;
  return std::make_shared<const rule::RuleSet>(
      rule::load_texts({{"bench.yml", std::move(text)}}, diagnostics));
}

void literals(benchmark::State& state) {
  const auto& lines = bench::syslog_lines();
  const auto rules = literal_rules(static_cast<std::size_t>(state.range(0)));
  event::FieldNames names;
  event::Routes routes;
  const auto route = routes.intern({{"linux", "", ""}});
  Diagnostics diagnostics;
  const auto program = Program::compile(rules, names, routes, diagnostics);
  if (!program || rules->rules.size() != static_cast<std::size_t>(state.range(0))) {
    state.SkipWithError("the rules do not compile");
    return;
  }
  event::Batch batch(bench::bytes_of(lines) + lines.size() + (64 << 10), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // One in a hundred matches.
    const auto message = batch.text().copy(
        std::string(lines[i].substr(lines[i].find("session"))) +
        (i % 100 == 0 ? fmt::format(" payload {:08x}", i / 100 * 2654435761U % 0xFFFFFFFF) : ""));
    batch.add(lines[i]).route = route;
    batch.add_field(event::kMessage, event::ValueKind::string, message);
  }
  Matcher matcher(program);
  std::vector<Match> matches;
  for (auto _ : state) {
    matches.clear();
    matcher.match(batch, matches);
    benchmark::DoNotOptimize(matches.data());
  }
  if (matches.size() != lines.size() / 100) state.SkipWithError("wrong number of matches");
  bench::report(state, lines);
}
BENCHMARK(literals)->Arg(100)->Arg(1000)->Arg(5000)->Arg(15000)->ArgName("rules");

}  // namespace
}  // namespace vakt::match
