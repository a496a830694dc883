#include "api/facts_json.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <set>

#include "api/incident_json.h"

namespace vakt::api {
namespace {

namespace json = boost::json;
using incident::FactInfo;
using incident::Shape;
using incident::Statement;
using incident::ValueType;

json::value value_of(const FactInfo& info, std::string_view text) {
  if (info.type == ValueType::boolean) return text == "true";
  if (info.type == ValueType::number) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  return safe_string(text);
}

// Reads the facts of one request.
class Reader {
 public:
  Reader(const incident::Facts& present, const Resolve& resolve)
      : present_(present), resolve_(resolve) {}

  Result<std::vector<Statement>> read(const json::object& facts) {
    for (const auto& [name, value] : facts) {
      const FactInfo* info = incident::find_fact(name);
      if (info == nullptr)
        return fail(Errc::invalid,
                    fmt::format("there is no fact '{}': GET /api/v1/facts lists them",
                                std::string_view(name)));
      if (const auto ok = read_fact(*info, value); !ok) return tl::make_unexpected(ok.error());
    }
    return std::move(out_);
  }

 private:
  Result<void> read_fact(const FactInfo& info, const json::value& value) {
    switch (info.shape) {
      case Shape::one:
        return add(info, {}, value);
      case Shape::set:
        return read_set(info, value);
      case Shape::map:
        return read_map(info, value);
    }
    return {};
  }

  Result<void> read_set(const FactInfo& info, const json::value& value) {
    if (value.is_null()) return remove_but(info, {});
    if (value.is_array()) {
      std::set<std::string> kept;
      if (const auto ok = add_all(info, value.get_array(), true, &kept); !ok) return ok;
      return remove_but(info, kept);
    }
    if (!value.is_object())
      return fail(Errc::invalid, fmt::format("'{}' takes a list of texts", info.name));
    for (const auto& [name, list] : value.get_object()) {
      if ((name != "add" && name != "remove") || !list.is_array())
        return fail(
            Errc::invalid,
            fmt::format("'{}' takes a list, or {{\"add\": [], \"remove\": []}}", info.name));
      if (const auto ok = add_all(info, list.get_array(), name == "add", nullptr); !ok) return ok;
    }
    return {};
  }

  Result<void> add_all(const FactInfo& info, const json::array& list, bool there,
                       std::set<std::string>* keys) {
    for (const json::value& item : list) {
      auto key = text_of(info, item);
      if (!key) return tl::make_unexpected(key.error());
      if (keys != nullptr) keys->insert(*key);
      out_.push_back(
          {info.id, std::move(*key), there ? std::optional<std::string>("") : std::nullopt});
    }
    return {};
  }

  Result<void> remove_but(const FactInfo& info, const std::set<std::string>& kept) {
    for (const incident::Fact& fact : present_.all())
      if (fact.id == info.id && !kept.contains(fact.key))
        out_.push_back({info.id, fact.key, std::nullopt});
    return {};
  }

  Result<void> read_map(const FactInfo& info, const json::value& value) {
    if (value.is_null()) return remove_but(info, {});
    if (!value.is_object())
      return fail(Errc::invalid, fmt::format("'{}' takes an object: a value by name", info.name));
    for (const auto& [key, item] : value.get_object())
      if (const auto ok = add(info, key, item); !ok) return ok;
    return {};
  }

  Result<void> add(const FactInfo& info, std::string_view key, const json::value& value) {
    if (value.is_null()) {
      out_.push_back({info.id, std::string(key), std::nullopt});
      return {};
    }
    auto text = text_of(info, value);
    if (!text) return tl::make_unexpected(text.error());
    out_.push_back({info.id, std::string(key), std::move(*text)});
    return {};
  }

  // Numbers and booleans may be given as such.
  Result<std::string> text_of(const FactInfo& info, const json::value& value) {
    if (value.is_double()) return fmt::format("{}", value.get_double());
    if (value.is_bool() || value.is_number()) return json::serialize(value);
    if (!value.is_string())
      return fail(Errc::invalid, fmt::format("'{}' takes texts, numbers or booleans", info.name));
    const std::string_view text = value.get_string();
    if (info.type != ValueType::incident) return std::string(text);
    const auto id = resolve_(text);
    if (!id) return tl::make_unexpected(id.error());
    return to_hex(*id);
  }

  const incident::Facts& present_;
  const Resolve& resolve_;
  std::vector<Statement> out_;
};

}  // namespace

json::object to_json(const incident::Facts& facts) {
  json::object out;
  for (const incident::Fact& fact : facts.all()) {
    const FactInfo& info = incident::info(fact.id);
    json::value& at = out[info.name];
    switch (info.shape) {
      case Shape::one:
        at = value_of(info, fact.value);
        break;
      case Shape::set:
        if (!at.is_array()) at = json::array();
        at.get_array().push_back(safe_string(fact.key));
        break;
      case Shape::map:
        if (!at.is_object()) at = json::object();
        at.get_object()[safe_string(fact.key)] = value_of(info, fact.value);
        break;
    }
  }
  return out;
}

json::object to_json(const FactInfo& info) {
  constexpr std::array<std::string_view, 3> kShapes{"value", "list", "by_name"};
  constexpr std::array<std::string_view, 7> kTypes{"word",    "text", "number",  "percent",
                                                   "boolean", "time", "incident"};
  return {{"name", info.name},
          {"shape", kShapes.at(static_cast<std::size_t>(info.shape))},
          {"type", kTypes.at(static_cast<std::size_t>(info.type))},
          {"help", info.help},
          {"words", json::array(info.words.begin(), info.words.end())},
          {"keys", json::array(info.keys.begin(), info.keys.end())}};
}

json::array stated_json(const incident::Facts& facts) {
  json::array out;
  for (const incident::Fact& fact : facts.all())
    out.push_back(json::object{{"fact", incident::info(fact.id).name},
                               {"key", safe_string(fact.key)},
                               {"by", safe_string(fact.by)},
                               {"at", format_rfc3339(fact.at)},
                               {"reason", safe_string(fact.reason)}});
  return out;
}

Result<std::vector<Statement>> read_statements(const json::value& facts,
                                               const incident::Facts& present,
                                               const Resolve& resolve) {
  if (!facts.is_object())
    return fail(Errc::invalid, "'facts' is not an object such as {\"kind\": \"near_miss\"}");
  return Reader(present, resolve).read(facts.get_object());
}

}  // namespace vakt::api
