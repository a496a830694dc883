#include "app/app.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <utility>

#include "app/api_token.h"
#include "app/load.h"
#include "app/version.h"
#include "base/check.h"
#include "source/clock.h"
#include "source/tcp.h"

namespace vakt::app {

namespace {

constexpr std::size_t kQueueCapacity = 64;
constexpr std::chrono::milliseconds kDrainMax{5'000};
constexpr std::chrono::milliseconds kAnswersMax{1'000};
constexpr std::chrono::milliseconds kAdoptionPoll{100};

// Descriptors that connections of senders may use: what the store, the API and the files of the
// process need is kept back, or a flood of connections would take the store down.
std::size_t stream_connections_max(std::size_t http_servers) {
  constexpr std::size_t kOthers = 512;
  constexpr std::size_t kHttpConnections = 1'000;  // http::Options
  constexpr std::size_t kFew = 64;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFew;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFew;
  const std::size_t others = kOthers + kHttpConnections * http_servers;
  if (limit.rlim_cur < others + kFew) {
    spdlog::warn(
        "only {} open files are allowed: {} connections of senders are taken; raise the "
        "limit (LimitNOFILE=, ulimit -n) to {} or more",
        limit.rlim_cur, kFew, others + source::kConnectionsMax);
    return kFew;
  }
  return std::min<std::size_t>(source::kConnectionsMax, limit.rlim_cur - others);
}

Result<void> make_data_dir(const std::string& path) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(path, error);
  if (error)
    return fail(Errc::io, fmt::format("cannot create the data directory {}: {}; set 'data_dir', or "
                                      "start as a user who may write there",
                                      path, error.message()));
  if (created) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error)
    return fail(Errc::io, fmt::format("cannot make the data directory {} its owner's alone: {}",
                                      path, error.message()));
  return {};
}

store::Options store_options(const config::Config& config, rocksdb::Env* env) {
  store::Options options;
  options.path = config.data_dir + "/store";
  options.durability = config.store.durability;
  options.raw_bytes_max = config.store.raw_bytes_max;
  options.raw_age_max = config.store.raw_age_max;
  options.hit_age_max = config.store.hit_age_max;
  options.env = env;
  return options;
}

void log_all(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics)
    spdlog::log(diagnostic.severity == Severity::error ? spdlog::level::err : spdlog::level::warn,
                "{}", to_string(diagnostic));
}

tl::unexpected<Error> of_listener(const config::Listener& listener, const Error& error) {
  return fail(error.code, fmt::format("listener {}: {}", listener.records.name, error.message));
}

std::string format_name(engine::Format format) {
  switch (format) {
    case engine::Format::automatic:
      return "automatic";
    case engine::Format::syslog:
      return "syslog";
    case engine::Format::json:
      return "json";
  }
  return "";
}

}  // namespace

Result<std::unique_ptr<App>> App::start(const config::Config& config, const AppOptions& options) {
  std::unique_ptr<App> app(new App());
  if (auto made = make_data_dir(config.data_dir); !made) return tl::make_unexpected(made.error());
  if (auto loaded = app->load(config); !loaded) return tl::make_unexpected(loaded.error());
  if (auto opened = app->open_store(config, options); !opened)
    return tl::make_unexpected(opened.error());
  if (auto opened = app->open_sources(config); !opened) return tl::make_unexpected(opened.error());
  app->make_reloader(config, options);
  app->started_ = true;
  app->committer_->start();
  app->engine_->start();
  app->api_->start();
  for (const auto& worker : app->workers_) worker->start();
  app->reloader_->start();
  app->audit_->start();
  return app;
}

App::~App() { stop(); }

Result<void> App::load(const config::Config& config) {
  const auto begin = std::chrono::steady_clock::now();
  Diagnostics diagnostics;
  if (config.watch_rules) watched_ = watch(config);
  caches_.databases = std::make_shared<scan::Cache>(config.data_dir + "/cache");
  loaded_ = load_rules(config, caches_, nullptr, diagnostics);
  log_all(diagnostics);
  if (!loaded_)
    return fail(Errc::invalid, "nothing of the rules or decoders can be used: see above");
  const engine::Pipeline& pipeline = *loaded_->pipeline;
  spdlog::info(
      "{} rules and {} correlations loaded in {:.2f} s; pattern databases: {} compiled, "
      "{} from the cache",
      pipeline.rules->rules.size(), pipeline.rules->correlations.size(),
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
      caches_.databases->counts().compiled, caches_.databases->counts().read);
  counters_ = std::make_unique<metrics::Counters>(pipeline.listeners.size());
  for (std::size_t i = 0; i < pipeline.listeners.size(); ++i) {
    counters_->listeners[i]->name = pipeline.listeners[i].settings.name;
    counters_->listeners[i]->format = format_name(pipeline.listeners[i].settings.format);
  }
  counters_->reload_unix_seconds.store(source::unix_seconds());
  context_ =
      std::make_unique<source::Context>(*counters_, config.memory_budget_bytes, kQueueCapacity);
  const auto http = std::count_if(
      config.listeners.begin(), config.listeners.end(),
      [](const config::Listener& l) { return l.transport == config::Transport::http; });
  context_->stream_connections_max = stream_connections_max(static_cast<std::size_t>(http) + 1);
  return {};
}

