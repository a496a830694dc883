#include "api/body.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"

namespace vakt::api {

namespace json = boost::json;

namespace {

tl::unexpected<Error> wrong(std::string_view name, std::string_view wanted) {
  return fail(Errc::invalid, fmt::format("'{}': {} is wanted", name, wanted));
}

Result<std::string> text_of(const json::value& value, std::string_view name) {
  if (!value.is_string() || !is_valid_utf8(std::string_view(value.get_string())))
    return wrong(name, "a text");
  return std::string(std::string_view(value.get_string()));
}

}  // namespace

Result<Body> Body::read(std::string_view body, std::initializer_list<std::string_view> members) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  json::value value = json::parse(body, error, {}, options);
  std::string known;
  for (const std::string_view name : members)
    known += fmt::format("{}'{}'", &" "[known.empty()], name);
  if (error || !value.is_object())
    return fail(Errc::invalid, fmt::format("the body is not a JSON object with {}", known));
  for (const auto& member : value.get_object())
    if (std::find(members.begin(), members.end(), std::string_view(member.key())) == members.end())
      return fail(Errc::invalid, fmt::format("there is no member '{}': {} exist",
                                             escape_terminal(member.key()), known));
  Body out;
  out.object_ = std::move(value.get_object());
  return out;
}

bool Body::has(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  return value != nullptr && !value->is_null();
}

Result<std::string> Body::text(std::string_view name) const {
  if (!has(name)) return wrong(name, "a text");
  return text_of(object_.at(name), name);
}

Result<std::optional<std::string>> Body::text_if_any(std::string_view name) const {
  if (!has(name)) return std::optional<std::string>();
  auto found = text_of(object_.at(name), name);
  if (!found) return tl::make_unexpected(found.error());
  return std::optional<std::string>(std::move(*found));
}

Result<std::vector<std::string>> Body::texts(std::string_view name) const {
  if (!has(name) || !object_.at(name).is_array()) return wrong(name, "a list of texts");
  std::vector<std::string> out;
  for (const json::value& value : object_.at(name).get_array()) {
    auto found = text_of(value, name);
    if (!found) return wrong(name, "a list of texts");
    out.push_back(std::move(*found));
  }
  return out;
}

Result<bool> Body::flag(std::string_view name) const {
  if (!has(name) || !object_.at(name).is_bool()) return wrong(name, "true or false");
  return object_.at(name).get_bool();
}

Result<std::optional<Time>> Body::time_if_any(std::string_view name) const {
  const auto found = text_if_any(name);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return std::optional<Time>();
  const auto time = parse_rfc3339(**found);
  if (!time) return wrong(name, "a time with its offset (2026-11-20T17:42:10+01:00)");
  return std::optional<Time>(*time);
}

Result<std::string> Body::take_secret(std::string_view name) {
  auto found = text(name);
  if (!found) return found;
  json::string& here = object_.at(name).get_string();
  OPENSSL_cleanse(here.data(), here.size());
  return found;
}

}  // namespace vakt::api
