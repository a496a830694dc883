#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/frame_reader.h"
#include "cli/match_run.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/rule_paths.h"
#include "match/explain.h"

namespace vakt::cli {
namespace {

constexpr const char* kFooter = R"(
Every line is one event, JSON or syslog. Printed are the rules whose detection it matches, of every
level; correlations have no part in it. By default an event's log source is what its content says.
Files in gzip's format are read as they are.

Examples:
  vakt rules match /var/log/auth.log
  vakt rules match --rules ~/sigma/rules --json events.ndjson | jq -r '.rules[]' | sort | uniq -c
  echo '{"Image":"C:\\x\\whoami.exe"}' |
    vakt rules match --rules my.yml --logsource product=windows,category=process_creation -
  vakt rules match --rules my.yml --explain --rule my-rule events.ndjson
                                                   why it matched, or did not

Events that lie inside other records, labelled or not:
  vakt rules match --event-field event --logsource-field logsource cases.ndjson
  {"event":{"Image":"..."},"logsource":{"product":"windows","category":"process_creation"}}
  {"event":"Mar  1 10:00:00 web1 sshd[7]: ...","logsource":null}
A label is an object with product, category and service, each of which may be left out; null is an
event without labels. A labelled event is routed by its label alone. Dots lead into objects. Keywords are looked for in the
event and in the member `raw` beside it (--raw-field), where there is one.

--json gives one object a line: {"file","line","rules"}, with "error" where the line could not be
read and "difference" where the engines of --engine both disagree. Exit status 1 when a line could
not be read, 3 when the engines disagree. Rules that do not load are reported and left out.)";

constexpr std::size_t kLabelsMax = 10'000;

struct Options {
  std::vector<std::string> rules;
  std::vector<std::string> placeholders;
  std::string logsource;
  std::string format = "auto";
  std::string engine = "hyperscan";
  LineFormat line;
  bool json = false;
  bool explain = false;
  std::vector<std::string> explained;  // rule ids; empty: those that match
  std::vector<std::string> files;
};

// What is known before the first event is matched.
struct Setup {
  std::vector<LogFile> files;
  std::uint64_t bytes = 0;  // 0: unknown
  MatchSettings settings;
  std::shared_ptr<const engine::Pipeline> pipeline;
  std::vector<std::uint32_t> explained;
};

// Labels become routes before the rules are compiled, so they are read in a pass of their own.
Result<void> collect_labels(std::vector<LogFile>& files, const LineFormat& format,
                            std::set<event::LogSource>& labels) {
  LineReader lines(format);
  for (LogFile& file : files) {
    if (const auto ready = file.make_rewindable(); !ready) return ready;
    FrameReader reader(std::move(file), kLineBytesMax);
    Result<bool> more = true;
    while (more && *more) {
      more = reader.read_chunk([&](const framing::Frame& frame, std::uint64_t) {
        if (frame.truncated) return;
        if (auto label = lines.labels_of(frame.bytes)) labels.insert(std::move(*label));
      });
      if (labels.size() > kLabelsMax)
        return fail(Errc::too_large, fmt::format("more than {} different labels in '{}'",
                                                 kLabelsMax, format.logsource_field));
    }
    if (!more) return tl::make_unexpected(more.error());
    file = reader.take_file();
    if (const auto again = file.rewind(); !again) return again;
  }
  return {};
}

Result<void> open_files(const Options& options, Setup& setup) {
  bool known = true;
  for (const std::string& path : options.files) {
    auto file = LogFile::open(path);
    if (!file) return tl::make_unexpected(file.error());
    setup.files.push_back(std::move(*file));
  }
  std::set<event::LogSource> labels;
  if (setup.settings.default_labels) labels.insert(*setup.settings.default_labels);
  if (!options.line.logsource_field.empty()) {
    if (const auto ok = collect_labels(setup.files, options.line, labels); !ok) return ok;
  }
  setup.settings.labels.assign(labels.begin(), labels.end());
  for (const LogFile& file : setup.files) {
    known = known && file.size() > 0;
    setup.bytes += file.size();
  }
  if (!known) setup.bytes = 0;
  return {};
}

bool load(const Options& options, Setup& setup) {
  const RulePaths paths = rule_paths(options.rules, {});
  engine::PipelineOptions wanted;
  wanted.rule_paths = paths.rules;
  wanted.decoder_paths = paths.decoders;
  wanted.field_map_paths = paths.field_maps;
  for (const std::string& text : options.placeholders) {
    if (const auto added = add_placeholder(text, wanted.rules.placeholders); !added) {
      message("vakt rules match: " + added.error().message);
      return false;
    }
  }
  wanted.extra_log_sources = setup.settings.labels;
  engine::ListenerSettings listener;
  listener.name = "rules match";
  listener.format = *parse_format(options.format);
  listener.imported = true;
  wanted.listeners = {listener};
  Diagnostics diagnostics;
  setup.pipeline = engine::Pipeline::load(wanted, diagnostics);
  report(diagnostics);
  if (setup.pipeline == nullptr) return false;
  const auto& rules = setup.pipeline->rules->rules;
  for (const std::string& id : options.explained) {
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const rule::Rule& rule) {
      return rule.meta.id == id || rule.meta.name == id;
    });
    if (found == rules.end()) {
      message("vakt rules match: no rule '" + escape_terminal(id) + "' was loaded");
      return false;
    }
    setup.explained.push_back(static_cast<std::uint32_t>(found - rules.begin()));
  }
  return true;
}

