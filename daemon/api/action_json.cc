#include "api/action_json.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/text.h"

namespace vakt::api {
namespace {

namespace json = boost::json;
using incident::Action;

constexpr std::string_view kActions =
    "ack, investigate, contain, restore, close, reopen, set, merge, unmerge or note";

struct Reader {
  const incident::Incident& incident;
  const Resolve& resolve;
  Action action = {};
  bool has_action = false;

  Result<void> read(std::string_view key, const json::value& value);
};

Result<std::string> text_of(const json::value& value, std::string_view name) {
  if (!value.is_string()) return fail(Errc::invalid, fmt::format("'{}' is not a text", name));
  const std::string_view text = value.get_string();
  if (!is_valid_utf8(text)) return fail(Errc::invalid, fmt::format("'{}' is not UTF-8", name));
  return std::string(text);
}

tl::unexpected<Error> wrong(std::string_view name, std::string_view wanted) {
  return fail(Errc::invalid, fmt::format("'{}': {} is wanted", name, wanted));
}

Result<void> read_action_name(Reader& to, const json::value& value) {
  const auto text = text_of(value, "action");
  const auto kind = text ? incident::parse_action(*text) : std::nullopt;
  if (!kind) return wrong("action", kActions);
  to.action.kind = *kind;
  to.has_action = true;
  return {};
}

Result<void> read_actor(Reader& to, const json::value& value) {
  auto text = text_of(value, "actor");
  if (!text) return tl::make_unexpected(text.error());
  if (text->size() > kActorBytesMax)
    return fail(Errc::too_large, fmt::format("'actor' has more than {} bytes", kActorBytesMax));
  to.action.actor = std::move(*text);
  return {};
}

Result<void> read_text(Reader& to, const json::value& value) {
  auto text = text_of(value, "text");
  if (!text) return tl::make_unexpected(text.error());
  to.action.text = std::move(*text);
  return {};
}

Result<void> read_disposition(Reader& to, const json::value& value) {
  const auto text = text_of(value, "disposition");
  const auto disposition = text ? incident::parse_disposition(*text) : std::nullopt;
  if (!disposition)
    return wrong("disposition", "true_positive, benign, false_positive, duplicate or test");
  to.action.disposition = *disposition;
  return {};
}

Result<void> read_revision(Reader& to, const json::value& value) {
  boost::system::error_code error;
  const auto revision = value.to_number<std::uint64_t>(error);
  if (error) return wrong("expected_revision", "a number");
  to.action.expected_revision = revision;
  return {};
}

Result<void> read_facts(Reader& to, const json::value& value) {
  auto statements = read_statements(value, to.incident.facts, to.resolve);
  if (!statements) return tl::make_unexpected(statements.error());
  to.action.statements = std::move(*statements);
  return {};
}

Result<void> read_into(Reader& to, const json::value& value) {
  const auto text = text_of(value, "into");
  if (!text) return tl::make_unexpected(text.error());
  const auto id = to.resolve(*text);
  if (!id) return tl::make_unexpected(id.error());
  to.action.into = *id;
  return {};
}

Result<void> read_time(std::optional<Time>& to, std::string_view name, const json::value& value) {
  const auto text = text_of(value, name);
  to = text ? parse_rfc3339(*text) : std::nullopt;
  return to ? Result<void>{} : wrong(name, "a time with its offset (2026-11-20T17:42:10+01:00)");
}

Result<void> read_at(Reader& to, const json::value& value) {
  return read_time(to.action.at, "at", value);
}

Result<void> read_until(Reader& to, const json::value& value) {
  return read_time(to.action.until, "until", value);
}

constexpr std::array<std::pair<std::string_view, Result<void> (*)(Reader&, const json::value&)>, 9>
    kMembers{{{"action", read_action_name},
              {"actor", read_actor},
              {"text", read_text},
              {"disposition", read_disposition},
              {"expected_revision", read_revision},
              {"facts", read_facts},
              {"into", read_into},
              {"at", read_at},
              {"until", read_until}}};

Result<void> Reader::read(std::string_view key, const json::value& value) {
  for (const auto& [name, reader] : kMembers)
    if (name == key)
      return value.is_null() && key != "action" ? Result<void>{} : reader(*this, value);
  return fail(Errc::invalid,
              fmt::format("there is no member '{}': action, actor, text, disposition, "
                          "expected_revision, facts, into, at and until exist",
                          key));
}

bool is_step(incident::ActionKind kind) {
  using Kind = incident::ActionKind;
  return kind == Kind::acknowledge || kind == Kind::investigate || kind == Kind::contain ||
         kind == Kind::restore || kind == Kind::close;
}

// What says nothing with this action is a mistake.
Result<void> check_members(const Action& action) {
  using Kind = incident::ActionKind;
  const std::pair<bool, std::string_view> wrong[] = {
      {action.into && action.kind != Kind::merge, "'into' belongs to merge"},
      {!action.statements.empty() && action.kind != Kind::state_facts, "'facts' belongs to set"},
      {action.until && action.kind != Kind::acknowledge, "'until' belongs to ack"},
      {action.at && !is_step(action.kind), "'at' belongs to a step, such as contain"},
      {action.disposition != incident::Disposition::none && action.kind != Kind::close,
       "'disposition' belongs to close"}};
  for (const auto& [is_wrong, why] : wrong)
    if (is_wrong) return fail(Errc::invalid, std::string(why));
  return {};
}

}  // namespace

Result<Action> read_action(std::string_view body, const incident::Incident& incident,
                           const Resolve& resolve) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  const json::value value = json::parse(body, error, {}, options);
  if (error || !value.is_object())
    return fail(Errc::invalid,
                "the body is not a JSON object such as "
                "{\"action\":\"ack\",\"actor\":\"ada\"}");
  Reader reader{incident, resolve};
  for (const auto& member : value.get_object())
    if (const auto ok = reader.read(member.key(), member.value()); !ok)
      return tl::make_unexpected(ok.error());
  if (!reader.has_action)
    return fail(Errc::invalid, fmt::format("'action' is missing: {}", kActions));
  if (const auto ok = check_members(reader.action); !ok) return tl::make_unexpected(ok.error());
  return std::move(reader.action);
}

}  // namespace vakt::api
