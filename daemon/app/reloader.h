// Reloader: reads the rules again while the daemon runs, on a thread of its own, and has the data
// path change over to them. All or nothing: a set with a new error is refused, and the one in use
// stays. Errors that the set in use has too do not count: the operator lives with them.
//
// Asked for by a signal, by the API, or by the files themselves when they are watched. Requests
// that come while one is under way share the next one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/backend.h"
#include "app/load.h"
#include "config/config.h"
#include "source/loaded.h"

namespace vakt::app {

// The files of rules, decoders and field maps as they were at some moment.
struct Watched {
  std::vector<std::string> paths;
  std::uint64_t files = 0;  // fingerprint of their names, sizes and times
};
Watched watch(const config::Config& config);

class Reloader {
 public:
  struct Host {
    // The configuration as it is now; nothing: it cannot be used, see the diagnostics.
    std::function<std::optional<config::Config>(Diagnostics&)> read_config;
    std::function<std::shared_ptr<const source::Loaded>()> in_use;
    // Changes over; true when the engine has. False: the daemon stops.
    std::function<bool(std::shared_ptr<const source::Loaded>)> adopt;
    metrics::Counters& counters;
  };

  // `watched`: made before the rules in use were read, so that no change falls between.
  Reloader(Host host, LoadCaches caches, std::optional<Watched> watched);
  ~Reloader();

  void start();
  // Any thread. `done` is called once, on this object's thread.
  void request(std::function<void(api::ReloadReport)> done);
  // What is under way is finished, what waits is refused.
  void finish();

 private:
  using Waiting = std::vector<std::function<void(api::ReloadReport)>>;

  void run();
  api::ReloadReport reload();
  bool files_settled();

  Host host_;
  LoadCaches caches_;
  // Until nobody else holds it: so no thread of the data path has to free it.
  std::shared_ptr<const source::Loaded> retired_;
  std::optional<Watched> watched_;  // none: nobody looks
  std::uint64_t seen_files_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  Waiting waiting_;        // guarded by mutex_
  bool asked_ = false;     // guarded by mutex_
  bool finished_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace vakt::app
