// bench_flood: failed logins from one address each beside a slow attack, through the whole path on
// one thread: parsing, matching, correlating, committing to a store on disk. It says what that
// costs beside the same number of events of few addresses, whether the attack was found, how much
// memory was held, and how long the store takes to start again. README.md says what it gave.
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "engine/commit.h"
#include "engine/pipeline.h"
#include "engine/recovery.h"
#include "engine/stored_groups.h"
#include "engine/worker.h"

namespace {

using namespace vakt;
namespace fs = std::filesystem;

constexpr std::size_t kBatchEvents = 2048;
constexpr Time kStart = from_unix_seconds(1'795'478'400);
constexpr std::uint64_t kCheckpointHits = 200'000;  // as the daemon
constexpr const char* kAttacker = "192.0.2.1";

constexpr const char* kRules = R"(title: Failed login
id: 11111111-1111-4111-8111-111111111111
name: failed_login
level: low
logsource: {{product: linux, service: sshd}}
detection:
  failed: {{message|startswith: 'Failed password for '}}
  condition: failed
---
title: Slow brute force
id: 22222222-2222-4222-8222-222222222222
level: high
correlation:
  type: event_count
  rules: [failed_login]
  group-by: [source.ip]
  timespan: 4h
  condition: {{gte: {}}}
)";

double seconds_of(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double resident_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

struct Options {
  std::uint64_t events = 1'000'000;
  std::uint64_t addresses = 0;  // 0: one each
  std::uint64_t threshold = 20;
  std::size_t budget_mb = 256;
  std::string store = "/tmp/vakt-flood";
  bool plain = false;  // no groups in the store
};

std::string address(std::uint64_t i) {
  return fmt::format("10.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255);
}

class Flood {
 public:
  explicit Flood(const Options& options) : options_(options) {
    fs::remove_all(options.store);
    fs::create_directories(options.store);
    std::ofstream(options.store + "/rules.yml") << fmt::format(kRules, options.threshold);
    engine::PipelineOptions pipeline;
    pipeline.rule_paths = {options.store + "/rules.yml"};
    pipeline.decoder_paths = {std::string(VAKT_SOURCE_DIR) + "/rules/decoders"};
    pipeline.listeners.push_back({});
    Diagnostics diagnostics;
    pipeline_ = engine::Pipeline::load(pipeline, diagnostics);
    for (const Diagnostic& d : diagnostics) fmt::print(stderr, "{}\n", to_string(d));
    open();
  }

  void open() {
    store::Options options;
    options.path = options_.store + "/store";
    options.durability = store::Durability::os;
    auto opened = store::Store::open(options);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
    engine::EngineOptions engine_options;
    engine_options.set_state_bytes_max(options_.budget_mb << 20);
    if (!options_.plain)
      engine_options.spilled = std::make_shared<const engine::StoredGroups>(*store_);
    engine_ =
        std::make_unique<engine::Engine>(pipeline_->detectors, store_->origin(), engine_options);
    const auto recovered = engine::recover(*engine_, *store_, *pipeline_);
    if (!recovered) throw std::runtime_error(recovered.error().message);
  }

  // Four hours of events, with one of the attacker's every ten minutes.
  void run() {
    engine::Worker worker(pipeline_);
    event::Batch batch(1 << 20, kBatchEvents);
    std::vector<event::Hit> hits;
    const Duration step =
        Duration(std::chrono::hours(4)) / static_cast<std::int64_t>(options_.events);
    Time next_attack = kStart;
    for (std::uint64_t i = 0; i < options_.events; ++i) {
      const Time now = kStart + step * static_cast<std::int64_t>(i);
      if (!batch.has_room(1024)) commit(worker, batch, hits, now);
      if (now >= next_attack) {
        add(worker, batch, kAttacker, now);
        next_attack += std::chrono::minutes(10);
      }
      add(worker, batch, address(options_.addresses == 0 ? i : mixed(i) % options_.addresses), now);
    }
    commit(worker, batch, hits, kStart + std::chrono::hours(4));
  }

  void report() {
    fmt::print(
        "{} events, {} addresses: {} groups in memory, {} in the store, {} refused, {} "
        "came back; group state at most {:.1f} MB of {}; {} incidents: {}\n",
        options_.events, options_.addresses == 0 ? options_.events : options_.addresses,
        engine_->groups(), engine_->groups_spilled(), engine_->counters().groups_refused,
        engine_->counters().groups_fetched, static_cast<double>(state_most_) / (1 << 20),
        options_.budget_mb, found_,
        found_attacker_  ? "the slow attack found"
        : !to_be_found() ? "none to be found"
                         : "MISSED");
  }

  double stalled() const { return 1e-6 * static_cast<double>(store_->stats().write_stall_micros); }
  bool as_wanted() const { return found_attacker_ == to_be_found(); }

  void restart() {
    engine_.reset();
    store_.reset();
    open();
  }

 private:
  // One event of the attacker's every ten minutes.
  bool to_be_found() const { return options_.threshold <= 24; }
  static std::uint64_t mixed(std::uint64_t i) { return i * 0x9E3779B97F4A7C15ull >> 20; }

  static std::string line(std::string_view from, Time now) {
    return fmt::format(
        "<38>1 {} gate sshd 4711 - - Failed password for root from {} port 50022 "
        "ssh2",
        format_rfc3339(now), from);
  }

  static void add(engine::Worker& worker, event::Batch& batch, std::string_view from, Time now) {
    worker.add(batch, line(from, now), false, {0, "gate", false, now, {}});
  }

  void commit(engine::Worker& worker, event::Batch& batch, std::vector<event::Hit>& hits,
              Time now) {
    hits.clear();
    worker.match(batch, hits);
    const engine::Input input{now, engine::HitsInput{batch.size(), hits, batch.sources()}};
    const engine::Effects effects = engine_->apply(input);
    if (effects.failure) throw std::runtime_error(effects.failure->message);
    for (const incident::Incident& i : effects.incidents) {
      found_ = std::max<std::uint64_t>(found_, i.number);
      if (!i.detection.group.empty() && i.detection.group[0].second == kAttacker)
        found_attacker_ = true;
    }
    state_most_ = std::max(state_most_, engine_->state_bytes());
    store::Commit commit = engine::make_commit(*engine_, *pipeline_, input, effects, &batch);
    since_ += hits.size();
    if (engine_->wants_checkpoint() || since_ >= kCheckpointHits) {
      engine::add_checkpoint(commit, engine_->take_checkpoint());
      since_ = 0;
    }
    const store::Commit* const group[] = {&commit};
    if (const auto done = store_->commit(group); !done)
      throw std::runtime_error(done.error().message);
    if (engine_->checkpoint_on_its_way()) engine_->checkpoint_kept();
    batch.clear();
  }

  Options options_;
  std::shared_ptr<const engine::Pipeline> pipeline_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::size_t state_most_ = 0;
  std::uint64_t since_ = 0;
  std::uint64_t found_ = 0;
  bool found_attacker_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A flood of groups beside a slow attack."};
  Options options;
  app.add_option("--events", options.events, "events of the flood")->capture_default_str();
  app.add_option("--addresses", options.addresses, "of which they come; 0: one each")
      ->capture_default_str();
  app.add_option("--threshold", options.threshold,
                 "of the rule; above 24 nothing is found, and nothing is evidence")
      ->capture_default_str();
  app.add_option("--budget", options.budget_mb, "memory for group state, MB")
      ->capture_default_str();
  app.add_option("--store", options.store, "a directory, emptied first")->capture_default_str();
  app.add_flag("--plain", options.plain, "no groups in the store: new ones are refused");
  CLI11_PARSE(app, argc, argv);
  try {
    Flood flood(options);
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const double wall = seconds_of(CLOCK_MONOTONIC);
    flood.run();
    const double cpu_spent = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    const double took = seconds_of(CLOCK_MONOTONIC) - wall;
    flood.report();
    const auto events = static_cast<double>(options.events);
    fmt::print(
        "{:.0f} events/s, {:.2f} us of CPU an event, {:.0f} MB resident at most, writes "
        "waited {:.1f} s for compaction\n",
        events / took, cpu_spent / events * 1e6, resident_mb(), flood.stalled());
    const double restart = seconds_of(CLOCK_MONOTONIC);
    flood.restart();
    fmt::print("started again in {:.2f} s\n", seconds_of(CLOCK_MONOTONIC) - restart);
    return flood.as_wanted() ? 0 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "bench_flood: {}\n", e.what());
    return 2;
  }
}
