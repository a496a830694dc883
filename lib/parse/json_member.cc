#include "parse/json_member.h"

#include <simdjson.h>

#include <cstring>
#include <vector>

#include "base/check.h"

namespace vakt::parse {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kDepthMax = 64;

std::string_view trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

bool take(ondemand::value value, JsonMember& member) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case ondemand::json_type::object: {
      member.kind = JsonMember::Kind::object;
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS ||
          object.raw_json().get(member.text) != simdjson::SUCCESS)
        return false;
      member.text = trimmed(member.text);
      return true;
    }
    case ondemand::json_type::array: {
      member.kind = JsonMember::Kind::array;
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS ||
          array.raw_json().get(member.text) != simdjson::SUCCESS)
        return false;
      member.text = trimmed(member.text);
      return true;
    }
    case ondemand::json_type::string:
      member.kind = JsonMember::Kind::string;
      return value.get_string().get(member.text) == simdjson::SUCCESS;
    case ondemand::json_type::null:
    case ondemand::json_type::number:
    case ondemand::json_type::boolean:
      break;
  }
  member.text = trimmed(value.raw_json_token());
  member.kind = member.text == "null" ? JsonMember::Kind::null : JsonMember::Kind::other;
  return true;
}

JsonError search(ondemand::object object, std::string_view path, std::size_t depth,
                 JsonMember& member) {
  if (depth > kDepthMax) return JsonError::too_deep;
  for (auto next : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(next).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS)
      return JsonError::syntax;
    if (key == path) {
      if (!take(field.value(), member)) return JsonError::syntax;
      continue;
    }
    if (path.size() <= key.size() + 1 || !path.starts_with(key) || path[key.size()] != '.')
      continue;
    ondemand::object inner;
    if (field.value().get_object().get(inner) != simdjson::SUCCESS) continue;
    const JsonError error = search(inner, path.substr(key.size() + 1), depth + 1, member);
    if (error != JsonError::none) return error;
  }
  return JsonError::none;
}

}  // namespace

struct JsonMemberFinder::Impl {
  ondemand::parser parser;
  std::vector<char> text;
};

JsonMemberFinder::JsonMemberFinder(std::size_t text_bytes_max) : impl_(std::make_unique<Impl>()) {
  impl_->text.resize(text_bytes_max + simdjson::SIMDJSON_PADDING);
  check(impl_->parser.allocate(text_bytes_max) == simdjson::SUCCESS, "memory for the JSON parser");
}
JsonMemberFinder::~JsonMemberFinder() = default;

JsonError JsonMemberFinder::find(std::string_view text, std::string_view path, JsonMember& member) {
  member = {};
  if (!looks_like_json(text)) return JsonError::not_an_object;
  check(text.size() + simdjson::SIMDJSON_PADDING <= impl_->text.size(), "lines are bounded");
  std::memcpy(impl_->text.data(), text.data(), text.size());
  ondemand::document document;
  ondemand::object object;
  const auto error =
      impl_->parser.iterate(impl_->text.data(), text.size(), impl_->text.size()).get(document);
  if (error != simdjson::SUCCESS || document.get_object().get(object) != simdjson::SUCCESS)
    return JsonError::syntax;
  const JsonError found = search(object, path, 1, member);
  if (found != JsonError::none) return found;
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? JsonError::none
                                                                        : JsonError::syntax;
}

}  // namespace vakt::parse
