// The configuration: every complaint with its exact place, reason and hint, all of them at once.
#include "config/config.h"

#include <gtest/gtest.h>

#include "config/units.h"

namespace vakt::config {
namespace {

Environment somewhere() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") return "/home/anna";
    return std::nullopt;
  };
  environment.directory_exists = [](const std::string& path) {
    return path == "/usr/share/vakt/rules" || path == "/etc/rules/decoders" ||
           path == "/etc/rules/field_maps";
  };
  return environment;
}

std::string complaints(std::string_view text) {
  Diagnostics diagnostics;
  const auto config = parse(text, "vakt.yaml", somewhere(), diagnostics);
  EXPECT_EQ(config.has_value(), !has_errors(diagnostics));
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += to_string(diagnostic) + "\n";
  return out;
}

Config good(std::string_view text) {
  Diagnostics diagnostics;
  auto config = parse(text, "vakt.yaml", somewhere(), diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << to_string(diagnostic);
  return config.value_or(Config{});
}

TEST(Config, Complaints) {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"", ""},
      {"{}", ""},
      {"disorder: 90s\n", ""},
      {"[1]",
       "vakt.yaml:1:1: error: the configuration must be a map (its keys: data_dir, rules, "
       "decoders, field_maps, open_level, api, listeners, memory, store, workers, disorder, storm, "
       "correlation, placeholders, watch_rules, allow_plaintext)\n"},
      {"placeholders: [a]\n",
       "vakt.yaml:1:15: error: 'placeholders' must be a map (for example: placeholders: {admins: "
       "[alice, bob]})\n"},
      {"placeholders: {a: b}\n",
       "vakt.yaml:1:19: error: 'a' must be a list of texts (write it as [first, second])\n"},
      {"lisners: []\n",
       "vakt.yaml:1:1: error: unknown key 'lisners' (did you mean 'listeners'?)\n"},
      {"workers: -1\n", "vakt.yaml:1:10: error: 'workers' must be a whole number from 0 to 256\n"},
      {"workers: many\n",
       "vakt.yaml:1:10: error: 'workers' must be a whole number from 0 to 256\n"},
      {"memory: {budget: 12}\n",
       "vakt.yaml:1:18: error: 'budget' must be from 67108864 to 4398046511104 bytes\n"},
      {"memory: {budget: 1.5GiB}\n",
       "vakt.yaml:1:18: error: '1.5GiB' is not a size (a whole number with B, KiB, MiB, GiB or "
       "TiB, such as 512MiB)\n"},
      {"disorder: soon\n",
       "vakt.yaml:1:11: error: 'soon' is not a duration (a whole number with s, m, h, d or w, "
       "such as 90s or 7d)\n"},
      {"open_level: hig\n",
       "vakt.yaml:1:13: error: 'hig' is no value of 'open_level': it is one of informational, low, "
       "medium, high, critical (did you mean 'high'?)\n"},
      {"rules: /etc/rules\n",
       "vakt.yaml:1:8: error: 'rules' must be a list of texts (write it as [first, second])\n"},
      {"data_dir: ''\n", "vakt.yaml:1:11: error: 'data_dir' must not be empty\n"},
      {"data_dir: [a]\n", "vakt.yaml:1:11: error: 'data_dir' must be a single value\n"},
      {"allow_plaintext: maybe\n",
       "vakt.yaml:1:18: error: 'allow_plaintext' must be true or false\n"},
      {"listeners: {}\n",
       "vakt.yaml:1:12: error: 'listeners' must be a list (each entry starts with '- name: …' and "
       "has a type and an address)\n"},
      {"listeners:\n  - {}\n",
       "vakt.yaml:2:5: error: a listener needs a 'name' (it is the label of its metrics)\n"
       "vakt.yaml:2:5: error: a listener needs a 'type' (udp, tcp or http)\n"
       "vakt.yaml:2:5: error: a listener needs an 'address' (such as 127.0.0.1:5514)\n"},
      {"listeners:\n  - {name: a b, type: udp, address: '127.0.0.1:1'}\n",
       "vakt.yaml:2:12: error: 'a b' is no listener name (up to 64 letters, digits, '.', '_' and "
       "'-')\n"},
      {"listeners:\n  - {name: a, type: udp, address: '127.0.0.1:1'}\n"
       "  - {name: a, type: tcp, address: '127.0.0.1:1'}\n",
       "vakt.yaml:3:12: error: the listener name 'a' is taken\n"},
      {"listeners:\n  - {name: http, type: tcp, address: '127.0.0.1:1'}\n",
       "vakt.yaml:2:12: error: the listener name 'http' is taken ('http' is the API's own event "
       "intake)\n"},
      {"listeners:\n  - {name: a, type: udp, address: here}\n",
       "vakt.yaml:2:35: error: 'here' is no address (an IP address and a port, such as "
       "127.0.0.1:5514 or [::1]:5514)\n"},
      {"listeners:\n  - {name: a, type: udp, address: '127.0.0.1:1', framing: lf}\n",
       "vakt.yaml:2:59: error: 'framing' is for listeners of type tcp (a datagram is one record, "
       "and HTTP bodies are lines)\n"},
      {"listeners:\n  - {name: a, type: tcp, address: '127.0.0.1:1', zone: Mars/Olympus}\n",
       "vakt.yaml:2:56: error: 'Mars/Olympus' is no time zone of this machine (an IANA name such "
       "as Europe/Stockholm; they come with the package tzdata)\n"},
      {"api: {address: '0.0.0.0:80'}\n",
       "vakt.yaml:1:16: error: 0.0.0.0:80 can be reached from other machines, and what arrives "
       "there is neither encrypted nor authenticated (listen on 127.0.0.1, or set "
       "'allow_plaintext: true' at the top of the file if the network is trusted)\n"},
      {"allow_plaintext: true\napi: {address: '0.0.0.0:80'}\n", ""},
      {"workers: x\nstore: {durability: always}\nzzz: 1\n",
       "vakt.yaml:1:10: error: 'workers' must be a whole number from 0 to 256\n"
       "vakt.yaml:2:21: error: 'always' is no value of 'durability': it is one of fsync, os, "
       "memory\n"
       "vakt.yaml:3:1: error: unknown key 'zzz'\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(complaints(row.text), row.expected) << row.text;
}

TEST(Config, DefaultsNeedNoFile) {
  const Config config = good("");
  EXPECT_EQ(config.data_dir, "/home/anna/.local/state/vakt");
  EXPECT_EQ(config.api.token_file, "/home/anna/.local/state/vakt/api.token");
  EXPECT_EQ(config.rules, std::vector<std::string>{"/usr/share/vakt/rules"});
  EXPECT_EQ(config.decoders, std::vector<std::string>{"/usr/share/vakt/rules/decoders"});
  EXPECT_EQ(config.field_maps, std::vector<std::string>{"/usr/share/vakt/rules/field_maps"});
  ASSERT_EQ(config.listeners.size(), 3u);
  EXPECT_EQ(config.listeners[0].records.name, "syslog-udp");
  EXPECT_EQ(to_string(config.listeners[1].address), "127.0.0.1:5514");
  EXPECT_EQ(config.listeners[2].records.format, engine::Format::json);
  EXPECT_EQ(config.memory_budget_bytes, 512u << 20);
  EXPECT_EQ(config.store.durability, store::Durability::fsync);
}

TEST(Config, DataDirectoryOfTheEnvironment) {
  Environment environment = somewhere();
  environment.root = true;
  EXPECT_EQ(defaults(environment).data_dir, "/var/lib/vakt");
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name == "STATE_DIRECTORY") return "/var/lib/private/vakt:/other";
    return std::nullopt;
  };
  EXPECT_EQ(defaults(environment).data_dir, "/var/lib/private/vakt");
  environment.root = false;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name == "XDG_STATE_HOME") return "/state";
    return std::nullopt;
  };
  EXPECT_EQ(defaults(environment).data_dir, "/state/vakt");
}

