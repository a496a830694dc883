// Batches to disk: one commit of raw events, by durability, and the coding of hits.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "event/batch.h"
#include "stages/sample.h"
#include "store/store.h"

namespace vakt::store {
namespace {

void commit_batch(benchmark::State& state) {
  const auto& lines = bench::syslog_lines();
  const auto folder = std::filesystem::temp_directory_path() /
                      ("vakt-bench-store-" + std::to_string(state.range(0)));
  std::filesystem::remove_all(folder);
  Options options;
  options.path = folder.string();
  options.durability = static_cast<Durability>(state.range(0));
  options.raw_bytes_max = 1ULL << 30;
  auto opened = Store::open(options);
  if (!opened) {
    state.SkipWithError(opened.error().message.c_str());
    return;
  }
  auto& store = **opened;
  event::Batch batch(bench::bytes_of(lines) + lines.size(), lines.size());
  for (const auto& line : lines) batch.add(line);
  batch.add_source("bench", false);
  Commit commit;
  commit.batch = &batch;
  commit.listener_names = {"bench"};
  for (auto _ : state) {
    commit.number = store.last_commit() + 1;
    commit.first_sequence = store.next_sequence();
    const Commit* const group[] = {&commit};
    if (const auto done = store.commit(group); !done) {
      state.SkipWithError(done.error().message.c_str());
      break;
    }
  }
  bench::report(state, lines);
  opened->reset();
  std::filesystem::remove_all(folder);
}
BENCHMARK(commit_batch)
    ->Arg(static_cast<int>(Durability::fsync))
    ->Arg(static_cast<int>(Durability::os))
    ->Arg(static_cast<int>(Durability::memory))
    ->ArgName("durability")
    ->UseRealTime();

void code_hit(benchmark::State& state) {
  const auto& lines = bench::auth_lines();
  const event::FieldNames names;
  const std::vector<event::Field> fields{
      {event::kHostName, event::ValueKind::string, "db-001.example.net"},
      {event::kUserName, event::ValueKind::string, "root"},
      {event::kSourceIp, event::ValueKind::string, "192.0.2.1"}};
  std::string out;
  for (auto _ : state) {
    for (const auto& line : lines) {
      out.clear();
      event::Hit hit;
      hit.source = "db-001.example.net";
      hit.raw = line;
      hit.fields = fields;
      encode_hit(hit, "5f8b6f1e-0000-4000-8000-000000000001", Hash128{}, names, out);
      benchmark::DoNotOptimize(decode_hit(out));
    }
  }
  bench::report(state, lines);
}
BENCHMARK(code_hit);

}  // namespace
}  // namespace vakt::store
