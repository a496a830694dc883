// Working on incidents beyond their steps: facts, links, merging, reopening.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/incident_action.h"
#include "cli/output.h"
#include "incident/facts.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;
using incident::FactInfo;
using incident::Shape;

constexpr const char* kSetFooter = R"(
What can be stated: vakt incidents facts.

  NAME=VALUE       a value; of a list, this one alone
  NAME+=VALUE      into a list
  NAME-=VALUE      out of a list
  NAME[KEY]=VALUE  a value by name: of a service, a role, an indicator
  NAME=            takes it back; NAME[KEY]= as well

Examples:
  vakt incidents set 17 kind=significant_incident affected+=availability services+=shop
  vakt incidents set 17 users_affected=1200 users_affected_estimated=true tlp=amber
  vakt incidents set 17 'unavailable_from[shop]=2026-11-20T17:42:10+01:00' 'role[legal]=Eva'
  vakt incidents set 17 aware_at=2026-11-20T17:50:00+01:00 --text "the call log says so")";

struct Assignment {
  std::string name, key, value;
  char mark = '=';  // '+' and '-' of a list
};

// Nullopt: of another form.
std::optional<Assignment> parse(std::string_view text) {
  Assignment out;
  std::size_t at = text.find_first_of("=[");
  if (at == 0 || at == text.npos) return std::nullopt;
  if (text[at] == '[') {
    const std::size_t end = text.find("]=", at);
    if (end == text.npos) return std::nullopt;
    out.key = text.substr(at + 1, end - at - 1);
    out.name = text.substr(0, at);
    out.value = text.substr(end + 2);
    return out;
  }
  out.value = text.substr(at + 1);
  if (text[at - 1] == '+' || text[at - 1] == '-') out.mark = text[--at];
  out.name = text.substr(0, at);
  return out;
}

json::value value_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

// Into the facts of the API. Empty: well; else what is wrong.
std::string add(const Assignment& a, json::object& facts) {
  const FactInfo* info = incident::find_fact(a.name);
  if (info == nullptr)
    return fmt::format("there is no fact '{}': see vakt incidents facts", escape_terminal(a.name));
  const bool list = info->shape == Shape::set;
  if (a.mark != '=' && !list) return fmt::format("'{}' is no list: use {}=VALUE", a.name, a.name);
  if ((info->shape == Shape::map) == a.key.empty() &&
      !(info->shape == Shape::map && a.value.empty()))
    return info->shape == Shape::map
               ? fmt::format("'{}' is by name: use {}[KEY]=VALUE", a.name, a.name)
               : fmt::format("'{}' has no names: use {}=VALUE", a.name, a.name);
  json::value& at = facts[a.name];
  if (!a.key.empty()) {
    if (!at.is_object()) at = json::object();
    at.get_object()[a.key] = value_or_null(a.value);
  } else if (!list) {
    at = value_or_null(a.value);
  } else if (a.mark == '=') {
    at = a.value.empty() ? json::array() : json::array{json::string(a.value)};
  } else {
    if (!at.is_object()) at = json::object();
    json::value& items = at.get_object()[a.mark == '+' ? "add" : "remove"];
    if (!items.is_array()) items = json::array();
    items.get_array().push_back(json::string(a.value));
  }
  return {};
}

struct SetOptions : IncidentAction {
  std::vector<std::string> assignments;
};

int set(const SetOptions& options) {
  json::object facts;
  for (const std::string& text : options.assignments) {
    const auto assignment = parse(text);
    const std::string wrong = assignment
                                  ? add(*assignment, facts)
                                  : fmt::format("'{}' is not NAME=VALUE", escape_terminal(text));
    if (wrong.empty()) continue;
    message("vakt incidents set: " + wrong);
    return kUsage;
  }
  return act(options, {{"action", "set"}, {"facts", std::move(facts)}});
}