TEST(Config, Everything) {
  const Config config = good(R"(
data_dir: /srv/vakt
rules: [/etc/rules, /more]
open_level: medium
api:
  address: "[::1]:9000"
  token_file: /etc/vakt/token
  events: {year: 2017, zone: Europe/Stockholm, format: syslog, logsource: {product: Linux}}
listeners:
  - {name: a, type: tcp, address: 127.0.0.1:0, format: json, framing: octet, year: 2020,
     zone: UTC, frame_bytes_max: 64KiB, logsource: {category: Proxy, service: squid}}
  - {name: b, type: udp, address: 127.0.0.2:1514, receive_buffer: 1MiB}
memory: {budget: 1GiB, groups: 32MiB}
store: {durability: os, raw_bytes_max: 5GB, raw_age_max: 7d, hit_age_max: 90d}
workers: 3
disorder: 2m
storm: {groups: 50, window: 5m}
correlation: {exact_values: 5000}
placeholders: {admins: [alice, bob]}
)");
  EXPECT_EQ(config.data_dir, "/srv/vakt");
  EXPECT_EQ(config.decoders, std::vector<std::string>{"/etc/rules/decoders"});
  EXPECT_EQ(config.field_maps, std::vector<std::string>{"/etc/rules/field_maps"});
  EXPECT_EQ(config.open_level, rule::Level::medium);
  EXPECT_EQ(config.storm.groups, 50u);
  EXPECT_EQ(config.exact_values_max, 5'000u);
  EXPECT_EQ(config.memory_groups_bytes, 32u << 20);
  EXPECT_EQ(config.storm.window, std::chrono::minutes(5));
  EXPECT_EQ(to_string(config.api.address), "[::1]:9000");
  EXPECT_EQ(config.api.token_file, "/etc/vakt/token");
  EXPECT_EQ(config.api.events.year, 2017);
  EXPECT_NE(config.api.events.zone, nullptr);
  EXPECT_EQ(config.api.events.log_source.product, "linux");
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].framing, framing::Mode::octet);
  EXPECT_EQ(config.listeners[0].frame_bytes_max, 64u << 10);
  EXPECT_EQ(config.listeners[0].records.log_source, (event::LogSource{"", "proxy", "squid"}));
  EXPECT_EQ(config.listeners[1].receive_buffer_bytes, 1u << 20);
  EXPECT_EQ(config.memory_budget_bytes, 1u << 30);
  EXPECT_EQ(config.store.raw_bytes_max, 5'000'000'000u);
  EXPECT_EQ(config.store.raw_age_max, std::chrono::hours(24 * 7));
  EXPECT_EQ(config.workers, 3u);
  EXPECT_EQ(config.disorder, std::chrono::minutes(2));
  EXPECT_EQ(config.placeholders,
            (rule::Placeholders{{"admins", std::vector<std::string>{"alice", "bob"}}}));
}

