// vakt audit: the log of who did what, and the proof that nobody changed it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "api/audit_json.h"
#include "audit/verify.h"
#include "base/text.h"
#include "cli/api_call.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/incidents_view.h"
#include "cli/output.h"
#include "store/store.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

constexpr const char* kCommand = "vakt audit";
constexpr const char* kFooter = R"TEXT(
Every change of an incident and of the rules is an entry of a tree in which nothing can be changed,
removed or inserted without its head becoming another one. Bring a signed head (a checkpoint) to
another machine now and then: against that, a log that was rewritten or cut off is found too.

Examples:
  vakt audit checkpoint | ssh vault 'cat >> vakt.checkpoints'   from a timer
  vakt audit verify --checkpoint saved.checkpoint               is all as it was then?
  vakt audit verify --store /backup/vakt --key "$(cat key)"     a copy, without the daemon
  vakt audit log --from 100 --json | jq .entries[].action)TEXT";

struct Options {
  ApiOptions api;
  bool json = false;
  std::uint64_t from = 0;
  int limit = 100;
  std::vector<std::string> checkpoints;
  std::string store, key;
};

// A file that cannot be read says so, and nothing is verified.
std::optional<std::vector<std::string>> read_all(const std::vector<std::string>& files) {
  std::vector<std::string> out;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      message(fmt::format("{}: cannot read {}", kCommand, escape_terminal(file)));
      return std::nullopt;
    }
    out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return out;
}

int text_of(const Options& options, const std::string& target, const char* member) {
  const ApiReply reply = call(options.api, {kCommand, "GET", target});
  if (reply.exit != kOk) return reply.exit;
  const std::string text = text_at(reply.body, member);
  print(options.json ? json::serialize(reply.body) + "\n"
                     : text + (text.ends_with('\n') ? "" : "\n"));
  return kOk;
}

int log(const Options& options) {
  const ApiReply reply =
      call(options.api,
           {kCommand, "GET",
            fmt::format("/api/v1/audit/entries?from={}&limit={}", options.from, options.limit)});
  if (reply.exit != kOk) return reply.exit;
  if (options.json) {
    print(json::serialize(reply.body) + "\n");
    return kOk;
  }
  Table table{{"ENTRY", "AT", "WHO", "ROLE", "WHAT", "OF", "DETAILS"}, {}};
  for (const json::value& row : array_at(reply.body, "entries"))
    if (const json::object* e = row.if_object())
      table.rows.push_back({text_at(*e, "index"), text_at(*e, "at"), text_at(*e, "actor"),
                            text_at(*e, "role"), text_at(*e, "action"), text_at(*e, "subject"),
                            text_at(*e, "payload")});
  print(render(table, terminal_of(stdout)));
  if (const std::string next = text_at(reply.body, "next_from"); !next.empty())
    message("there may be more: --from " + escape_terminal(next));
  return kOk;
}

// What both ways of verifying say.
int conclude(const Options& options, const json::object& verdict) {
  if (options.json) print(json::serialize(verdict) + "\n");
  const bool whole = text_at(verdict, "whole") == "true";
  if (!whole) {
    message(fmt::format("{}: {}: {}", kCommand,
                        escape_terminal(text_at(verdict, "finding.problem")),
                        escape_terminal(text_at(verdict, "finding.message"))));
    return kCheckFailed;
  }
  if (!options.json)
    print(fmt::format("{} entries, none changed; {} of them signed by a checkpoint\n",
                      text_at(verdict, "size"), text_at(verdict, "signed_size")));
  return kOk;
}

int verify_online(const Options& options, const std::vector<std::string>& notes) {
  json::array list;
  for (const std::string& note : notes) list.emplace_back(note);
  const ApiReply reply =
      call(options.api, {kCommand, "POST", "/api/v1/audit/verify",
                         json::serialize(json::object{{"checkpoints", std::move(list)}}), 600'000});
  return reply.exit == kOk ? conclude(options, reply.body) : reply.exit;
}

int complain(const Error& error) {
  message(fmt::format("{}: {}", kCommand, escape_terminal(error.message)));
  return kError;
}

int verify_copy(const Options& options, std::vector<std::string> notes) {
  std::optional<audit::SignedHeads> heads;
  if (!notes.empty()) {
    const auto key = audit::parse_verifier_key(options.key);
    if (!key) {
      message("vakt audit verify: --key takes the text that `vakt audit key` prints");
      return kUsage;
    }
    heads = audit::SignedHeads{*key, std::move(notes)};
  }
  store::Options store_options;
  store_options.path = options.store;
  std::error_code error;
  if (std::filesystem::is_directory(options.store + "/store", error))
    store_options.path += "/store";
  if (!std::filesystem::exists(store_options.path + "/CURRENT", error))
    return complain({Errc::not_found, "no store in " + options.store});
  const auto store = store::Store::open(store_options);
  if (!store) return complain(store.error());
  const auto verified = (*store)->verify_audit(heads);
  if (!verified) return complain(verified.error());
  return conclude(options, api::to_json(*verified));
}

int verify(const Options& options) {
  auto notes = read_all(options.checkpoints);
  if (!notes) return kUsage;
  return options.store.empty() ? verify_online(options, *notes)
                               : verify_copy(options, std::move(*notes));
}

CLI::App* add(CLI::App& group, const char* name, const char* what,
              const std::shared_ptr<Options>& options, int& status, int (*run)(const Options&)) {
  auto* command = add_api_command(group, name, what, options->api, options->json);
  command->callback([options, &status, run] { status = run(*options); });
  return command;
}

}  // namespace

void add_audit(CLI::App& app, int& status) {
  auto* group = app.add_subcommand("audit", "Who did what, and the proof that it was not changed");
  group->require_subcommand(1);
  group->footer(kFooter);
  const auto options = std::make_shared<Options>();
  auto* log_command =
      add(*group, "log", "Entries in the order they were made", options, status, log);
  log_command->add_option("--from", options->from, "The first entry")->capture_default_str();
  log_command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  add(*group, "checkpoint", "The head of the log, signed now", options, status,
      [](const Options& o) { return text_of(o, "/api/v1/audit/checkpoint", "checkpoint"); });
  add(*group, "key", "The key that checkpoints verify with", options, status,
      [](const Options& o) { return text_of(o, "/api/v1/audit/key", "key"); });
  auto* command =
      add(*group, "verify", "Is everything as it was written?", options, status, verify);
  command->add_option("--checkpoint", options->checkpoints, "A checkpoint from elsewhere; repeat")
      ->type_name("FILE");
  command->add_option("--store", options->store, "A stopped daemon's data_dir, or a copy of it")
      ->type_name("DIR");
  command->add_option("--key", options->key, "With --store and --checkpoint: see `vakt audit key`")
      ->type_name("TEXT");
}

}  // namespace vakt::cli
