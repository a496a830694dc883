// JSON records against simdjson's DOM parser, which validates everything: the two agree on what is
// valid, but for numbers of any size (we keep their text) and our own limits.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "parse/json.h"
#include "parse/utf8.h"

namespace {

using namespace vakt;
using namespace vakt::parse;

const event::FieldNames& names() {
  static const event::FieldNames known = [] {
    event::FieldNames n;
    for (const char* name : {"a", "b", "c", "a.b", "a.b.c", "x"}) n.intern(name);
    return n;
  }();
  return known;
}

bool is_within(std::string_view view, std::string_view text) {
  return view.data() >= text.data() && view.data() + view.size() <= text.data() + text.size();
}

void check_against_dom(std::string_view frame, JsonError error) {
  std::string text;
  append_sanitised(text, frame);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  simdjson::dom::parser dom;
  simdjson::dom::element element;
  const auto dom_error = dom.parse(simdjson::padded_string(text)).get(element);
  if (error == JsonError::none) {
    check(dom_error == simdjson::SUCCESS || dom_error == simdjson::NUMBER_ERROR,
          "what we accept is JSON");
  }
  if (dom_error == simdjson::SUCCESS && element.is_object())
    check(error != JsonError::syntax && error != JsonError::not_an_object, "JSON is accepted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonParser parser(1 << 16);
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  // Room for exactly this frame, so that the sanitizer sees reads beyond the padding.
  event::Batch batch(size + 1, 1);
  batch.add(frame);
  const JsonError error = parser.parse(batch, names(), true);
  const event::Event& e = batch.events().back();
  check(e.raw == frame, "the raw text is never changed");
  check(error == JsonError::none || (e.field_count == 0 && e.keywords.empty()), "no half records");
  for (const event::Field& f : batch.fields(e)) {
    check(f.id < names().size(), "known name");
    check(is_valid_utf8(f.text), "valid text");
    check(f.kind != event::ValueKind::number || is_within(f.text, e.raw) || needs_sanitising(frame),
          "numbers are views");
  }
  check(is_valid_utf8(e.keywords), "valid keywords");
  check_against_dom(frame, error);
  return 0;
}
