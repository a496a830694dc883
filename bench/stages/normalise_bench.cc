// Events to meaning: message decoders, on lines that have one and on lines that have none.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "event/batch.h"
#include "normalise/normaliser.h"
#include "parse/syslog.h"
#include "stages/sample.h"

namespace vakt::normalise {
namespace {

void decode(benchmark::State& state, const std::vector<std::string>& lines) {
  event::FieldNames names;
  event::Routes routes;
  Diagnostics diagnostics;
  const auto decoders =
      Decoders::load({VAKT_SOURCE_DIR "/rules/decoders"}, names, routes, diagnostics);
  if (!decoders) {
    state.SkipWithError("the shipped decoders do not load");
    return;
  }
  std::vector<parse::SyslogHeader> headers;
  for (const auto& line : lines) headers.push_back(parse::parse_syslog(line, {}));
  event::Batch batch(bench::bytes_of(lines) + lines.size(), lines.size());
  for (auto _ : state) {
    batch.clear();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      batch.add(lines[i]);
      batch.add_field(event::kProcessName, event::ValueKind::string, headers[i].app_name);
      batch.add_field(event::kMessage, event::ValueKind::string, headers[i].message);
      decoders->decode(batch, 0);
    }
    benchmark::ClobberMemory();
  }
  bench::report(state, lines);
}

void known_program(benchmark::State& state) { decode(state, bench::auth_lines()); }
BENCHMARK(known_program);

void unknown_program(benchmark::State& state) { decode(state, bench::syslog_lines()); }
BENCHMARK(unknown_program);

}  // namespace
}  // namespace vakt::normalise
