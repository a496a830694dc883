#include "parse/json.h"

#include <simdjson.h>

#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "parse/utf8.h"

namespace vakt::parse {
namespace {

using event::FieldId;
using event::ValueKind;
namespace ondemand = simdjson::ondemand;

constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kFieldsMax = 1024;
constexpr std::size_t kNameBytesMax = 1024;     // no longer name is known to anybody
constexpr std::size_t kNameTooLong = SIZE_MAX;  // instead of the length of such a name
constexpr std::size_t kSanitisedGrowthMax = 3;  // one bad byte becomes the three of U+FFFD
constexpr std::string_view kBom = "\xEF\xBB\xBF";

static_assert(event::kPaddingBytes >= simdjson::SIMDJSON_PADDING);

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Without a BOM and leading space.
std::string_view object_start(std::string_view text) {
  if (text.starts_with(kBom)) text.remove_prefix(kBom.size());
  while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
  return text;
}

std::string_view without_trailing_space(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool skip_digits(const char*& p, const char* end) {
  const char* start = p;
  while (p != end && *p >= '0' && *p <= '9') ++p;
  return p != start;
}

// RFC 8259 section 6. Numbers keep their text, so any size and precision is fine.
bool is_number(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  if (p != end && *p == '-') ++p;
  const bool zero = p != end && *p == '0';
  const char* start = p;
  if (!skip_digits(p, end) || (zero && p - start > 1)) return false;
  if (p != end && *p == '.' && !skip_digits(++p, end)) return false;
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (!skip_digits(p, end)) return false;
  }
  return p == end;
}

}  // namespace

// One walk over one document. What it finds is collected here first, so that an error at its end
// leaves the event as it was.
struct JsonParser::Impl {
  explicit Impl(std::size_t frame_bytes_max) : parser(frame_bytes_max * kSanitisedGrowthMax) {
    check(parser.allocate(frame_bytes_max) == simdjson::SUCCESS, "memory for the JSON parser");
    fields.reserve(kFieldsMax);
  }

  JsonError parse(std::string_view text);
  std::string_view sanitised(std::string_view text);
  JsonError walk_object(ondemand::object object, std::size_t name_bytes, std::size_t depth);
  JsonError walk_array(ondemand::array array, std::size_t name_bytes, std::size_t depth);
  JsonError walk_value(ondemand::value value, std::size_t name_bytes, std::size_t depth);
  JsonError walk_string(ondemand::value value, std::size_t name_bytes);
  JsonError walk_scalar(std::string_view text, std::size_t name_bytes);
  bool key_of(ondemand::field& field, std::string_view& key);
  std::size_t append_name(std::size_t name_bytes, std::string_view key, std::size_t depth);
  std::span<const FieldId> wanted(std::size_t name_bytes);
  JsonError add(std::span<const FieldId> ids, ValueKind kind, std::string_view text);

  ondemand::parser parser;
  // Of the document under way.
  event::Batch* batch = nullptr;
  const event::FieldNames* names = nullptr;
  bool want_keywords = false;
  bool spelled = true;
  FieldId as_it_is = event::kNoField;  // what wanted() shows where spellings do not count
  std::size_t leaves = 0;
  std::vector<event::Field> fields;
  std::string keywords;
  std::string scratch;
  std::array<char, kNameBytesMax> name;  // the dotted name of the value under way
};

JsonParser::JsonParser(std::size_t frame_bytes_max)
    : impl_(std::make_unique<Impl>(frame_bytes_max)) {}
JsonParser::~JsonParser() = default;

JsonError JsonParser::parse(event::Batch& batch, const event::FieldNames& names, bool want_keywords,
                            bool spelled) {
  Impl& impl = *impl_;
  impl.batch = &batch;
  impl.names = &names;
  impl.want_keywords = want_keywords;
  impl.spelled = spelled;
  event::Event& event = batch.events().back();
  const JsonError error = impl.parse(event.raw);
  if (error != JsonError::none) return error;
  for (const event::Field& f : impl.fields) batch.add_field(f.id, f.kind, f.text);
  if (want_keywords) event.keywords = batch.text().copy(impl.keywords);
  return JsonError::none;
}

JsonError JsonParser::Impl::parse(std::string_view raw) {
  leaves = 0;
  fields.clear();
  keywords.clear();
  std::string_view text = object_start(raw);
  if (!text.starts_with('{')) return JsonError::not_an_object;
  ondemand::document document;
  auto error =
      parser.iterate(text.data(), text.size(), text.size() + event::kPaddingBytes).get(document);
  if (error != simdjson::SUCCESS && needs_sanitising(text)) {
    text = sanitised(text);
    error =
        parser.iterate(text.data(), text.size(), text.size() + event::kPaddingBytes).get(document);
  }
  ondemand::object object;
  if (error != simdjson::SUCCESS || document.get_object().get(object) != simdjson::SUCCESS)
    return JsonError::syntax;
  const JsonError walked = walk_object(object, 0, 1);
  if (walked != JsonError::none) return walked;
  // Nothing may follow the object.
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? JsonError::none
                                                                        : JsonError::syntax;
}

std::string_view JsonParser::Impl::sanitised(std::string_view text) {
  scratch.clear();
  append_sanitised(scratch, text);
  char* copy = batch->text().allocate(scratch.size() + event::kPaddingBytes);
  std::memcpy(copy, scratch.data(), scratch.size());
  std::memset(copy + scratch.size(), 0, event::kPaddingBytes);
  return {copy, scratch.size()};
}

JsonError JsonParser::Impl::walk_object(ondemand::object object, std::size_t name_bytes,
                                        std::size_t depth) {
  for (auto result : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(result).get(field) != simdjson::SUCCESS || !key_of(field, key))
      return JsonError::syntax;
    const std::size_t bytes = append_name(name_bytes, key, depth);
    const JsonError error = walk_value(std::move(field).value(), bytes, depth);
    if (error != JsonError::none) return error;
  }
  return JsonError::none;
}

