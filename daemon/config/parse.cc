// The configuration file: keys to values, and what must hold between them.

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "base/text.h"
#include "config/config.h"
#include "config/reader.h"
#include "config/units.h"
#include "engine/worker.h"

namespace vakt::config {

namespace {

using yaml::Node;

const std::vector<std::string_view> kTopKeys{
    "data_dir",    "rules",        "decoders",    "field_maps",     "open_level", "api",
    "listeners",   "memory",       "store",       "workers",        "disorder",   "storm",
    "correlation", "placeholders", "watch_rules", "allow_plaintext"};
const std::vector<std::string_view> kListenerKeys{
    "name", "type", "address",   "format",          "framing",
    "year", "zone", "logsource", "frame_bytes_max", "receive_buffer"};

class FileReader {
 public:
  FileReader(const std::string& file, const Environment& environment, Diagnostics& diagnostics)
      : read_(file, diagnostics), environment_(environment) {}

  // Any names, each with a list of texts.
  void placeholders(const Node& root, rule::Placeholders& out) {
    const Node* node = root.find("placeholders");
    if (node == nullptr || node->is_null()) return;
    if (!node->is_map()) {
      read_.error(*node, "'placeholders' must be a map",
                  "for example: placeholders: {admins: [alice, bob]}");
      return;
    }
    for (const yaml::Entry& entry : node->entries) read_.texts(*node, entry.key, out[entry.key]);
  }

  void top(const Node& root, Config& config) {
    if (!read_.is_map(root, "the configuration", kTopKeys)) return;
    if (read_.text(root, "data_dir", config.data_dir))
      config.api.token_file = config.data_dir + "/api.token";
    if (read_.texts(root, "rules", config.rules)) {
      own_folder(config, "decoders", config.decoders);
      own_folder(config, "field_maps", config.field_maps);
    }
    read_.texts(root, "decoders", config.decoders);
    read_.texts(root, "field_maps", config.field_maps);
    placeholders(root, config.placeholders);
    read_.choice<rule::Level>(root, "open_level",
                              {{"informational", rule::Level::informational},
                               {"low", rule::Level::low},
                               {"medium", rule::Level::medium},
                               {"high", rule::Level::high},
                               {"critical", rule::Level::critical}},
                              config.open_level);
    read_.integer(root, "workers", {0, 256}, config.workers);
    read_.duration(root, "disorder", config.disorder);
    if (const Node* storm = read_.map(root, "storm", {"groups", "window"})) {
      read_.integer(*storm, "groups", {0, 1'000'000}, config.storm.groups);
      read_.duration(*storm, "window", config.storm.window);
    }
    if (const Node* correlation = read_.map(root, "correlation", {"exact_values"}))
      read_.integer(*correlation, "exact_values", {1'000, 10'000'000}, config.exact_values_max);
    read_.flag(root, "allow_plaintext", config.allow_plaintext);
    read_.flag(root, "watch_rules", config.watch_rules);
    if (const Node* memory = read_.map(root, "memory", {"budget", "groups"})) {
      read_.size(*memory, "budget", {64 << 20, 1ull << 42}, config.memory_budget_bytes);
      read_.size(*memory, "groups", {16 << 20, 1ull << 42}, config.memory_groups_bytes);
    }
    store(root, config.store);
    allow_plaintext_ = config.allow_plaintext;
    api(root, config.api);
    listeners(root, config);
  }

 private:
  // Rules that bring decoders or field maps along use those; others use the installed ones.
  void own_folder(const Config& config, const std::string& name, std::vector<std::string>& paths) {
    std::vector<std::string> own;
    for (const std::string& rules : config.rules)
      if (const std::string path = rules + "/" + name; environment_.directory_exists(path))
        own.push_back(path);
    if (!own.empty()) paths = own;
  }

  void store(const Node& root, StoreSettings& store) {
    const Node* node =
        read_.map(root, "store", {"durability", "raw_bytes_max", "raw_age_max", "hit_age_max"});
    if (node == nullptr) return;
    read_.choice<store::Durability>(*node, "durability",
                                    {{"fsync", store::Durability::fsync},
                                     {"os", store::Durability::os},
                                     {"memory", store::Durability::memory}},
                                    store.durability);
    read_.size(*node, "raw_bytes_max", {1 << 20, 1ull << 60}, store.raw_bytes_max);
    read_.duration(*node, "raw_age_max", store.raw_age_max);
    read_.duration(*node, "hit_age_max", store.hit_age_max);
  }

  void api(const Node& root, Api& api) {
    const Node* node = read_.map(root, "api", {"address", "token_file", "events"});
    if (node == nullptr) return;
    endpoint(*node, api.address);
    read_.text(*node, "token_file", api.token_file);
    if (const Node* events = read_.map(*node, "events", {"year", "zone", "format", "logsource"}))
      records(*events, api.events);
  }

  void listeners(const Node& root, Config& config) {
    const Node* node = root.find("listeners");
    if (node == nullptr) return;
    config.listeners.clear();
    if (node->is_null()) return;
    if (!node->is_sequence()) {
      read_.error(*node, "'listeners' must be a list",
                  "each entry starts with '- name: …' and has a type and an address");
      return;
    }
    std::set<std::string> names{"http"};
    for (const Node& item : node->items) {
      Listener listener;
      if (!read_.is_map(item, "a listener", kListenerKeys)) continue;
      one_listener(item, listener, names);
      config.listeners.push_back(std::move(listener));
    }
  }

  void one_listener(const Node& node, Listener& listener, std::set<std::string>& names) {
    const Node* name = read_.text(node, "name", listener.records.name);
    if (name == nullptr) {
      read_.error(node, "a listener needs a 'name'", "it is the label of its metrics");
    } else if (!valid_name(listener.records.name)) {
      read_.error(*name, fmt::format("'{}' is no listener name", listener.records.name),
                  "up to 64 letters, digits, '.', '_' and '-'");
    } else if (!names.insert(listener.records.name).second) {
      read_.error(*name, fmt::format("the listener name '{}' is taken", listener.records.name),
                  listener.records.name == "http" ? "'http' is the API's own event intake" : "");
    }
    if (node.find("type") == nullptr)
      read_.error(node, "a listener needs a 'type'", "udp, tcp or http");
    read_.choice<Transport>(
        node, "type", {{"udp", Transport::udp}, {"tcp", Transport::tcp}, {"http", Transport::http}},
        listener.transport);
    if (node.find("address") == nullptr)
      read_.error(node, "a listener needs an 'address'", "such as 127.0.0.1:5514");
    endpoint(node, listener.address);
    records(node, listener.records);
    read_.choice<framing::Mode>(node, "framing",
                                {{"auto", framing::Mode::automatic},
                                 {"octet", framing::Mode::octet},
                                 {"lf", framing::Mode::lf},
                                 {"nul", framing::Mode::nul}},
                                listener.framing);
    const Node* framing = node.find("framing");
    if (framing != nullptr && listener.transport != Transport::tcp)
      read_.error(*framing, "'framing' is for listeners of type tcp",
                  "a datagram is one record, and HTTP bodies are lines");
    read_.size(node, "frame_bytes_max", {1 << 10, engine::kFrameBytesMax},
               listener.frame_bytes_max);
    read_.size(node, "receive_buffer", {64 << 10, 1 << 30}, listener.receive_buffer_bytes);
  }

  static bool valid_name(const std::string& name) {
    return name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
           });
  }

