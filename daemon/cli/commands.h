// The commands, each in the file of its name. They add themselves to the application; when chosen
// they run and leave their exit status. Internal to this folder.
#pragma once

namespace CLI {
class App;
}

namespace vakt::cli {

void add_serve(CLI::App& app, int& status);
void add_check(CLI::App& app, int& status);
void add_replay(CLI::App& app, int& status);
void add_rules(CLI::App& app, int& status);
void add_rules_test(CLI::App& rules, int& status);
void add_rules_match(CLI::App& rules, int& status);
void add_rules_reload(CLI::App& rules, int& status);
void add_rules_check(CLI::App& rules, int& status);
void add_incidents(CLI::App& app, int& status);
void add_users(CLI::App& app, int& status);
void add_tokens(CLI::App& app, int& status);
void add_whoami(CLI::App& app, int& status);
void add_store(CLI::App& app, int& status);
void add_audit(CLI::App& app, int& status);
void add_kpi(CLI::App& app, int& status);
void add_version(CLI::App& app, int& status);

}  // namespace vakt::cli
