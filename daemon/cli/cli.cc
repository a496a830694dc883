#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/commands.h"

namespace vakt::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  vakt serve                                      run with defaults, on this machine only
  vakt check --config /etc/vakt/vakt.yaml         before a (re)start
  vakt replay --year 2025 /var/log/auth.log       what would have been detected
  vakt rules test                                 the rules against their scenarios
  vakt incidents list                             what is open now

Exit status: 0 done, 1 error, 2 wrong usage, 3 a check failed, 4 not authorised,
5 not found or in conflict. Data goes to standard output, messages to standard error.
NO_COLOR=1 turns colours off.)";

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app("Vakt takes in logs, detects attacks with Sigma rules and keeps the incidents.",
               "vakt");
  app.footer(kFooter);
  app.require_subcommand(1);
  int status = kOk;
  add_serve(app, status);
  add_check(app, status);
  add_replay(app, status);
  add_rules(app, status);
  add_incidents(app, status);
  add_users(app, status);
  add_tokens(app, status);
  add_whoami(app, status);
  add_store(app, status);
  add_audit(app, status);
  add_kpi(app, status);
  add_version(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11's own codes are beyond 100; 0 is for --help.
    return app.exit(error, std::cout, std::cerr) == 0 ? kOk : kUsage;
  }
  return status;
}

}  // namespace vakt::cli