  void endpoint(const Node& parent, Endpoint& out) {
    std::string text;
    const Node* node = read_.text(parent, "address", text);
    if (node == nullptr || text.empty()) return;
    const auto parsed = parse_endpoint(text);
    if (!parsed) {
      read_.error(*node, fmt::format("'{}' is no address", text),
                  "an IP address and a port, such as 127.0.0.1:5514 or [::1]:5514");
      return;
    }
    out = *parsed;
    if (is_loopback(out) || allow_plaintext_) return;
    read_.error(*node,
                fmt::format("{} can be reached from other machines, and what arrives there is "
                            "neither encrypted nor authenticated",
                            text),
                "listen on 127.0.0.1, or set 'allow_plaintext: true' at the top of the file if "
                "the network is trusted");
  }

  void records(const Node& parent, engine::ListenerSettings& out) {
    read_.choice<engine::Format>(parent, "format",
                                 {{"auto", engine::Format::automatic},
                                  {"syslog", engine::Format::syslog},
                                  {"json", engine::Format::json}},
                                 out.format);
    int year = 0;
    read_.integer(parent, "year", {1970, 2200}, year);
    if (year != 0) out.year = year;
    std::string zone;
    if (const Node* node = read_.text(parent, "zone", zone); node != nullptr && !zone.empty()) {
      try {
        out.zone = date::locate_zone(zone);
      } catch (const std::exception&) {
        read_.error(*node, fmt::format("'{}' is no time zone of this machine", zone),
                    "an IANA name such as Europe/Stockholm; they come with the package tzdata");
      }
    }
    const Node* source = read_.map(parent, "logsource", {"product", "category", "service"});
    if (source == nullptr) return;
    read_.text(*source, "product", out.log_source.product);
    read_.text(*source, "category", out.log_source.category);
    read_.text(*source, "service", out.log_source.service);
    for (std::string* part :
         {&out.log_source.product, &out.log_source.category, &out.log_source.service})
      *part = to_lower(*part);
  }

  Reader read_;
  const Environment& environment_;
  bool allow_plaintext_ = false;
};

}  // namespace

std::optional<Config> parse(std::string_view text, const std::string& file,
                            const Environment& environment, Diagnostics& diagnostics) {
  Config config = defaults(environment);
  config.file = file;
  Diagnostics found;
  const std::vector<Node> documents = yaml::parse(text, file, found);
  if (!has_errors(found) && documents.size() > 1)
    found.push_back(yaml::error_at(file, documents[1], "a configuration is one YAML document",
                                   "remove the line '---'"));
  if (!documents.empty() && !documents[0].is_null()) {
    FileReader(file, environment, found).top(documents[0], config);
  }
  const bool failed = has_errors(found);
  std::stable_sort(found.begin(), found.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  diagnostics.insert(diagnostics.end(), found.begin(), found.end());
  if (failed) return std::nullopt;
  return config;
}

std::optional<Config> load(const std::string& file, const Environment& environment,
                           Diagnostics& diagnostics) {
  if (file.empty()) return defaults(environment);
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    diagnostics.push_back({Severity::error, file, 0, 0, "the configuration cannot be read",
                           "is the path right, and may this user read it?"});
    return std::nullopt;
  }
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return parse(text, file, environment, diagnostics);
}

}  // namespace vakt::config