TEST(Config, Sizes) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("17"), 17u);
  EXPECT_EQ(parse_size("17 KiB"), 17u << 10);
  EXPECT_EQ(parse_size("2TB"), 2'000'000'000'000u);
  for (const char* bad : {"", "KiB", "-1", "1kib", "1 5", "18446744073709551616", "99999999TiB"})
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
}

TEST(Config, Endpoints) {
  EXPECT_EQ(to_string(*parse_endpoint("localhost:1")), "127.0.0.1:1");
  EXPECT_EQ(to_string(*parse_endpoint("[2001:db8::1]:65535")), "[2001:db8::1]:65535");
  for (const char* bad : {"", "1", ":1", "::1:1", "[::1]", "127.0.0.1", "127.0.0.1:", "1.2.3:1",
                          "127.0.0.1:65536", "127.0.0.1:x", "[127.0.0.1]:1", "host:1"})
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  EXPECT_TRUE(is_loopback({"127.9.9.9", 1}));
  EXPECT_TRUE(is_loopback({"::1", 1}));
  EXPECT_FALSE(is_loopback({"::", 1}));
  EXPECT_FALSE(is_loopback({"10.0.0.1", 1}));
}

TEST(Config, AFileThatIsNotThere) {
  Diagnostics diagnostics;
  EXPECT_FALSE(load("/no/such/file", somewhere(), diagnostics));
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(to_string(diagnostics[0]),
            "/no/such/file: error: the configuration cannot be read (is the path right, and may "
            "this user read it?)");
}

}  // namespace
}  // namespace vakt::config
