#include "app/serve.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace vakt::cli {
namespace {

constexpr const char* kFooter = R"(
Runs in the foreground until SIGTERM or SIGINT; logs to standard error. SIGHUP reads rules, decoders
and field maps again, as `vakt rules reload` does.

Examples:
  vakt serve                                      defaults: listens on this machine only
  vakt serve --data-dir /tmp/vakt-try             a store to throw away
  vakt serve --config /etc/vakt/vakt.yaml         what the systemd unit runs

Then:
  curl -s http://127.0.0.1:8740/-/ready
  logger --server 127.0.0.1 --port 5514 --udp "hello"
  vakt incidents list)";

struct Options {
  std::string config;
  std::string data_dir;
  std::vector<std::string> rules;
};

std::optional<config::Config> read(const Options& options, Diagnostics& diagnostics) {
  auto config = config::load(options.config, config::Environment::of_process(), diagnostics);
  if (!config) return config;
  if (!options.data_dir.empty()) {
    if (config->api.token_file == config->data_dir + "/api.token")
      config->api.token_file = options.data_dir + "/api.token";
    config->data_dir = options.data_dir;
  }
  if (!options.rules.empty()) config->rules = options.rules;
  return config;
}

int serve(const Options& options) {
  Diagnostics diagnostics;
  const auto config = read(options, diagnostics);
  report(diagnostics);
  if (!config) {
    message("vakt serve: the configuration cannot be used; nothing was started");
    return kError;
  }
  app::AppOptions app_options;
  app_options.read_config = [options](Diagnostics& found) { return read(options, found); };
  return app::serve(*config, app_options);
}

}  // namespace

void add_serve(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("serve", "Run the daemon in the foreground");
  const auto options = std::make_shared<Options>();
  command->add_option("--config", options->config, "Configuration file (default: none needed)");
  command->add_option("--data-dir", options->data_dir, "Where the store and the API token are");
  command->add_option("--rules", options->rules, "Rule files or directories to use instead")
      ->allow_extra_args(false);
  command->footer(kFooter);
  command->callback([options, &status] { status = serve(*options); });
}

}  // namespace vakt::cli
