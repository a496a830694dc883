#include "app/reloader.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "source/clock.h"
#include "source/named_thread.h"

namespace vakt::app {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::uint64_t kCacheBytesMax = 256 << 20;

// Where an error stands may change when lines are added above it.
std::set<std::string> errors_of(const Diagnostics& diagnostics) {
  std::set<std::string> out;
  for (const Diagnostic& d : diagnostics)
    if (d.severity == Severity::error) out.insert(d.file + '\n' + d.message);
  return out;
}

Diagnostics new_errors(const Diagnostics& now, const Diagnostics& before) {
  const auto known = errors_of(before);
  Diagnostics out;
  for (const Diagnostic& d : now)
    if (d.severity == Severity::error && !known.contains(d.file + '\n' + d.message))
      out.push_back(d);
  return out;
}

// By id: what an operator wants to know of a change.
void compare(const engine::Pipeline& before, const engine::Pipeline& now,
             api::ReloadReport& report) {
  using Content = std::tuple<Hash128, std::uint64_t, rule::Level, std::string>;
  const auto contents = [](const engine::Pipeline& p) {
    std::map<std::string, Content> out;
    for (const rule::Rule& r : p.rules->rules)
      out[r.meta.id] = {r.detection_hash, 0, r.meta.level, r.meta.title};
    for (const rule::Correlation& c : p.rules->correlations)
      out[c.meta.id] = {c.detection_hash, c.threshold, c.meta.level,
                        c.meta.title + rule::describe_condition(c)};
    return out;
  };
  const auto old_ones = contents(before);
  const auto new_ones = contents(now);
  for (const auto& [id, content] : new_ones) {
    const auto old = old_ones.find(id);
    if (old == old_ones.end())
      ++report.added;
    else if (old->second != content)
      ++report.changed;
    if (old != old_ones.end() && std::get<0>(old->second) != std::get<0>(content))
      report.begin_anew.push_back(id);
  }
  for (const auto& [id, content] : old_ones) report.removed += new_ones.contains(id) ? 0 : 1;
}

std::uint64_t fingerprint(const std::vector<std::string>& paths) {
  std::uint64_t sum = 0;  // of hashes: in whatever order the files are met
  const auto add = [&](const fs::directory_entry& entry) {
    std::error_code error;
    if (!entry.is_regular_file(error)) return;
    const auto written = entry.last_write_time(error).time_since_epoch().count();
    sum +=
        hash64(fmt::format("{}\n{}\n{}", entry.path().string(), entry.file_size(error), written));
  };
  for (const std::string& path : paths) {
    std::error_code error;
    add(fs::directory_entry(path, error));
    for (auto it = fs::recursive_directory_iterator(path, error);
         it != fs::recursive_directory_iterator(); it.increment(error)) {
      if (error) break;
      add(*it);
    }
  }
  return sum;
}

api::ReloadReport refused(std::string why, Diagnostics diagnostics = {}) {
  api::ReloadReport report;
  report.error = std::move(why);
  report.diagnostics = std::move(diagnostics);
  return report;
}

}  // namespace

Watched watch(const config::Config& config) {
  Watched out{config.rules, 0};
  out.paths.insert(out.paths.end(), config.decoders.begin(), config.decoders.end());
  out.paths.insert(out.paths.end(), config.field_maps.begin(), config.field_maps.end());
  out.files = fingerprint(out.paths);
  return out;
}

Reloader::Reloader(Host host, LoadCaches caches, std::optional<Watched> watched)
    : host_(std::move(host)), caches_(std::move(caches)), watched_(std::move(watched)) {
  if (watched_) seen_files_ = watched_->files;
}

Reloader::~Reloader() { finish(); }

void Reloader::start() {
  thread_ = source::named_thread("vakt-reload", [this] { run(); });
}

void Reloader::request(std::function<void(api::ReloadReport)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!finished_) {
      waiting_.push_back(std::move(done));
      asked_ = true;
      done = nullptr;
    }
  }
  if (done) return done(refused("the daemon stops"));
  changed_.notify_all();
}

void Reloader::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reloader::run() {
  std::unique_lock lock(mutex_);
  while (!finished_) {
    const auto woken = [this] { return asked_ || finished_; };
    if (watched_ || retired_)
      changed_.wait_for(lock, kLookEvery, woken);
    else
      changed_.wait(lock, woken);
    if (finished_) break;
    if (retired_.use_count() == 1) retired_.reset();
    const Waiting waiting = std::exchange(waiting_, {});
    const bool asked = std::exchange(asked_, false);
    lock.unlock();
    if (asked || (watched_ && files_settled())) {
      const api::ReloadReport report = reload();
      for (const auto& done : waiting) done(report);
    }
    lock.lock();
  }
  const Waiting waiting = std::exchange(waiting_, {});
  lock.unlock();
  for (const auto& done : waiting) done(refused("the daemon stops"));
}

// Changed since they were loaded, and not since the last look: an editor may still be writing.
bool Reloader::files_settled() {
  const std::uint64_t now = fingerprint(watched_->paths);
  return std::exchange(seen_files_, now) == now && now != watched_->files;
}

api::ReloadReport Reloader::reload() {
  const auto start = std::chrono::steady_clock::now();
  metrics::Counters& counters = host_.counters;
  const auto refuse = [&](std::string why, Diagnostics diagnostics = {}) {
    why += "; the rules in use stay";
    for (const Diagnostic& d : diagnostics) spdlog::error("{}", to_string(d));
    spdlog::error("reload: {}", why);
    metrics::add(counters.reloads[0]);
    counters.reload_successful.store(0);
    return refused(std::move(why), std::move(diagnostics));
  };
  Diagnostics diagnostics;
  const auto config = host_.read_config(diagnostics);
  if (!config) return refuse("the configuration cannot be used", std::move(diagnostics));
  if (watched_) {
    watched_ = watch(*config);
    seen_files_ = watched_->files;
  }
  const auto in_use = host_.in_use();
  diagnostics.clear();
  const auto loaded = load_rules(*config, caches_, in_use.get(), diagnostics);
  auto errors = new_errors(diagnostics, in_use->diagnostics);
  if (!loaded || !errors.empty()) {
    const auto count = errors.size();
    return refuse(fmt::format("{} new error{}", count, count == 1 ? "" : "s"), std::move(errors));
  }
  api::ReloadReport report;
  compare(*in_use->pipeline, *loaded->pipeline, report);
  if (!host_.adopt(loaded)) return refused("the daemon stops");
  retired_ = in_use;
  caches_.databases->prune(kCacheBytesMax);
  caches_.texts->forget_unused();
  report.done = true;
  report.rules = loaded->pipeline->rules->rules.size();
  report.correlations = loaded->pipeline->rules->correlations.size();
  report.ruleset_sha256 = loaded->labels.ruleset_sha256;
  report.diagnostics = std::move(diagnostics);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  metrics::add(counters.reloads[1]);
  counters.reload_successful.store(1);
  counters.reload_unix_seconds.store(source::unix_seconds());
  spdlog::info("reload: {} rules and {} correlations, {} added, {} changed, {} removed, {:.2f} s",
               report.rules, report.correlations, report.added, report.changed, report.removed,
               report.seconds);
  for (const std::string& id : report.begin_anew)
    spdlog::info("reload: {} counts anew: its detection, group key or window changed",
                 escape_terminal(id));
  return report;
}

}  // namespace vakt::app