Result<void> App::open_store(const config::Config& config, const AppOptions& options) {
  engine::EngineOptions engine_options;
  engine_options.watermark.disorder = config.disorder;
  engine_options.storm = config.storm;
  engine_options.set_state_bytes_max(config.memory_groups_bytes);
  committer_ = std::make_unique<Committer>(*context_, slot_);
  engine_ = std::make_unique<EngineLoop>(*context_, loaded_, slot_, *committer_, access_,
                                         store_options(config, options.env), engine_options);
  return engine_->open();
}

Result<void> App::open_sources(const config::Config& config) {
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t workers = config.workers > 0 ? config.workers : cores;
  for (std::size_t i = 0; i < workers; ++i)
    workers_.push_back(std::make_unique<source::WorkerThread>(*context_, loaded_));
  if (auto opened = open_http(config); !opened) return opened;
  for (std::size_t i = 0; i < config.listeners.size(); ++i)
    if (auto opened = open_listener(config.listeners[i], static_cast<std::uint16_t>(i)); !opened)
      return of_listener(config.listeners[i], opened.error());
  return {};
}

Result<void> App::open_http(const config::Config& config) {
  auto audit_key = audit_key_of(config.data_dir);
  if (!audit_key) return tl::make_unexpected(audit_key.error());
  audit_ = std::make_unique<AuditKeeper>(slot_, *counters_, std::move(*audit_key),
                                         config.data_dir + "/audit.checkpoint");
  const auto token_hash = token_hash_of(config.api.token_file);
  if (!token_hash) return tl::make_unexpected(token_hash.error());
  std::vector<source::WorkerThread*> workers;
  for (const auto& worker : workers_) workers.push_back(worker.get());
  const auto find_answer =
      [this](const std::string& key) -> Result<std::optional<store::Idempotency>> {
    const auto store = slot_.get();
    if (!store) return fail(Errc::unavailable, "the store is being reopened");
    return store->idempotency(key);
  };
  api_ = std::make_unique<ApiHost>(ApiHost::Intake{*context_, std::move(workers), find_answer},
                                   times_);
  ports_.resize(config.listeners.size() + 1);
  const auto api = static_cast<std::uint16_t>(config.listeners.size());
  gate_ = std::make_unique<api::Gate>(*token_hash, access_);
  passwords_ = std::make_unique<api::PasswordWorker>();
  const auto port = api_->open_api(config.api, api, backend());
  if (!port) return fail(port.error().code, "the API: " + port.error().message);
  api_port_ = ports_[api] = *port;
  spdlog::info("API and events over HTTP on {}",
               config::to_string({config.api.address.host, api_port_}));
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    if (config.listeners[i].transport != config::Transport::http) continue;
    const auto opened =
        api_->open_events(config.listeners[i], static_cast<std::uint16_t>(i), *gate_);
    if (!opened) return of_listener(config.listeners[i], opened.error());
    ports_[i] = *opened;
  }
  return {};
}

Result<void> App::open_listener(const config::Listener& settings, std::uint16_t index) {
  source::Bind where{settings.address.host, settings.address.port};
  std::size_t buffer = 0;
  for (const auto& worker : workers_) {
    Result<std::uint16_t> port = ports_[index];
    if (settings.transport == config::Transport::tcp)
      port = worker->open_tcp({index, where, settings.framing, settings.frame_bytes_max});
    else if (settings.transport == config::Transport::udp)
      port = worker->open_udp(
          {index, where, settings.frame_bytes_max, settings.receive_buffer_bytes}, buffer);
    if (!port) return tl::make_unexpected(port.error());
    // All workers share the port that the first one got.
    where.port = ports_[index] = *port;
  }
  spdlog::info("listener {}: {} on {}", settings.records.name, to_string(settings.transport),
               config::to_string({settings.address.host, ports_[index]}));
  if (settings.transport == config::Transport::udp && buffer < settings.receive_buffer_bytes)
    spdlog::warn(
        "listener {}: the kernel gave a receive buffer of {} KiB, not {} KiB; raise "
        "net.core.rmem_max so that bursts are not lost",
        settings.records.name, buffer >> 10, settings.receive_buffer_bytes >> 10);
  return {};
}

