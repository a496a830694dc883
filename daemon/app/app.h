// App: the whole daemon as one object: wires the threads, starts and stops them in order.
// README.md of daemon/ has the table of threads. Thread: whoever made it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api_host.h"
#include "app/audit_keeper.h"
#include "app/committer.h"
#include "app/engine_loop.h"
#include "app/reloader.h"
#include "app/store_slot.h"
#include "config/config.h"
#include "metrics/exposition.h"
#include "source/context.h"
#include "source/worker_thread.h"

namespace vakt::app {

struct AppOptions {
  rocksdb::Env* env = nullptr;  // null: the real one
  // For a reload; empty: the configuration it was started with. Of what it gives, rules, decoders,
  // field maps and what belongs to them are used; the rest is for the next start.
  std::function<std::optional<config::Config>(Diagnostics&)> read_config = {};
};

class App {
 public:
  // Everything listens when it returns.
  static Result<std::unique_ptr<App>> start(const config::Config& config,
                                            const AppOptions& options = {});
  ~App();

  // Takes nothing new, commits what was taken in, leaves a checkpoint, ends all threads. False:
  // something that was taken in could not be kept (the metrics and the log say what). Once.
  bool stop();

  // Reads the rules again; `done` says what became of it, on a thread of the daemon's. Any thread.
  void reload(std::function<void(api::ReloadReport)> done);

  std::uint16_t api_port() const { return api_port_; }
  std::uint16_t port(std::string_view listener) const;  // 0: no such listener
  const metrics::Counters& counters() const { return *counters_; }
  const metrics::ListenerCounters& listener(std::string_view name) const;
  source::Context& context() { return *context_; }

 private:
  App() = default;
  Result<void> load(const config::Config& config);
  void make_reloader(const config::Config& config, const AppOptions& options);
  Result<void> open_store(const config::Config& config, const AppOptions& options);
  Result<void> open_sources(const config::Config& config);
  Result<void> open_listener(const config::Listener& settings, std::uint16_t index);
  Result<void> open_http(const config::Config& config);
  api::Backend backend();
  void change_access(store::AccessChanges changes, api::AccessBook::Done done);
  void command(engine::Command command, std::function<void(Result<incident::Incident>)> done);
  std::string metrics_text();

  std::shared_ptr<const source::Loaded> in_use() const;
  bool adopt(std::shared_ptr<const source::Loaded> next);

  LoadCaches caches_;
  std::optional<Watched> watched_;  // until the reloader has it
  mutable std::mutex loaded_mutex_;
  std::shared_ptr<const source::Loaded> loaded_;  // guarded by loaded_mutex_
  std::unique_ptr<metrics::Counters> counters_;
  metrics::RequestTimes times_;
  std::unique_ptr<source::Context> context_;
  StoreSlot slot_;
  api::AccessBook access_{[this](store::AccessChanges changes, api::AccessBook::Done done) {
    change_access(std::move(changes), std::move(done));
  }};
  std::unique_ptr<api::Gate> gate_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<EngineLoop> engine_;
  std::vector<std::unique_ptr<source::WorkerThread>> workers_;
  std::unique_ptr<ApiHost> api_;
  std::unique_ptr<api::PasswordWorker> passwords_;  // after api_: what waits in it answers there
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<AuditKeeper> audit_;
  std::vector<std::uint16_t> ports_;  // by listener
  std::uint16_t api_port_ = 0;
  std::atomic<bool> stopping_{false};
  bool started_ = false;
  bool kept_all_ = true;
};

}  // namespace vakt::app
