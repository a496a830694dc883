// vakt kpi: the key figures of incident handling.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>

#include "base/text.h"
#include "base/time.h"
#include "cli/access_view.h"
#include "cli/api_call.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/incidents_view.h"
#include "cli/output.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

struct Options {
  ApiOptions api;
  bool json = false;
  std::string since = "30d";
  std::string from, to;
};

double number_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : NAN;
}

// "2h 5m": the two largest units.
std::string shown(double seconds) {
  if (std::isnan(seconds)) return "-";
  if (seconds < 60) return fmt::format("{:.3g}s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 3'600) return fmt::format("{}m {}s", whole / 60, whole % 60);
  if (whole < 86'400) return fmt::format("{}h {}m", whole / 3'600, whole % 3'600 / 60);
  return fmt::format("{}d {}h", whole / 86'400, whole % 86'400 / 3'600);
}

void add(Table& table, const json::object& answer, const char* name, const char* member,
         bool times) {
  const json::value* value = answer.if_contains(member);
  if (value == nullptr || !value->is_object()) return;
  const json::object& figure = value->get_object();
  const auto text = [&](std::string_view of) {
    const double number = number_at(figure, of);
    return times || std::isnan(number) ? shown(number) : fmt::format("{:.0f}", number);
  };
  table.rows.push_back({name, text_at(figure, "count"), text("median"), text("p90")});
}

int kpi(const Options& options) {
  std::string from = options.from;
  if (from.empty()) {
    const auto since = parse_duration(options.since);
    if (!since) {
      message("vakt kpi: --since takes a number and a unit: 24h, 30d, 12w");
      return kUsage;
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    from = format_rfc3339(Time(now) - *since);
  }
  std::string target = "/api/v1/kpi?from=" + url_encode(from);
  if (!options.to.empty()) target += "&to=" + url_encode(options.to);
  const ApiReply reply = call(options.api, {"vakt kpi", "GET", target});
  if (reply.exit != kOk || options.json) return print_json(reply, options.json);
  Table table{{"FIGURE", "COUNT", "MEDIAN", "P90"}, {}};
  add(table, reply.body, "time to detect", "time_to_detect_seconds", true);
  add(table, reply.body, "time to acknowledge", "time_to_acknowledge_seconds", true);
  add(table, reply.body, "time to decide", "time_to_decide_seconds", true);
  add(table, reply.body, "time to contain", "time_to_contain_seconds", true);
  add(table, reply.body, "time to restore", "time_to_restore_seconds", true);
  add(table, reply.body, "users affected", "users_affected", false);
  print(
      fmt::format("{} incidents since {}{}; {} duplicates, tests and members of storms left out\n",
                  text_at(reply.body, "incidents"), escape_terminal(from),
                  options.to.empty() ? "" : " before " + escape_terminal(options.to),
                  text_at(reply.body, "left_out")) +
      render(table, terminal_of(stdout)));
  return kOk;
}

}  // namespace

void add_kpi(CLI::App& app, int& status) {
  const auto options = std::make_shared<Options>();
  auto* command = add_api_command(app, "kpi", "How fast incidents are detected and handled",
                                  options->api, options->json);
  command->add_option("--since", options->since, "Opened within this time")
      ->type_name("DURATION")
      ->capture_default_str();
  command->add_option("--from", options->from, "Opened at or after")->type_name("TIME");
  command->add_option("--to", options->to, "Opened before")->type_name("TIME");
  command->footer(R"(
Median and 90th percentile. Merged incidents, duplicates, tests, history and members of storms are
left out; what did not happen is not counted.

Examples:
  vakt kpi --since 90d
  vakt kpi --from 2026-10-01T00:00:00+02:00 --to 2026-11-01T00:00:00+01:00 --json)");
  command->callback([options, &status] { status = kpi(*options); });
}

}  // namespace vakt::cli
