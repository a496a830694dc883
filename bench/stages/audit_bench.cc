// The audit log: what an entry costs when it is written, and again when the whole log is verified.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/merkle.h"
#include "audit/verify.h"
#include "base/check.h"
#include "stages/sample.h"

namespace vakt::audit {
namespace {

// About 180 bytes stored, as an acknowledgement has, plus the payload.
Entry entry(std::uint64_t index, std::size_t payload_bytes) {
  Entry e;
  e.index = index;
  e.commit = 3 * index;
  e.at = from_unix_seconds(1'795'000'000 + static_cast<std::int64_t>(index));
  e.actor = "eva@example.com";
  e.role = "analyst";
  e.action = "incident.acknowledged";
  e.subject = "0123456789abcdef0123456789abcdef";
  Content content{{}, std::string(payload_bytes, 'x')};
  content.salt[0] = static_cast<std::uint8_t>(index);
  check(seal(e, std::move(content)).has_value());
  return e;
}

// As a store keeps it, but in memory: level by level.
struct Log {
  std::vector<std::string> entries;
  std::vector<std::vector<Digest>> nodes;
  Frontier frontier;

  void append(const Entry& e) {
    entries.push_back(encode_entry(e));
    for (const Node& node : frontier.append(leaf_of(e))) {
      if (node.level == nodes.size()) nodes.emplace_back();
      nodes[node.level].push_back(node.digest);
    }
  }
  NodeSource source() const {
    return [this](std::uint32_t level, std::uint64_t index) -> std::optional<Digest> {
      return nodes[level][index];
    };
  }
};

Log log_of(std::int64_t entries, std::size_t payload_bytes) {
  Log log;
  for (std::int64_t i = 0; i < entries; ++i)
    log.append(entry(static_cast<std::uint64_t>(i), payload_bytes));
  return log;
}

void append(benchmark::State& state) {
  const auto payload_bytes = static_cast<std::size_t>(state.range(0));
  Frontier frontier;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const Entry e = entry(frontier.size(), payload_bytes);
    bytes += encode_entry(e).size();
    benchmark::DoNotOptimize(frontier.append(leaf_of(e)));
    benchmark::DoNotOptimize(frontier.encode());
  }
  bench::report(state, frontier.size(), bytes);
}
BENCHMARK(append)->ArgName("payload")->Arg(100)->Arg(1'000)->Arg(10'000);

void verify(benchmark::State& state) {
  const Log log = log_of(state.range(0), 100);
  const std::string frontier = log.frontier.encode();
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    std::uint64_t at = 0;
    const auto next = [&]() -> std::optional<StoredEntry> {
      if (at == log.entries.size()) return std::nullopt;
      const std::string& row = log.entries[at];
      bytes += row.size();
      return StoredEntry{at++, row};
    };
    const auto result = verify_log({next, log.source(), frontier}, std::nullopt);
    check(!result.finding && result.root == log.frontier.root(), "the log is good");
  }
  bench::report(state, static_cast<std::uint64_t>(state.iterations() * state.range(0)), bytes);
}
BENCHMARK(verify)->ArgName("entries")->Arg(1'000)->Arg(100'000);

void prove_and_verify(benchmark::State& state) {
  const Log log = log_of(state.range(0), 100);
  const TreeHead head = log.frontier.head();
  const NodeSource source = log.source();
  std::uint64_t index = 0;
  std::uint64_t proofs = 0;
  for (auto _ : state) {
    index = (index + 7919) % head.size;
    const auto proof = prove_inclusion(index, head.size, source);
    check(proof && verify_inclusion(*proof, log.nodes[0][index], head), "the proof is good");
    ++proofs;
  }
  bench::report(state, proofs, 0);
}
BENCHMARK(prove_and_verify)->ArgName("entries")->Arg(1'000)->Arg(100'000);

void sign(benchmark::State& state) {
  const SigningKey key = *SigningKey::make("vakt.example.com/audit", Seed{});
  std::uint64_t size = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(sign_checkpoint({++size, Digest{}}, from_unix_seconds(0), key));
  bench::report(state, size, 0);
}
BENCHMARK(sign);

void open(benchmark::State& state) {
  const SigningKey key = *SigningKey::make("vakt.example.com/audit", Seed{});
  const std::string note = sign_checkpoint({17, Digest{}}, from_unix_seconds(0), key);
  std::uint64_t notes = 0;
  for (auto _ : state) {
    check(open_checkpoint(note, key.verifier()).has_value());
    ++notes;
  }
  bench::report(state, notes, notes * note.size());
}
BENCHMARK(open);

}  // namespace
}  // namespace vakt::audit
