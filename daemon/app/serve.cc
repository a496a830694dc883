#include "app/serve.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>

#include "app/app.h"
#include "app/notify.h"
#include "app/version.h"

namespace vakt::app {

namespace {

constexpr int kImpatient = 130;

extern "C" void end_at_once(int) { ::_exit(kImpatient); }

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

sigset_t awaited_signals() {
  sigset_t signals = stop_signals();
  sigaddset(&signals, SIGHUP);
  return signals;
}

// The daemon's threads inherit the mask, so that signals reach this thread alone.
void block_signals() {
  const sigset_t signals = awaited_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

// Somebody who asks twice does not want to wait.
void end_at_the_next_signal() {
  std::signal(SIGTERM, end_at_once);
  std::signal(SIGINT, end_at_once);
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void log_to_standard_error() {
  auto logger = spdlog::stderr_color_mt("vakt");
  // A person at a terminal knows the day.
  logger->set_pattern(::isatty(STDERR_FILENO) != 0 ? "%H:%M:%S %^%l%$ %v"
                                                   : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

int serve(const config::Config& config, const AppOptions& options) {
  block_signals();
  log_to_standard_error();
  spdlog::info("vakt {} ({}) starts, data in {}", version(), revision(), config.data_dir);
  auto app = App::start(config, options);
  if (!app) {
    spdlog::error("vakt cannot start: {}", app.error().message);
    return 1;
  }
  notify("READY=1");
  spdlog::info("ready");

  const sigset_t signals = awaited_signals();
  int signal = SIGHUP;
  while (signal == SIGHUP) {
    ::sigwait(&signals, &signal);
    if (signal == SIGHUP) (*app)->reload([](const api::ReloadReport&) {});  // it logs
  }
  end_at_the_next_signal();
  notify("STOPPING=1");
  spdlog::info("stopping: taking in nothing new, committing what there is");
  const bool kept_all = (*app)->stop();
  if (!kept_all) spdlog::error("stopped, but the store could not keep everything: see above");
  if (kept_all) spdlog::info("stopped");
  return kept_all ? 0 : 1;
}

}  // namespace vakt::app
