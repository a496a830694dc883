// The whole data path as one deterministic simulation: a seed decides how a log is cut into reads,
// how batches are sealed, when the clock jumps, when the queue is full, when the disk fails and
// when the power goes. A client sends every batch again until its commit succeeded, with a key that
// makes retries exact. Afterwards: the store holds every line once, the incidents are the oracle's,
// and the same seed gives the same bytes.
//
// VAKT_SIM_SEEDS sets how many seeds (100); VAKT_SIM_FIRST the first (0).
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "engine/commit.h"
#include "engine/offline.h"
#include "engine/recovery.h"
#include "engine/stored_groups.h"
#include "folder.h"
#include "framing/framer.h"
#include "lib/store/fault_env.h"
#include "sim/golden.h"
#include "sim/oracle.h"
#include "store/incident_codec.h"
#include "store/store.h"

namespace vakt::engine {
namespace {

using std::chrono::seconds;

constexpr Time kLogStart = from_unix_seconds(1'767'225'600);  // 2026-01-01
constexpr const char* kStorePath = "/vakt";

struct Settings {
  golden::Truth rule;
  std::uint64_t threshold = 1;
  std::string chain = "gte: 3";
  std::size_t spill_above = 0;  // all groups leave memory at a checkpoint, or at this size
};

std::string log_stamp(Time t) {
  const std::string iso = format_rfc3339(std::chrono::floor<seconds>(t));
  static const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr"};
  return std::string(kMonths[std::stoi(iso.substr(5, 2)) - 1]) + " " + iso.substr(8, 2) + " " +
         iso.substr(11, 8);
}

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : random_(seed), env_(std::make_unique<store::FaultEnv>()) {
    settings_.rule.distinct = pick(2) == 0;
    settings_.rule.window = std::to_string(5 + pick(300)) + "s";
    settings_.threshold = 2 + pick(4);
    settings_.spill_above = pick(2) * 2'000;
    if (pick(2) == 0) settings_.chain = "gte: 2, lte: 6";
    load_pipeline();
    make_log();
    open();
  }

  void run() {
    std::size_t unacknowledged = 0;
    while (next_batch_ < cuts_.size()) {
      if (pick(12) == 0) now_ += seconds(pick(100) == 0 ? 100'000 : pick(20));  // the clock jumps
      if (pick(4) == 0)
        env_->fail_at(1 + pick(6),
                      pick(2) == 0 ? store::FaultEnv::Mode::crash : store::FaultEnv::Mode::once);
      if (pick(40) == 0) env_->fail_next_wal_sync();
      if (pick(10) == 0 && !change_rules()) power_cut();
      // A full queue holds at most this many batches that are not committed.
      const std::size_t group = 1 + pick(3);
      const std::size_t first = next_batch_;
      if (!commit_group(std::min(group, cuts_.size() - first))) {
        ASSERT_LT(++unacknowledged, 10'000u);
        power_cut();
      }
      if (pick(25) == 0) power_cut();
    }
    finish();
  }

  void verify() {
    std::map<std::string, std::vector<oracle::Event>> groups;
    std::multiset<std::string> stored;
    ASSERT_TRUE(store_->events(0, [&](const store::StoredEvent& e) {
      stored.insert(e.raw);
      if (const auto at = e.raw.find("from 10.0.0."); at != std::string::npos) {
        const std::string ip = e.raw.substr(at + 5, e.raw.find(' ', at + 5) - at - 5);
        const auto for_at = e.raw.find("for ") + 4;
        const std::string user = e.raw.substr(for_at, e.raw.find(' ', for_at) - for_at);
        groups[ip].push_back({e.event_time, e.sequence, hash64(user)});
      }
      return true;
    }));
    EXPECT_EQ(stored, std::multiset<std::string>(lines_.begin(), lines_.end()));

    using Row = std::tuple<std::string, Time, Time, Time, std::uint64_t, std::uint64_t>;
    std::multiset<Row> expected;
    const auto window = *parse_duration(settings_.rule.window);
    for (const auto& [ip, events] : groups)
      for (const auto& e :
           oracle::episodes(events, window, settings_.threshold, settings_.rule.distinct))
        if (e.crossing_time)
          expected.emplace(ip, e.first, e.last, *e.crossing_time, e.events, e.peak);
    std::multiset<Row> found;
    store::IncidentQuery query;
    query.limit = 1000;
    const auto incidents = store_->incidents(query);
    ASSERT_TRUE(incidents);
    for (const auto& i : *incidents) {
      EXPECT_TRUE(i.final);
      const auto& d = i.detection;
      if (d.rule_id == "chain")
        ++chains_;
      else
        found.emplace(d.group[0].second, d.first_event_time, d.last_event_time, d.opened_event_time,
                      d.event_count, d.peak);
      const auto evidence = store_->evidence(i.id);
      ASSERT_TRUE(evidence);
      EXPECT_EQ(evidence->size(), i.evidence_entries);
      const auto timeline = store_->timeline(i.id);
      ASSERT_TRUE(timeline);
      EXPECT_EQ(timeline->size(), i.timeline_entries);
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(projections(replayed()), projections(*incidents));
  }

  // What the stored events give when they go through the same rules once more.
  std::vector<incident::Incident> replayed() const {
    Offline offline(pipeline_, EngineOptions{}, now_);
    const auto add = [&](const store::StoredEvent& e) {
      offline.add(e.raw, false, 0, "peer");
      return true;
    };
    EXPECT_TRUE(store_->events(0, add));
    EXPECT_TRUE(offline.finish());
    return offline.incidents();
  }

  using Projection =
      std::tuple<std::string, Hash128, std::vector<std::pair<std::string, std::string>>, Time, Time,
                 Time, std::uint64_t, std::uint64_t, Hash128>;
  static std::multiset<Projection> projections(const std::vector<incident::Incident>& incidents) {
    std::multiset<Projection> out;
    for (const incident::Incident& i : incidents) {
      const incident::Detection& d = i.detection;
      if (i.merged_into || i.members > 0) continue;
      out.emplace(d.rule_id, d.rule_hash, d.group, d.first_event_time, d.last_event_time,
                  d.opened_event_time, d.event_count, d.peak, d.evidence_digest);
    }
    return out;
  }

  // Everything the store concluded, as one number.
  Hash128 fingerprint() const {
    std::string bytes = engine_->checkpoint();
    store::IncidentQuery query;
    query.limit = 1000;
    auto incidents = store_->incidents(query);
    for (auto& i : *incidents) {
      // What depends on the random name of the store is left out.
      i.id = {};
      i.merged_into.reset();
      i.linked.clear();
      i.detection.opened_by.origin = 0;
      store::encode_incident(i, bytes);
    }
    return hash128(bytes);
  }
  int crashes() const { return crashes_; }
  int chains() const { return chains_; }

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  void load_pipeline() {
    const test::Folder rules;
    golden::write_rule(settings_.rule, settings_.threshold, rules.path);
    rules.write("chain.yml",
                "title: chain\nid: chain\nlevel: high\ncorrelation:\n  type: event_count\n"
                "  rules: [brute_force]\n  group-by: [source.ip]\n  timespan: 5m\n"
                "  condition: {" +
                    settings_.chain + "}\n  generate: true\n");
    PipelineOptions options;
    options.rule_paths = {rules.path};
    options.forms.few = 4;
    options.decoder_paths = {std::string(VAKT_SOURCE_DIR) + "/rules/decoders"};
    options.listeners.push_back({});
    options.listeners[0].name = "sim";
    options.listeners[0].year = 2026;
    Diagnostics diagnostics;
    pipeline_ = Pipeline::load(options, diagnostics);
    rules.write("another.yml",
                "title: another\nid: another\nlogsource: {product: none}\ndetection:\n"
                "  s: {zzz: a}\n  condition: s\n");
    other_pipeline_ = Pipeline::load(options, diagnostics);
    for (const Diagnostic& d : diagnostics) ADD_FAILURE() << to_string(d);
    worker_ = std::make_unique<Worker>(pipeline_);
  }

  // Lines in the order of sending, cut into batches as a listener would: a framer fed with pieces.
  void make_log() {
    std::string bytes;
    Time clock = kLogStart + std::chrono::hours(1);
    const bool octet = pick(2) == 0;
    for (std::uint64_t i = 0; i < 20 + pick(150); ++i) {
      clock += seconds(pick(6) == 0 ? pick(200) : pick(3));
      std::string line =
          log_stamp(clock - seconds(pick(61))) + " host sshd[" + std::to_string(i) + "]: ";
      if (pick(5) == 0)
        line += "Server listening on 0.0.0.0 port 22.";
      else
        line += "Failed password for u" + std::to_string(pick(4)) + " from 10.0.0." +
                std::to_string(pick(3)) + " port 22 ssh2";
      bytes += octet ? std::to_string(line.size() + 4) + " <38>" + line : "<38>" + line + "\n";
      lines_.push_back("<38>" + line);
      if (!octet && pick(10) == 0) bytes += "\n";  // an empty line
    }
    framing::Framer framer{framing::Options{}};
    std::vector<std::string> frames;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t n = 1 + pick(300);
      framer.feed(std::string_view(bytes).substr(at, n),
                  [&](const framing::Frame& f) { frames.emplace_back(f.bytes); });
      at += n;
      if (!frames.empty() && pick(3) == 0) cuts_.push_back(std::exchange(frames, {}));
    }
    framer.finish([&](const framing::Frame& f) { frames.emplace_back(f.bytes); });
    if (!frames.empty()) cuts_.push_back(std::move(frames));
  }

  void open() {
    store::Options options;
    options.path = kStorePath;
    options.env = env_.get();
    for (int attempt = 0; attempt < 20; ++attempt) {
      auto opened = store::Store::open(options);
      if (!opened) {  // the injected fault struck here: the next attempt has a working disk
        env_ = env_->after_power_cut(kStorePath, store::Unsynced::lost);
        options.env = env_.get();
        continue;
      }
      store_ = std::move(*opened);
      EngineOptions engine_options;
      engine_options.spilled = std::make_shared<const StoredGroups>(*store_);
      engine_options.spill_above = settings_.spill_above;
      engine_options.spill_to = 0;
      engine_ = std::make_unique<Engine>(pipeline_->detectors, 7, engine_options);
      const auto report = recover(*engine_, *store_, *pipeline_);
      ASSERT_TRUE(report) << report.error().message;
      return;
    }
    FAIL() << "the store did not open";
  }

  void power_cut() {
    ++crashes_;
    store_.reset();
    engine_.reset();
    auto next = env_->after_power_cut(kStorePath, static_cast<store::Unsynced>(pick(3)));
    env_ = std::move(next);
    open();
    // What was committed after all is known by its key; the client asks again and learns it.
    while (next_batch_ < cuts_.size()) {
      const auto answer = store_->idempotency("batch-" + std::to_string(next_batch_));
      ASSERT_TRUE(answer);
      if (!*answer) break;
      ++next_batch_;
    }
  }

  bool commit_group(std::size_t count) {
    std::deque<event::Batch> batches;
    std::deque<std::vector<event::Hit>> hits;
    std::deque<store::Commit> commits;
    std::vector<const store::Commit*> group;
    for (std::size_t i = 0; i < count; ++i) {
      event::Batch& batch = batches.emplace_back(1 << 16, 4096);
      for (const std::string& frame : cuts_[next_batch_ + i])
        worker_->add(batch, frame, false, {0, "peer", false, now_});
      worker_->match(batch, hits.emplace_back());
      const Input input{now_, HitsInput{batch.size(), hits.back(), batch.sources()}};
      const Effects effects = engine_->apply(input);
      store::Commit& commit =
          commits.emplace_back(make_commit(*engine_, *pipeline_, input, effects, &batch));
      commit.idempotency =
          store::Idempotency{"batch-" + std::to_string(next_batch_ + i), {}, "ok", now_};
      if (pick(5) == 0 && !engine_->checkpoint_on_its_way())
        add_checkpoint(commit, engine_->take_checkpoint());
      group.push_back(&commit);
    }
    if (!store_->commit(group)) return false;
    if (engine_->checkpoint_on_its_way()) engine_->checkpoint_kept();
    next_batch_ += count;
    if (pick(4) == 0 && !store_->maintain(now_)) return false;
    return true;
  }

  // A reload of the same rules, which must change nothing. The other pipeline has numbers of its
  // own for all names.
  bool change_rules() {
    std::swap(pipeline_, other_pipeline_);
    worker_ = std::make_unique<Worker>(pipeline_);
    const Input input{now_, RulesChange{pipeline_->detectors, "again"}};
    const Effects effects = engine_->apply(input);
    store::Commit commit = make_commit(*engine_, *pipeline_, input, effects, nullptr);
    add_checkpoint(commit, engine_->take_checkpoint());
    const store::Commit* const group[] = {&commit};
    if (!store_->commit(group)) return false;
    engine_->checkpoint_kept();
    return true;
  }

  void finish() {
    store_.reset();
    env_ = env_->after_power_cut(kStorePath, store::Unsynced::kept);
    open();
    const Input input{now_, EndOfInput{}};
    const Effects effects = engine_->apply(input);
    const auto commit = make_commit(*engine_, *pipeline_, input, effects, nullptr);
    const store::Commit* const group[] = {&commit};
    ASSERT_TRUE(store_->commit(group));
  }

  std::mt19937_64 random_;
  std::unique_ptr<store::FaultEnv> env_;
  Settings settings_;
  std::shared_ptr<const Pipeline> pipeline_;
  std::shared_ptr<const Pipeline> other_pipeline_;  // the same rules, and one that never matches
  std::unique_ptr<Worker> worker_;
  std::vector<std::string> lines_;
  std::vector<std::vector<std::string>> cuts_;
  std::size_t next_batch_ = 0;
  Time now_ = kLogStart + std::chrono::hours(24 * 100);
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Engine> engine_;
  int crashes_ = 0;
  int chains_ = 0;
};

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST(PipelineSim, EverySeedGivesTheOraclesIncidentsAndLosesNothing) {
  const std::uint64_t first = environment("VAKT_SIM_FIRST", 0);
  const std::uint64_t seeds = environment("VAKT_SIM_SEEDS", 100);
  int crashes = 0;
  int chains = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    Simulation simulation(seed);
    simulation.run();
    simulation.verify();
    crashes += simulation.crashes();
    chains += simulation.chains();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(crashes, static_cast<int>(seeds) / 2) << "the simulation must crash things";
  EXPECT_GT(chains, static_cast<int>(seeds) / 2) << "and chains must open incidents";
}

TEST(PipelineSim, TheSameSeedGivesTheSameBytes) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Simulation a(seed);
    Simulation b(seed);
    a.run();
    b.run();
    ASSERT_EQ(a.fingerprint(), b.fingerprint()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace vakt::engine