class Printer {
 public:
  Printer(const Options& options, const Setup& setup)
      : options_(options), setup_(setup), rules_(setup.pipeline->rules->rules) {}

  void operator()(const MatchedLine& line, const event::Batch& batch) {
    ++lines_;
    if (!line.rules.empty()) ++matched_;
    if (!line.problem.empty()) ++unreadable_;
    if (!line.difference.empty()) ++different_;
    print(options_.json ? json(line) : text(line, batch));
  }
  std::uint64_t lines() const { return lines_; }
  std::uint64_t matched() const { return matched_; }
  std::uint64_t unreadable() const { return unreadable_; }
  std::uint64_t different() const { return different_; }

 private:
  std::string json(const MatchedLine& line) const {
    std::string out = fmt::format(R"({{"file":{},"line":{},"rules":[)",
                                  json_string(options_.files[line.file]), line.line);
    for (const std::uint32_t rule : line.rules) {
      if (out.back() != '[') out += ',';
      append_json(out, rules_[rule].meta.id);
    }
    out += ']';
    if (!line.problem.empty()) out += ",\"error\":" + json_string(line.problem);
    if (!line.difference.empty()) out += ",\"difference\":" + json_string(line.difference);
    return out + "}\n";
  }

  std::string text(const MatchedLine& line, const event::Batch& batch) const {
    std::string out = fmt::format("{}:{}: ", escape_terminal(options_.files[line.file]), line.line);
    if (!line.problem.empty()) out += "error: " + escape_terminal(line.problem) + ", ";
    if (!line.difference.empty()) out += "error: " + escape_terminal(line.difference) + ", ";
    out += line.rules.empty()       ? "no rule matches\n"
           : line.rules.size() == 1 ? "1 rule matches\n"
                                    : fmt::format("{} rules match\n", line.rules.size());
    for (const std::uint32_t rule : line.rules) {
      out += fmt::format("  {}  {}\n", escape_terminal(rules_[rule].meta.id),
                         escape_terminal(rules_[rule].meta.title));
      if (options_.explain && setup_.explained.empty()) out += explained(rule, *line.event, batch);
    }
    if (!line.event) return out;
    for (const std::uint32_t rule : setup_.explained) out += explained(rule, *line.event, batch);
    return out;
  }

  std::string explained(std::uint32_t rule, std::uint32_t event, const event::Batch& batch) const {
    const engine::Pipeline& p = *setup_.pipeline;
    return match::to_text(
        match::explain(*p.rules, rule, batch, batch.events()[event], p.names, p.routes), 4);
  }

  const Options& options_;
  const Setup& setup_;
  const std::vector<rule::Rule>& rules_;
  std::uint64_t lines_ = 0;
  std::uint64_t matched_ = 0;
  std::uint64_t unreadable_ = 0;
  std::uint64_t different_ = 0;
};