JsonError JsonParser::Impl::walk_array(ondemand::array array, std::size_t name_bytes,
                                       std::size_t depth) {
  bool empty = true;
  for (auto result : array) {
    ondemand::value value;
    if (std::move(result).get(value) != simdjson::SUCCESS) return JsonError::syntax;
    const JsonError error = walk_value(value, name_bytes, depth);
    if (error != JsonError::none) return error;
    empty = false;
  }
  return empty ? add(wanted(name_bytes), ValueKind::null, {}) : JsonError::none;
}

JsonError JsonParser::Impl::walk_value(ondemand::value value, std::size_t name_bytes,
                                       std::size_t depth) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return JsonError::syntax;
  switch (type) {
    case ondemand::json_type::object: {
      if (depth == kDepthMax) return JsonError::too_deep;
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) return JsonError::syntax;
      return walk_object(object, name_bytes, depth + 1);
    }
    case ondemand::json_type::array: {
      if (depth == kDepthMax) return JsonError::too_deep;
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return JsonError::syntax;
      return walk_array(array, name_bytes, depth + 1);
    }
    case ondemand::json_type::string:
      return walk_string(value, name_bytes);
    case ondemand::json_type::number:
    case ondemand::json_type::boolean:
    case ondemand::json_type::null:
      return walk_scalar(without_trailing_space(value.raw_json_token()), name_bytes);
  }
  return JsonError::syntax;
}

JsonError JsonParser::Impl::walk_string(ondemand::value value, std::size_t name_bytes) {
  const std::string_view token = without_trailing_space(value.raw_json_token());
  if (token.size() < 2 || token.back() != '"') return JsonError::syntax;
  std::string_view text = token.substr(1, token.size() - 2);
  const std::span<const FieldId> ids = wanted(name_bytes);
  // The first pass has found the quotes, and rejected control characters and bad UTF-8.
  if (std::memchr(text.data(), '\\', text.size()) == nullptr) {
    // The value must be taken, not left for simdjson to skip: it skips "a":"b" as one.
    ondemand::raw_json_string taken;
    if (value.get_raw_json_string().get(taken) != simdjson::SUCCESS) return JsonError::syntax;
    return add(ids, ValueKind::string, text);
  }
  // Unescaped even where nobody wants it: a bad escape makes the record invalid.
  if (value.get_string().get(text) != simdjson::SUCCESS) return JsonError::syntax;
  if (want_keywords) {
    if (!keywords.empty()) keywords += '\n';
    keywords += text;
  }
  return add(ids, ValueKind::string, ids.empty() ? text : batch->text().copy(text));
}

JsonError JsonParser::Impl::walk_scalar(std::string_view text, std::size_t name_bytes) {
  const std::span<const FieldId> ids = wanted(name_bytes);
  if (text == "null") return add(ids, ValueKind::null, {});
  if (text == "true" || text == "false") return add(ids, ValueKind::boolean, text);
  return is_number(text) ? add(ids, ValueKind::number, text) : JsonError::syntax;
}

bool JsonParser::Impl::key_of(ondemand::field& field, std::string_view& key) {
  // The first pass has made sure that every string is closed.
  const char* start = field.key().raw();
  const char* p = start;
  while (*p != '"' && *p != '\\') ++p;
  if (*p == '\\') return field.unescaped_key().get(key) == simdjson::SUCCESS;
  key = {start, static_cast<std::size_t>(p - start)};
  return true;
}

std::size_t JsonParser::Impl::append_name(std::size_t name_bytes, std::string_view key,
                                          std::size_t depth) {
  if (name_bytes == kNameTooLong) return kNameTooLong;
  const std::size_t dot = depth > 1 ? 1 : 0;
  if (name_bytes + dot + key.size() > name.size()) return kNameTooLong;
  if (dot > 0) name[name_bytes] = '.';
  if (!key.empty()) std::memcpy(name.data() + name_bytes + dot, key.data(), key.size());
  return name_bytes + dot + key.size();
}

// Valid until it is called again.
std::span<const FieldId> JsonParser::Impl::wanted(std::size_t name_bytes) {
  if (name_bytes == kNameTooLong) return {};
  const std::string_view spelling(name.data(), name_bytes);
  if (spelled) return names->lookup(spelling);
  as_it_is = names->find(spelling);
  return {&as_it_is, as_it_is == event::kNoField ? 0u : 1u};
}

JsonError JsonParser::Impl::add(std::span<const FieldId> ids, ValueKind kind,
                                std::string_view text) {
  if (++leaves > kFieldsMax) return JsonError::too_many_fields;
  for (const FieldId id : ids) fields.push_back({id, kind, text});
  return JsonError::none;
}

bool looks_like_json(std::string_view frame) { return object_start(frame).starts_with('{'); }

}  // namespace vakt::parse
