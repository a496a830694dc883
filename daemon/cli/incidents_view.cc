#include "cli/incidents_view.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"

namespace vakt::cli {
namespace {

namespace json = boost::json;

const json::value* at(const json::object& object, std::string_view path) {
  const json::object* here = &object;
  while (true) {
    const std::size_t dot = path.find('.');
    const json::value* value = here->if_contains(path.substr(0, dot));
    if (value == nullptr || dot == std::string_view::npos) return value;
    if (!value->is_object()) return nullptr;
    here = &value->get_object();
    path.remove_prefix(dot + 1);
  }
}

std::string text_of(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.get_string());
  return json::serialize(value);
}

std::string group_of(const json::object& incident) {
  const json::value* group = incident.if_contains("group");
  std::string out;
  if (const std::string members = text_at(incident, "members"); !members.empty())
    return fmt::format("storm of {} incidents", members);
  if (group == nullptr || !group->is_object()) return out;
  for (const auto& member : group->get_object())
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", std::string_view(member.key()),
                       text_of(member.value()));
  return out;
}

std::string state_of(const json::object& incident) {
  std::string out = text_at(incident, "state");
  if (const std::string why = text_at(incident, "disposition"); !why.empty())
    out += " (" + why + ")";
  return out;
}

void line(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += fmt::format("  {:<14} {}\n", name, escape_terminal(value));
}

std::string notes_of(const json::object& incident) {
  std::string out;
  for (const char* flag : {"provisional", "historic", "late", "approximate"})
    if (text_at(incident, flag) == "true")
      out += fmt::format("{}{}", out.empty() ? "" : ", ", flag);
  return out;
}

std::string next_step(const std::string& state) {
  if (state == "new") return "ack";
  if (state == "acknowledged") return "investigate";
  if (state == "investigating") return "contain";
  if (state == "contained") return "restore";
  return "close";
}

// A fact as people read it: values of a list and values by name in one line.
std::string fact_text(const json::value& value) {
  std::string out;
  const auto add = [&](std::string_view text) {
    if (!out.empty()) out += ", ";
    out += text;
  };
  if (const json::array* list = value.if_array())
    for (const json::value& item : *list) add(text_of(item));
  else if (const json::object* by_name = value.if_object())
    for (const auto& [name, item] : *by_name)
      add(fmt::format("{}: {}", std::string_view(name), text_of(item)));
  else
    add(text_of(value));
  return out;
}

}  // namespace

void next_step_hint(const json::object& incident) {
  const std::string state = text_at(incident, "state");
  if (state == "closed" || state.empty()) return;
  const std::string step = next_step(state);
  message(fmt::format("next: vakt incidents {} {}{}", step,
                      escape_terminal(text_at(incident, "name")),
                      step == "close" ? " --disposition true_positive" : ""));
}

std::string text_at(const json::object& object, std::string_view path) {
  const json::value* value = at(object, path);
  return value == nullptr ? "" : text_of(*value);
}

const json::array& array_at(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

std::string incident_table(const json::object& answer, const Terminal& terminal) {
  Table table{{"NAME", "SEVERITY", "STATE", "FIRST EVENT", "EVENTS", "GROUP", "RULE"}, {}, 1};
  for (const json::value& row : array_at(answer, "incidents")) {
    if (!row.is_object()) continue;
    const json::object& i = row.get_object();
    table.rows.push_back({text_at(i, "name"), text_at(i, "severity"), text_at(i, "state"),
                          text_at(i, "first_event_time"), text_at(i, "event_count"), group_of(i),
                          text_at(i, "rule.title")});
  }
  return table.rows.empty() ? "" : render(table, terminal);
}

std::string incident_page(const json::object& i, const Terminal& terminal) {
  std::string out = fmt::format("{}  {}\n", escape_terminal(text_at(i, "name")),
                                escape_terminal(text_at(i, "rule.title")));
  line(out, "severity", text_at(i, "severity"));
  line(out, "state", state_of(i));
  line(out, "owner", text_at(i, "owner"));
  line(out, "group", group_of(i));
  line(out, "first event", text_at(i, "first_event_time"));
  line(out, "last event", text_at(i, "last_event_time"));
  line(out, "opened by", text_at(i, "opened_by.event_time"));
  const std::string threshold = text_at(i, "threshold");  // "0": its condition is another one
  line(out, text_at(i, "members").empty() ? "events" : "incidents",
       fmt::format("{} (peak {} within {}{})", text_at(i, "event_count"), text_at(i, "peak"),
                   text_at(i, "window"), threshold == "0" ? "" : ", threshold " + threshold));
  line(out, "notes", notes_of(i));
  line(out, "rule", text_at(i, "rule.id"));
  line(out, "rule author", text_at(i, "rule.author"));
  line(out, "member of", text_at(i, "storm"));
  line(out, "merged into", text_at(i, "merged_into"));
  line(out, "continues", text_at(i, "continues"));
  line(out, "revision", text_at(i, "revision"));
  line(out, "id", text_at(i, "id"));

  if (const json::object* facts = i.if_contains("facts") ? i.at("facts").if_object() : nullptr)
    for (const auto& [name, value] : *facts) line(out, name, fact_text(value));

  Table timeline{{"AT", "WHO", "WHAT", "TEXT"}, {}};
  for (const json::value& entry : array_at(i, "timeline"))
    if (const json::object* e = entry.if_object())
      timeline.rows.push_back(
          {text_at(*e, "at"), text_at(*e, "actor"), text_at(*e, "kind"), text_at(*e, "text")});
  if (!timeline.rows.empty()) out += "\nTimeline\n" + render(timeline, terminal);

  Table evidence{{"EVENT TIME", "SOURCE", "RECORD"}, {}};
  for (const json::value& row : array_at(i, "evidence"))
    if (const json::object* e = row.if_object())
      evidence.rows.push_back(
          {text_at(*e, "event_time"), text_at(*e, "source"), text_at(*e, "raw")});
  if (!evidence.rows.empty())
    out += fmt::format("\nEvidence ({} of {})\n", evidence.rows.size(),
                       escape_terminal(text_at(i, "evidence_total"))) +
           render(evidence, terminal);
  return out;
}

}  // namespace vakt::cli