Result<void> feed(Setup& setup, MatchRun& run) {
  Progress progress;
  const bool tell = terminal_of(stderr).columns > 0;
  std::uint64_t before = 0;
  for (std::uint32_t i = 0; i < setup.files.size(); ++i) {
    const bool plain = setup.settings.format.plain();
    FrameReader reader(std::move(setup.files[i]), plain ? engine::kFrameBytesMax : kLineBytesMax);
    Result<bool> more = true;
    while (more && *more) {
      more = reader.read_chunk([&](const framing::Frame& frame, std::uint64_t line) {
        run.add({frame.bytes, frame.truncated, i, line, reader.file().path()});
      });
      if (tell) progress(before + reader.bytes(), setup.bytes);
    }
    if (!more) return tl::make_unexpected(more.error());
    before += reader.bytes();
  }
  run.flush();
  progress.clear();
  return {};
}

int match(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  Setup setup;
  setup.settings.format = options.line;
  setup.settings.engine = options.engine == "both"        ? EngineChoice::both
                          : options.engine == "reference" ? EngineChoice::reference
                                                          : EngineChoice::hyperscan;
  setup.settings.now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  if (!options.logsource.empty()) {
    const auto labels = parse_labels(options.logsource);
    if (!labels) {
      message("vakt rules match: --logsource: " + escape_terminal(labels.error().message));
      return kUsage;
    }
    setup.settings.default_labels = *labels;
  }
  if (const auto opened = open_files(options, setup); !opened) {
    message("vakt rules match: " + escape_terminal(opened.error().message));
    return kError;
  }
  if (!load(options, setup)) return kError;
  Printer printer(options, setup);
  MatchRun run(setup.pipeline, setup.settings, std::ref(printer));
  if (const auto fed = feed(setup, run); !fed) {
    message("vakt rules match: " + escape_terminal(fed.error().message));
    return kError;
  }
  if (!options.line.logsource_field.empty() && printer.lines() > 0 && !run.reader().saw_labels())
    message("note: no line has a member '" + escape_terminal(options.line.logsource_field) + "'");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  const auto& rules = setup.pipeline->rules->rules;
  message(fmt::format("{} events, {} with a match, {} unreadable; {} rules; {:.2f} s",
                      printer.lines(), printer.matched(), printer.unreadable(), rules.size(),
                      took.count()));
  if (options.engine == "both")
    message(fmt::format("matcher and reference disagree on {} events", printer.different()));
  if (printer.different() > 0) return kCheckFailed;
  return printer.unreadable() > 0 ? kError : kOk;
}

}  // namespace

void add_rules_match(CLI::App& rules, int& status) {
  auto* command = rules.add_subcommand("match", "Which rules match these events, and why");
  const auto options = std::make_shared<Options>();
  command->add_option("--rules", options->rules, "Rule files or directories (default: shipped)")
      ->allow_extra_args(false);
  command
      ->add_option("--placeholder", options->placeholders,
                   "Values of %NAME% in rules with the modifier expand: NAME=value,value")
      ->allow_extra_args(false);
  command->add_option("--logsource", options->logsource,
                      "Label of the events: product=...,category=...,service=...");
  command->add_option("--event-field", options->line.event_field,
                      "Member of each line that holds the event");
  command->add_option("--logsource-field", options->line.logsource_field,
                      "Member of each line that holds the event's label");
  command
      ->add_option("--raw-field", options->line.raw_field,
                   "Member of each line that holds the record as its source wrote it: with "
                   "--event-field, keywords are searched there too")
      ->capture_default_str();
  command->add_option("--format", options->format, "auto, syslog or json")
      ->check(CLI::IsMember({"auto", "syslog", "json"}));
  command
      ->add_option("--engine", options->engine,
                   "hyperscan, reference (slow and plain), or both and compare")
      ->check(CLI::IsMember({"hyperscan", "reference", "both"}));
  auto* json = command->add_flag("--json", options->json, "One JSON object a line");
  auto* explain = command->add_flag("--explain", options->explain,
                                    "Show for each rule what it looked at and found");
  explain->excludes(json);
  command
      ->add_option("--rule", options->explained,
                   "Explain this rule, by id or name, whether it matches or not")
      ->allow_extra_args(false)
      ->needs(explain);
  command->add_option("files", options->files, "Files of events; - is standard input")
      ->required()
      ->type_name("FILE");
  command->footer(kFooter);
  command->callback([options, &status] { status = match(*options); });
}

}  // namespace vakt::cli
