#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/rule_paths.h"
#include "config/config.h"

namespace vakt::cli {
namespace {

constexpr const char* kFooter = R"(
Reports everything wrong with the configuration, decoders, field maps and rules, each problem with
file, line, column and what to do. Starts nothing. Exit status 3 when there is an error.

Examples:
  vakt check                                   the shipped rules
  vakt check --config /etc/vakt/vakt.yaml      before a (re)start
  vakt check --rules ~/sigma/rules             would these rules load?
  vakt check --json | jq '.diagnostics[].file')";

struct Options {
  std::string config;
  std::vector<std::string> rules;
  bool json = false;
};

engine::PipelineOptions pipeline_options(const config::Config& config, const Options& options) {
  engine::PipelineOptions out;
  out.rule_paths = config.rules;
  out.decoder_paths = config.decoders;
  out.field_map_paths = config.field_maps;
  out.rules.placeholders = config.placeholders;
  if (!options.rules.empty()) {
    const RulePaths paths = rule_paths(options.rules, {});
    out.rule_paths = paths.rules;
    out.decoder_paths = paths.decoders;
    out.field_map_paths = paths.field_maps;
  }
  out.open_level = config.open_level;
  for (const config::Listener& listener : config.listeners)
    out.listeners.push_back(listener.records);
  return out;
}

int check(const Options& options) {
  Diagnostics diagnostics;
  std::size_t rules = 0;
  std::size_t correlations = 0;
  const auto config = config::load(options.config, config::Environment::of_process(), diagnostics);
  if (config) {
    const auto pipeline = engine::Pipeline::load(pipeline_options(*config, options), diagnostics);
    if (pipeline) {
      rules = pipeline->rules->rules.size();
      correlations = pipeline->rules->correlations.size();
    }
  }
  const auto errors = std::count_if(diagnostics.begin(), diagnostics.end(),
                                    [](const auto& d) { return d.severity == Severity::error; });
  const auto warnings = static_cast<std::ptrdiff_t>(diagnostics.size()) - errors;
  if (options.json) {
    print(
        fmt::format("{{\"ok\":{},\"rules\":{},\"correlations\":{},\"errors\":{},\"warnings\":{},"
                    "\"diagnostics\":{}}}\n",
                    errors == 0, rules, correlations, errors, warnings, to_json(diagnostics)));
  } else {
    report(diagnostics);
    print(fmt::format("{}: {} rules, {} correlations, {} errors, {} warnings\n",
                      errors == 0 ? "ok" : "failed", rules, correlations, errors, warnings));
  }
  return errors == 0 ? kOk : kCheckFailed;
}

}  // namespace

void add_check(CLI::App& app, int& status) {
  auto* command =
      app.add_subcommand("check", "Check configuration, decoders, field maps and rules");
  const auto options = std::make_shared<Options>();
  command->add_option("--config", options->config, "Configuration file (default: none needed)");
  command->add_option("--rules", options->rules, "Rule files or directories to check instead")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "As one JSON object on standard output");
  command->footer(kFooter);
  command->callback([options, &status] { status = check(*options); });
}

}  // namespace vakt::cli
