// Where things are when nobody says otherwise.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "config/config.h"

namespace vakt::config {

namespace {

constexpr const char* kInstalledRules = "/usr/share/vakt/rules";

std::string default_data_dir(const Environment& environment) {
  if (const auto given = environment.variable("STATE_DIRECTORY")) {
    // systemd gives several, separated by colons, when a unit names several.
    return given->substr(0, given->find(':'));
  }
  if (environment.root) return "/var/lib/vakt";
  if (const auto state = environment.variable("XDG_STATE_HOME")) return *state + "/vakt";
  if (const auto home = environment.variable("HOME")) return *home + "/.local/state/vakt";
  return "/var/lib/vakt";
}

std::string default_rules_dir(const Environment& environment) {
  return environment.directory_exists(kInstalledRules) ? kInstalledRules : VAKT_RULES_DIR;
}

Listener listener(std::string name, Transport transport, std::uint16_t port,
                  engine::Format format) {
  Listener made;
  made.transport = transport;
  made.address = {"127.0.0.1", port};
  made.records.name = std::move(name);
  made.records.format = format;
  return made;
}

}  // namespace

Environment Environment::of_process() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
  environment.directory_exists = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_directory(path, error);
  };
  environment.root = geteuid() == 0;
  return environment;
}

Config defaults(const Environment& environment) {
  Config config;
  config.data_dir = default_data_dir(environment);
  config.rules = {default_rules_dir(environment)};
  config.decoders = {config.rules.front() + "/decoders"};
  config.field_maps = {config.rules.front() + "/field_maps"};
  config.api.token_file = config.data_dir + "/api.token";
  config.api.events.name = "http";
  config.api.events.format = engine::Format::automatic;
  config.listeners.push_back(
      listener("syslog-udp", Transport::udp, 5514, engine::Format::automatic));
  config.listeners.push_back(
      listener("syslog-tcp", Transport::tcp, 5514, engine::Format::automatic));
  config.listeners.push_back(listener("ndjson", Transport::tcp, 5515, engine::Format::json));
  return config;
}

std::string_view to_string(Transport transport) {
  switch (transport) {
    case Transport::udp:
      return "udp";
    case Transport::tcp:
      return "tcp";
    case Transport::http:
      return "http";
  }
  return "";
}

}  // namespace vakt::config
