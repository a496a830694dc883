// Frames to fields: syslog headers, JSON records, timestamps.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "event/batch.h"
#include "parse/json.h"
#include "parse/syslog.h"
#include "parse/timestamp.h"
#include "stages/sample.h"

namespace vakt::parse {
namespace {

void syslog_header(benchmark::State& state) {
  const auto& lines = bench::syslog_lines();
  const SyslogContext context{
      parse_timestamp("2026-11-30T00:00:00Z", nullptr).value(), {}, nullptr};
  for (auto _ : state)
    for (const auto& line : lines) benchmark::DoNotOptimize(parse_syslog(line, context));
  bench::report(state, lines);
}
BENCHMARK(syslog_header);

// The argument is how many of the record's members somebody asked for.
void json_record(benchmark::State& state) {
  const auto& records = bench::json_records();
  const std::vector<std::string> wanted{"@timestamp",
                                        "event.code",
                                        "host.name",
                                        "process.executable",
                                        "user.name",
                                        "process.pid",
                                        "process.command_line",
                                        "process.parent.executable",
                                        "event.action",
                                        "user.domain",
                                        "winlog.channel",
                                        "process.hash.sha256"};
  event::FieldNames names;
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i)
    names.intern(wanted[i]);
  event::Batch batch(bench::bytes_of(records) + records.size(), records.size());
  JsonParser parser(256 * 1024);
  for (auto _ : state) {
    batch.clear();
    for (const auto& record : records) {
      batch.add(record);
      if (parser.parse(batch, names, false) != JsonError::none) state.SkipWithError("bad record");
    }
    benchmark::ClobberMemory();
  }
  bench::report(state, records);
}
BENCHMARK(json_record)->Arg(4)->Arg(12)->ArgName("fields");

void timestamp(benchmark::State& state) {
  const std::vector<std::string> stamps{"2026-11-02T10:00:00.123456Z", "2026-11-02T11:00:00+01:00",
                                        "1793613600", "1793613600123"};
  for (auto _ : state)
    for (const auto& stamp : stamps) benchmark::DoNotOptimize(parse_timestamp(stamp, nullptr));
  bench::report(state, stamps);
}
BENCHMARK(timestamp);

}  // namespace
}  // namespace vakt::parse