api::Backend App::backend() {
  api::Backend backend;
  backend.current_store = [this]() -> std::shared_ptr<const store::Store> { return slot_.get(); };
  backend.command = [this](engine::Command asked,
                           std::function<void(Result<incident::Incident>)> done) {
    command(std::move(asked), std::move(done));
  };
  backend.reload = [this](std::function<void(api::ReloadReport)> done) { reload(std::move(done)); };
  backend.metrics = [this] { return metrics_text(); };
  backend.pipeline = [this] { return in_use()->pipeline; };
  backend.ready = [this](std::string& why) {
    if (stopping_.load()) why = "stopping";
    if (context_->store_down.load()) why = "the store cannot be written";
    return why.empty();
  };
  backend.gate = gate_.get();
  backend.passwords = passwords_.get();
  backend.version = version();
  backend.audit_checkpoint = [this] { return audit_->checkpoint(); };
  backend.audit_key = audit_->verifier().text();
  backend.verify_audit = [this](auto checkpoints, auto done) {
    audit_->verify(std::move(checkpoints), std::move(done));
  };
  backend.auth_failed = [this] { metrics::add(counters_->auth_failures); };
  return backend;
}

void App::command(engine::Command command, std::function<void(Result<incident::Incident>)> done) {
  auto work = std::make_unique<source::Work>();
  work->command = source::CommandWork{std::move(command), std::move(done)};
  // Ahead of no one, but never held back by a flood.
  if (context_->store_down.load() || !context_->queue.push_now(work))
    work->command->done(
        fail(Errc::unavailable, "nothing can be stored now: try again in a moment"));
}

void App::change_access(store::AccessChanges changes, api::AccessBook::Done done) {
  auto work = std::make_unique<source::Work>();
  work->access = source::AccessWork{std::move(changes), std::move(done)};
  if (context_->store_down.load() || !context_->queue.push_now(work))
    work->access->done(fail(Errc::unavailable, "nothing can be stored now: try again in a moment"));
}

std::string App::metrics_text() {
  counters_->budget_used_bytes.store(context_->budget.used(), std::memory_order_relaxed);
  const auto store = slot_.get();
  const auto loaded = in_use();
  return metrics::exposition(*counters_, loaded->counters, loaded->labels,
                             store ? store->stats() : store::Stats{}, &times_);
}

void App::make_reloader(const config::Config& config, const AppOptions& options) {
  Reloader::Host host{options.read_config, [this] { return in_use(); },
                      [this](auto next) { return adopt(std::move(next)); }, *counters_};
  if (!host.read_config) host.read_config = [config](Diagnostics&) { return config; };
  // Listeners cannot change while they are open, and rules are read for them.
  host.read_config = [config, read = std::move(host.read_config)](Diagnostics& diagnostics) {
    auto now = read(diagnostics);
    if (now) {
      now->listeners = config.listeners;
      now->api = config.api;
    }
    return now;
  };
  reloader_ = std::make_unique<Reloader>(std::move(host), caches_, std::move(watched_));
}

void App::reload(std::function<void(api::ReloadReport)> done) {
  reloader_->request(std::move(done));
}

std::shared_ptr<const source::Loaded> App::in_use() const {
  const std::lock_guard lock(loaded_mutex_);
  return loaded_;
}

bool App::adopt(std::shared_ptr<const source::Loaded> next) {
  const auto changed = std::make_shared<std::promise<void>>();
  auto future = changed->get_future();
  const auto adoption = std::make_shared<source::Adoption>();
  adoption->loaded = next;
  adoption->workers = workers_.size();
  adoption->done = [changed] { changed->set_value(); };
  for (const auto& worker : workers_)
    worker->adopt(std::make_unique<engine::Worker>(next->pipeline), adoption);
  // While the store is away the engine takes nothing; whoever stops the daemon does not wait.
  while (future.wait_for(kAdoptionPoll) != std::future_status::ready)
    if (stopping_.load()) return false;
  const std::lock_guard lock(loaded_mutex_);
  loaded_ = std::move(next);
  return true;
}

std::uint16_t App::port(std::string_view listener) const {
  for (std::size_t i = 0; i < ports_.size(); ++i)
    if (counters_->listeners[i]->name == listener) return ports_[i];
  return 0;
}

const metrics::ListenerCounters& App::listener(std::string_view name) const {
  const auto found = std::find_if(counters_->listeners.begin(), counters_->listeners.end(),
                                  [&](const auto& l) { return l->name == name; });
  check(found != counters_->listeners.end(), "a listener of this name");
  return **found;
}

bool App::stop() {
  if (!std::exchange(started_, false)) return kept_all_;
  stopping_.store(true);
  reloader_->finish();
  // In the direction of the data: who takes in first, who writes last, who answers at the end.
  api_->stop_intake();
  for (const auto& worker : workers_) worker->stop(kDrainMax);
  for (const auto& worker : workers_) worker->join();
  engine_->finish();
  committer_->finish();
  audit_->finish();
  api_->finish(kAnswersMax);
  kept_all_ = engine_->kept_all();
  for (const auto& listener : counters_->listeners) {
    const auto lost =
        metrics::get(listener->dropped[static_cast<std::size_t>(metrics::Dropped::shutdown)]);
    if (lost == 0) continue;
    spdlog::error("listener {}: {} events could not be stored in time and are lost", listener->name,
                  lost);
    kept_all_ = false;
  }
  slot_.close();
  return kept_all_;
}

}  // namespace vakt::app
