#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "api/incident_json.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/replay_feed.h"
#include "cli/rule_paths.h"
#include "store/store.h"

namespace vakt::cli {
namespace {

constexpr const char* kFooter = R"(
Reads logs and prints the incidents that the daemon would have opened: same rules, same engine.
Several files are merged by event time; gzip is read as it is. Nothing is kept unless --store names
an empty directory.

Examples:
  vakt replay --year 2025 /var/log/auth.log
  vakt replay --year 2025 --zone Europe/Stockholm auth.log auth.log.*.gz
  vakt replay --json web.log auth.log | jq -r '[.severity, .rule.title] | @tsv'
  vakt replay --rules my-rules/ --open-level low events.ndjson

Options that name what a syslog line leaves out: --year for times without a year (default: the
latest year that does not put them in the future), --zone for times without a zone (default UTC).)";

struct Options {
  std::vector<std::string> rules;
  std::vector<std::string> decoders;
  std::vector<std::string> field_maps;
  std::optional<int> year;
  std::string zone;
  std::string format = "auto";
  std::string open_level = "high";
  std::string store;
  bool json = false;
  std::vector<std::string> files;
};

std::shared_ptr<const engine::Pipeline> load(const Options& options) {
  const RulePaths paths = rule_paths(options.rules, options.decoders);
  engine::PipelineOptions wanted;
  wanted.rule_paths = paths.rules;
  wanted.decoder_paths = paths.decoders;
  wanted.field_map_paths = options.field_maps.empty() ? paths.field_maps : options.field_maps;
  wanted.open_level = *parse_level(options.open_level);
  engine::ListenerSettings listener;
  listener.name = "replay";
  listener.format = *parse_format(options.format);
  listener.year = options.year;
  // What is replayed is history, however new it is: the result must not depend on today.
  listener.imported = true;
  if (!options.zone.empty()) {
    std::string why;
    listener.zone = find_zone(options.zone, why);
    if (listener.zone == nullptr) {
      message("vakt replay: " + why);
      return nullptr;
    }
  }
  wanted.listeners = {listener};
  Diagnostics diagnostics;
  auto pipeline = engine::Pipeline::load(wanted, diagnostics);
  report(diagnostics);
  if (!pipeline) message("vakt replay: no usable rules; see `vakt check`");
  return pipeline;
}

Result<std::unique_ptr<store::Store>> open_store(const std::string& path) {
  if (path.empty()) return nullptr;
  store::Options options;
  options.path = path;
  options.durability = store::Durability::os;
  auto opened = store::Store::open(options);
  if (opened && (*opened)->last_commit() > 0)
    return fail(Errc::conflict, path + " already holds a store with events: name an empty one");
  return opened;
}

std::string group_text(const incident::Incident& incident) {
  std::string out;
  if (incident.members > 0) return fmt::format("storm of {} incidents", incident.members);
  for (const auto& [name, value] : incident.detection.group)
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, value);
  return out;
}

void print_incidents(const std::vector<incident::Incident>& incidents, const LineMap& lines,
                     const Options& options) {
  Table table{{"FIRST EVENT", "SEVERITY", "EVENTS", "PEAK", "OPENED BY", "GROUP", "RULE"}, {}, 1};
  for (const incident::Incident& incident : incidents) {
    const incident::Detection& d = incident.detection;
    const LineMap::Place place = lines.find(d.opened_by.sequence);
    const std::string& file = options.files.at(place.file);
    if (options.json) {
      boost::json::object object = api::to_json(incident);
      boost::json::object& opened_by = object["opened_by"].as_object();
      opened_by["file"] = api::safe_string(file);
      opened_by["line"] = place.line;
      print(boost::json::serialize(object) + "\n");
      continue;
    }
    if (incident.storm) continue;
    const std::string opened_by = options.files.size() == 1
                                      ? fmt::format("line {}", place.line)
                                      : fmt::format("{}:{}", file, place.line);
    table.rows.push_back({format_rfc3339(d.first_event_time),
                          std::string(rule::to_string(incident.severity)),
                          std::to_string(d.event_count), std::to_string(d.peak), opened_by,
                          group_text(incident), incident.rule_title});
  }
  if (!table.rows.empty()) print(render(table, terminal_of(stdout)));
}

int replay(const Options& options) {
  const auto pipeline = load(options);
  if (!pipeline) return kError;
  const auto store = open_store(options.store);
  if (!store) {
    message("vakt replay: " + store.error().message);
    return kError;
  }
  const auto started = std::chrono::steady_clock::now();
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  engine::Offline offline(pipeline, {}, now, store->get());
  Progress progress;
  Feed feed{pipeline, offline, now, {}};
  if (terminal_of(stderr).columns > 0) feed.progress = std::ref(progress);
  const auto lines = feed_files(feed, options.files);
  progress.clear();
  if (!lines) {
    message("vakt replay: " + lines.error().message);
    return kError;
  }
  if (const auto finished = offline.finish(); !finished) {
    message("vakt replay: " + finished.error().message);
    return kError;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  const auto incidents = offline.incidents();
  print_incidents(incidents, *lines, options);
  const auto members = std::count_if(incidents.begin(), incidents.end(), [](const auto& incident) {
    return incident.storm.has_value();
  });
  if (members > 0)
    message(
        fmt::format("{} of the incidents are members of storms: see them with --json", members));
  message(fmt::format("{} events, {} unparsed, {} hits, {} incidents in {:.2f} s ({:.0f} events/s)",
                      offline.events(), offline.unparsed(), offline.hits(), incidents.size(),
                      took.count(),
                      static_cast<double>(offline.events()) / std::max(took.count(), 1e-9)));
  return kOk;
}

}  // namespace

void add_replay(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("replay", "What would have been detected in these logs");
  const auto options = std::make_shared<Options>();
  command->add_option("--rules", options->rules, "Rule files or directories (default: shipped)");
  command->add_option("--decoders", options->decoders,
                      "Decoder files or directories (default: of the rules)");
  command->add_option("--field-maps", options->field_maps,
                      "Field map files or directories (default: of the rules)");
  command->add_option("--year", options->year, "Year of times that have none")
      ->check(CLI::Range(1970, 2261));
  command->add_option("--zone", options->zone, "Time zone of times that have none");
  command->add_option("--format", options->format, "auto, syslog or json")
      ->check(CLI::IsMember({"auto", "syslog", "json"}));
  command
      ->add_option("--open-level", options->open_level,
                   "Lowest level at which a rule without correlation opens incidents")
      ->check(CLI::IsMember({"informational", "low", "medium", "high", "critical"}));
  command->add_option("--store", options->store, "Keep all of it in a new store");
  command->add_flag("--json", options->json, "One JSON object a line");
  command->add_option("files", options->files, "Log files; - is standard input")
      ->required()
      ->type_name("FILE");
  // --rules may be repeated and must not take the files along.
  for (auto* option : {command->get_option("--rules"), command->get_option("--decoders"),
                       command->get_option("--field-maps")})
    option->allow_extra_args(false);
  command->footer(kFooter);
  command->callback([options, &status] { status = replay(*options); });
}

}  // namespace vakt::cli
