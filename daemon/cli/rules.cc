#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace vakt::cli {

void add_rules(CLI::App& app, int& status) {
  auto* rules = app.add_subcommand("rules", "Work on rules");
  rules->require_subcommand(1);
  add_rules_test(*rules, status);
  add_rules_match(*rules, status);
  add_rules_reload(*rules, status);
  add_rules_check(*rules, status);
}

}  // namespace vakt::cli
