// Configuration: one YAML file, or none at all. Everything has a default that works on one machine.
//
// All problems are reported at once, each with file, line, column, reason and hint; a configuration
// with an error is not used. Keys, defaults and units: README.md of daemon/.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "correlate/openings.h"
#include "engine/pipeline.h"
#include "framing/framer.h"
#include "store/store.h"

namespace vakt::config {

struct Endpoint {
  std::string host;  // an IP address, without brackets
  std::uint16_t port = 0;
};
std::string to_string(const Endpoint& endpoint);  // "127.0.0.1:514", "[::1]:514"

enum class Transport : std::uint8_t { udp, tcp, http };
std::string_view to_string(Transport transport);

struct Listener {
  Transport transport = Transport::udp;
  Endpoint address;
  engine::ListenerSettings records;  // name, format, year, zone, log source
  framing::Mode framing = framing::Mode::automatic;
  std::size_t frame_bytes_max = 256 * 1024;
  std::size_t receive_buffer_bytes = 8 << 20;  // asked of the kernel, per UDP socket
};

struct Api {
  Endpoint address{"127.0.0.1", 8740};
  std::string token_file;           // default: <data_dir>/api.token, created at first start
  engine::ListenerSettings events;  // of POST /api/v1/events at this address
};

struct StoreSettings {
  store::Durability durability = store::Durability::fsync;
  std::uint64_t raw_bytes_max = 20ull << 30;
  std::optional<Duration> raw_age_max;
  std::optional<Duration> hit_age_max;
};

struct Config {
  std::string file;  // where it came from; empty: defaults only
  std::string data_dir;
  std::vector<std::string> rules;
  std::vector<std::string> decoders;
  std::vector<std::string> field_maps;
  rule::Placeholders placeholders;
  rule::Level open_level = rule::Level::high;
  Api api;
  std::vector<Listener> listeners;
  std::uint64_t memory_budget_bytes = 512ull << 20;
  std::uint64_t memory_groups_bytes = 256ull << 20;  // state of correlation groups
  StoreSettings store;
  std::size_t workers = 0;  // 0: one a core
  Duration disorder = std::chrono::seconds(60);
  correlate::StormSettings storm;
  std::uint64_t exact_values_max =
      100'000;  // different values in a window that are counted exactly
  bool allow_plaintext = false;
  bool watch_rules = false;  // read rules, decoders and field maps again when their files change
};

// What the defaults depend on.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<bool(const std::string& path)> directory_exists;
  bool root = false;

  static Environment of_process();
};

// A configuration of defaults only.
Config defaults(const Environment& environment);

// `text` as read from `file`. Null when something is wrong with it: see `diagnostics`.
std::optional<Config> parse(std::string_view text, const std::string& file,
                            const Environment& environment, Diagnostics& diagnostics);

// Reads `file`; empty: defaults only.
std::optional<Config> load(const std::string& file, const Environment& environment,
                           Diagnostics& diagnostics);

}  // namespace vakt::config
