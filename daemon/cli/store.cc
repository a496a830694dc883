// vakt store: reads a store without the daemon.
#include "store/store.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace vakt::cli {
namespace {

struct StoreArguments {
  std::string directory;
  bool json = false;
  std::uint64_t from = 0;
  std::uint64_t limit = UINT64_MAX;
};

// Of a data directory or of the store in it. Does not create one.
Result<std::unique_ptr<store::Store>> open(const StoreArguments& arguments) {
  namespace fs = std::filesystem;
  store::Options options;
  options.path = arguments.directory;
  std::error_code error;
  if (fs::is_directory(fs::path(options.path) / "store", error)) options.path += "/store";
  if (!fs::exists(fs::path(options.path) / "CURRENT", error))
    return fail(Errc::not_found, "no store in " + arguments.directory +
                                     ": name the daemon's data_dir, or the store folder in it");
  std::vector<std::string> notes;
  auto opened = store::Store::open(options, &notes);
  for (const std::string& note : notes) message(escape_terminal(note));
  return opened;
}

std::string as_json(const store::StoredEvent& e) {
  std::string out =
      fmt::format("{{\"sequence\":{},\"event_time\":\"{}\",\"received_time\":\"{}\"", e.sequence,
                  format_rfc3339(e.event_time), format_rfc3339(e.received_time));
  out += fmt::format(",\"flags\":{},\"listener\":", e.flags);
  append_json(out, e.listener);
  out += ",\"source\":";
  append_json(out, e.source);
  out += ",\"raw\":";
  append_json(out, e.raw);
  return out + "}\n";
}

int complain(const Error& error) {
  message("vakt store: " + escape_terminal(error.message));
  return error.code == Errc::not_found ? kNotFoundOrConflict : kError;
}

int dump(const StoreArguments& arguments) {
  auto store = open(arguments);
  if (!store) return complain(store.error());
  std::uint64_t left = arguments.limit;
  const auto read = (*store)->events(arguments.from, [&](const store::StoredEvent& e) {
    if (left == 0) return false;
    --left;
    print(arguments.json ? as_json(e)
                         : fmt::format("{} {} {}\n", format_rfc3339(e.event_time),
                                       escape_terminal(e.source), escape_terminal(e.raw)));
    return left > 0;
  });
  return read ? kOk : complain(read.error());
}

// Reads everything once: every block, log entry and incident with its timeline and evidence.
int check_store(const StoreArguments& arguments) {
  auto opened = open(arguments);
  if (!opened) return complain(opened.error());
  const store::Store& store = **opened;
  std::uint64_t events = 0;
  const auto read = store.events(0, [&](const store::StoredEvent&) { return ++events > 0; });
  if (!read) return complain(read.error());
  std::uint64_t entries = 0;
  const auto log = store.read_log(0, [&](const store::LogEntry&) { return ++entries > 0; });
  if (!log) return complain(log.error());
  std::uint64_t incidents = 0;
  store::IncidentQuery query;
  query.include_merged = true;
  query.include_members = true;
  query.limit = 1000;
  while (true) {
    const auto page = store.incidents(query);
    if (!page) return complain(page.error());
    for (const incident::Incident& i : *page) {
      const auto timeline = store.timeline(i.id);
      const auto evidence = store.evidence(i.id);
      if (!timeline) return complain(timeline.error());
      if (!evidence) return complain(evidence.error());
      if (timeline->size() != i.timeline_entries || evidence->size() != i.evidence_entries)
        return complain({Errc::corrupt, fmt::format("INC-{}: {} of {} timeline entries, {} of {} "
                                                    "evidence rows",
                                                    i.number, timeline->size(), i.timeline_entries,
                                                    evidence->size(), i.evidence_entries)});
      query.before_number = i.number;
    }
    incidents += page->size();
    if (page->size() < query.limit) break;
  }
  const store::Stats stats = store.stats();
  if (arguments.json) {
    print(fmt::format(
        "{{\"events\":{},\"raw_blocks\":{},\"raw_block_bytes\":{},"
        "\"log_entries\":{},\"incidents\":{},\"last_commit\":{}}}\n",
        events, stats.raw_blocks, stats.raw_block_bytes, entries, incidents, stats.last_commit));
  } else {
    print(fmt::format(
        "{} events in {} blocks ({} bytes), {} log entries, {} incidents, last commit "
        "{}: all readable\n",
        events, stats.raw_blocks, stats.raw_block_bytes, entries, incidents, stats.last_commit));
  }
  return kOk;
}

void add(CLI::App& group, const char* name, const char* what,
         const std::shared_ptr<StoreArguments>& arguments, int& status,
         int (*run)(const StoreArguments&)) {
  auto* command = group.add_subcommand(name, what);
  command->add_option("DIR", arguments->directory, "The daemon's data_dir")->required();
  command->add_flag("--json", arguments->json, "As JSON");
  command->callback([arguments, &status, run] { status = run(*arguments); });
}

}  // namespace

void add_store(CLI::App& app, int& status) {
  auto* group = app.add_subcommand("store", "Read a store while the daemon is stopped");
  group->require_subcommand(1);
  group->footer(R"(
Examples:
  vakt store check /var/lib/vakt             is everything in it readable?
  vakt store dump --json /var/lib/vakt       every raw event as it was received, one a line)");
  const auto arguments = std::make_shared<StoreArguments>();
  add(*group, "check", "Read everything once and say what there is", arguments, status,
      check_store);
  add(*group, "dump", "Print the raw events in the order they were committed", arguments, status,
      dump);
  CLI::App* command = group->get_subcommand("dump");
  command->add_option("--from", arguments->from, "Sequence of the first event");
  command->add_option("--limit", arguments->limit, "At most so many events");
}

}  // namespace vakt::cli
