#include "api/query.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/text.h"

namespace vakt::api {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<rule::Level> parse_level(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(rule::Level::critical); ++i)
    if (rule::to_string(static_cast<rule::Level>(i)) == text) return static_cast<rule::Level>(i);
  return std::nullopt;
}

tl::unexpected<Error> bad(std::string_view name, std::string_view value, std::string_view wanted) {
  return fail(Errc::invalid, fmt::format("{}={}: {} is wanted", name, value, wanted));
}

constexpr std::string_view kStates =
    "new, acknowledged, investigating, contained, restored or closed";
constexpr std::string_view kLevels = "informational, low, medium, high or critical";

Result<void> read_parameter(const std::string& name, const std::string& value,
                            const store::Store& store, store::IncidentQuery& query) {
  const auto flag = [&](bool& into) -> Result<void> {
    if (value != "true" && value != "false") return bad(name, value, "true or false");
    into = value == "true";
    return {};
  };
  if (name == "state") {
    query.state = incident::parse_state(value);
    if (!query.state) return bad(name, value, kStates);
    if (*query.state == incident::State::closed) query.include_closed = true;
  } else if (name == "severity") {
    query.severity = parse_level(value);
    if (!query.severity) return bad(name, value, kLevels);
  } else if (name == "rule") {
    query.rule_id = value;
  } else if (name == "storm") {
    const auto storm = store.find_incident(value);
    if (!storm) return tl::make_unexpected(storm.error());
    query.storm = storm->id;
  } else if (name == "include_members") {
    return flag(query.include_members);
  } else if (name == "include_closed") {
    return flag(query.include_closed);
  } else if (name == "include_merged") {
    return flag(query.include_merged);
  } else if (name == "limit") {
    const auto limit = number(value);
    if (!limit || *limit < 1 || *limit > 1'000) return bad(name, value, "a number from 1 to 1000");
    query.limit = *limit;
  } else if (name == "before") {
    const bool named = value.size() > 4 && iequals(std::string_view(value).substr(0, 4), "INC-");
    const auto before = number(std::string_view(value).substr(named ? 4 : 0));
    if (!before) return bad(name, value, "the number of an incident");
    query.before_number = *before;
  } else {
    return fail(Errc::invalid,
                fmt::format("there is no parameter '{}': state, severity, rule, storm, "
                            "include_closed, include_merged, include_members, limit and before "
                            "exist",
                            name));
  }
  return {};
}

}  // namespace

Result<store::IncidentQuery> read_incident_query(const http::Request& request,
                                                 const store::Store& store) {
  store::IncidentQuery query;
  query.include_closed = false;
  for (const auto& [name, value] : request.query)
    if (const auto ok = read_parameter(name, value, store, query); !ok)
      return tl::make_unexpected(ok.error());
  return query;
}

Result<std::size_t> read_evidence_limit(const http::Request& request) {
  std::size_t limit = 100;
  for (const auto& [name, value] : request.query) {
    if (name != "evidence")
      return fail(Errc::invalid, fmt::format("there is no parameter '{}': evidence exists", name));
    const auto wanted = number(value);
    if (!wanted || *wanted > 1'000) return bad(name, value, "a number from 0 to 1000");
    limit = *wanted;
  }
  return limit;
}

}  // namespace vakt::api