void add_set(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("set", "State facts: kind, effects, times, roles");
  const auto options = std::make_shared<SetOptions>();
  add_action_options(*command, *options);
  command->add_option("assignments", options->assignments, "What is so")
      ->required()
      ->type_name("NAME=VALUE");
  command->add_option("--text", options->text, "Reason, kept in the timeline");
  command->footer(kSetFooter);
  command->callback([options, &status] { status = set(*options); });
}

std::string form_of(const FactInfo& info) {
  if (info.shape == Shape::set) return "list";
  return info.shape == Shape::map ? "by name" : "value";
}

std::string values_of(const FactInfo& info) {
  constexpr std::array<std::string_view, 7> kTypes{
      "", "text", "number", "percent", "true or false", "time with offset", "an incident"};
  const std::string values = info.words.empty()
                                 ? std::string(kTypes.at(static_cast<std::size_t>(info.type)))
                                 : fmt::format("{}", fmt::join(info.words, " "));
  return info.keys.empty() ? values : fmt::format("{}; of {}", values, fmt::join(info.keys, " "));
}

void add_facts(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("facts", "What can be stated about an incident");
  command->callback([&status] {
    Table table{{"NAME", "FORM", "WHAT", "VALUES"}, {}};
    for (const FactInfo& info : incident::fact_infos())
      table.rows.push_back(
          {std::string(info.name), form_of(info), std::string(info.help), values_of(info)});
    print(render(table, {}));
    status = kOk;
  });
}

struct OtherOptions : IncidentAction {
  std::string relation, other;
};

void add_link(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("link", "Link it with another incident; both say so");
  const auto options = std::make_shared<OtherOptions>();
  add_action_options(*command, *options);
  command->add_option("relation", options->relation, "duplicate_of, caused_by, recurrence_of, …")
      ->required()
      ->check(CLI::IsMember(
          {"duplicate_of", "duplicates", "caused_by", "causes", "recurrence_of", "recurrences"}));
  command->add_option("other", options->other, "The other incident")->required()->type_name("REF");
  command->add_option("--text", options->text, "Reason, kept in the timeline");
  command->footer("\nExample:\n  vakt incidents link 17 caused_by 12");
  command->callback([options, &status] {
    json::object change{{"add", json::array{json::string(options->other)}}};
    status =
        act(*options, {{"action", "set"}, {"facts", {{options->relation, std::move(change)}}}});
  });
}

void add_merge(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("merge", "Merge it into another incident");
  const auto options = std::make_shared<OtherOptions>();
  add_action_options(*command, *options);
  command->add_option("--into", options->other, "The one that stays")->required()->type_name("REF");
  command->add_option("--text", options->text, "Reason, kept in the timeline");
  command->footer(
      "\nIts number goes on to work, and `unmerge` takes it back.\n"
      "\nExample:\n  vakt incidents merge 18 --into 17");
  command->callback([options, &status] {
    status = act(*options, {{"action", "merge"}, {"into", options->other}});
  });
}

void add_plain(CLI::App& app, const char* name, const char* help, const char* example, bool reason,
               int& status) {
  auto* command = app.add_subcommand(name, help);
  const auto options = std::make_shared<IncidentAction>();
  add_action_options(*command, *options);
  command->add_option("--text", options->text, "Reason, kept in the timeline")->required(reason);
  command->footer(std::string("\nExample:\n  vakt incidents ") + example);
  command->callback([options, name, &status] { status = act(*options, {{"action", name}}); });
}

}  // namespace

void add_desk_commands(CLI::App& incidents, int& status) {
  add_set(incidents, status);
  add_facts(incidents, status);
  add_link(incidents, status);
  add_merge(incidents, status);
  add_plain(incidents, "unmerge", "Take a merging back", "unmerge 18", false, status);
  add_plain(incidents, "reopen", "Open a closed incident again",
            "reopen 17 --text \"the address is back\"", true, status);
}

}  // namespace vakt::cli
