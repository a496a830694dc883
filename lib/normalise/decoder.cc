#include "normalise/decoder.h"

#include <algorithm>
#include <span>

namespace vakt::normalise {

std::string_view unwrap_repeated(std::string_view message) {
  constexpr std::string_view kBefore = "message repeated ";
  constexpr std::string_view kAfter = " times: [";
  if (!message.starts_with(kBefore) || message.back() != ']') return message;
  const std::size_t digits_end = message.find_first_not_of("0123456789", kBefore.size());
  if (digits_end == std::string_view::npos || digits_end == kBefore.size()) return message;
  std::string_view inner = message.substr(digits_end);
  if (!inner.starts_with(kAfter)) return message;
  inner.remove_prefix(kAfter.size());
  inner.remove_suffix(1);
  if (inner.starts_with(' ')) inner.remove_prefix(1);
  return inner;
}

void Decoder::set_literals(std::string at_start, std::string anywhere) {
  starts_with = std::move(at_start);
  contains = std::move(anywhere);
  head = head_of(starts_with);
  std::memset(&head_mask, 0xFF, std::min(starts_with.size(), sizeof(head_mask)));
}

bool Decoder::has_contained(std::string_view message) const {
  return memmem(message.data(), message.size(), contains.data(), contains.size()) != nullptr;
}

bool Decoder::match(std::string_view message, Captures& captures_out) const {
  const re2::StringPiece text(message.data(), message.size());
  return pattern->Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, captures_out.data(),
                        submatches);
}

void Decoder::add_fields(event::Batch& batch, const Captures& captured) const {
  // The event's own fields are those before the first addition. Most events carry header fields
  // only, whose ids are below every decoded one: then the largest id rules out all clashes at once.
  const event::Event& event = batch.events().back();
  const std::uint32_t own = event.field_count;
  event::FieldId own_max = 0;
  for (const event::Field& f : batch.fields(event)) own_max = std::max(own_max, f.id);
  const auto has = [&](event::FieldId id) {
    if (id > own_max) return false;
    const auto fields = batch.fields(event).first(own);
    return std::any_of(fields.begin(), fields.end(),
                       [id](const event::Field& f) { return f.id == id; });
  };
  for (const Capture& c : captures) {
    const re2::StringPiece& text = captured[c.group];
    if (text.data() == nullptr || has(c.field)) continue;
    batch.add_field(c.field, event::ValueKind::string, {text.data(), text.size()});
  }
  if (constants.empty()) return;
  // Copied, because a batch outlives a reload of the decoders.
  const std::string_view text = batch.text().copy(constant_text);
  for (const Constant& c : constants)
    if (!has(c.field))
      batch.add_field(c.field, event::ValueKind::string, text.substr(c.begin, c.size));
}

}  // namespace vakt::normalise
