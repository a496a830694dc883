// Bytes to frames.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "framing/framer.h"
#include "stages/sample.h"

namespace vakt::framing {
namespace {

void feed_all(benchmark::State& state, const std::string& stream, Mode mode) {
  const auto read_bytes = static_cast<std::size_t>(state.range(0));
  std::uint64_t frames = 0;
  for (auto _ : state) {
    Framer framer(Options{.mode = mode});
    const auto count = [&](const Frame& frame) {
      benchmark::DoNotOptimize(frame.bytes.data());
      ++frames;
    };
    for (std::size_t at = 0; at < stream.size(); at += read_bytes)
      benchmark::DoNotOptimize(framer.feed(std::string_view(stream).substr(at, read_bytes), count));
    benchmark::DoNotOptimize(framer.finish(count));
  }
  bench::report(state, frames, stream.size() * static_cast<std::uint64_t>(state.iterations()));
}

void newline(benchmark::State& state) {
  std::string stream;
  for (const auto& line : bench::syslog_lines()) stream += line + '\n';
  feed_all(state, stream, Mode::lf);
}
BENCHMARK(newline)->Arg(1460)->Arg(64 << 10)->Arg(256 << 10)->ArgName("read");

void octet_counting(benchmark::State& state) {
  std::string stream;
  for (const auto& line : bench::syslog_lines()) stream += std::to_string(line.size()) + ' ' + line;
  feed_all(state, stream, Mode::octet);
}
BENCHMARK(octet_counting)->Arg(1460)->Arg(64 << 10)->Arg(256 << 10)->ArgName("read");

}  // namespace
}  // namespace vakt::framing
