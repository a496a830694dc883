#include "app/version.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace vakt::cli {

void add_version(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("version", "Print what was built");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As one JSON object");
  command->callback([json, &status] {
    print(*json ? fmt::format("{{\"version\":{},\"revision\":{}}}\n", json_string(app::version()),
                              json_string(app::revision()))
                : fmt::format("vakt {} ({})\n", app::version(), app::revision()));
    status = kOk;
  });
}

}  // namespace vakt::cli
