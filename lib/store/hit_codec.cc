#include "store/hit_codec.h"

#include "store/record.h"

namespace vakt::store {
namespace {

constexpr std::uint8_t kHitVersion = 1;
// Smallest encoding of a field: length of the name, kind, length of the text.
constexpr std::size_t kFieldBytesMin = 3;

}  // namespace

void encode_hit(const event::Hit& hit, std::string_view rule_id, Hash128 rule_hash,
                const event::FieldNames& names, std::string& out) {
  RecordWriter writer(out, kHitVersion);
  writer.bytes(rule_id);
  writer.hash(rule_hash);
  writer.time(hit.event_time);
  writer.time(hit.received_time);
  writer.varint(hit.flags);
  writer.bytes(hit.source);
  writer.bytes(hit.raw);
  writer.varint(hit.fields.size());
  for (const event::Field& field : hit.fields) {
    writer.bytes(names.name(field.id));
    writer.u8(static_cast<std::uint8_t>(field.kind));
    writer.bytes(field.text);
  }
  writer.finish();
}

std::optional<StoredHit> decode_hit(std::string_view bytes) {
  RecordReader reader(bytes, kHitVersion);
  StoredHit hit;
  hit.rule_id = reader.bytes();
  hit.rule_hash = reader.hash();
  hit.event_time = reader.time();
  hit.received_time = reader.time();
  const std::uint64_t flags = reader.varint();
  hit.flags = static_cast<std::uint16_t>(flags);
  hit.source = reader.bytes();
  hit.raw = reader.bytes();
  const std::uint64_t fields = reader.varint();
  if (flags > 0xFFFF || fields > reader.rest().size() / kFieldBytesMin) return std::nullopt;
  hit.fields.reserve(fields);
  for (std::uint64_t i = 0; i < fields; ++i) {
    StoredHit::NamedField field;
    field.name = reader.bytes();
    const std::uint8_t kind = reader.u8();
    if (kind > static_cast<std::uint8_t>(event::ValueKind::null)) return std::nullopt;
    field.kind = static_cast<event::ValueKind>(kind);
    field.text = reader.bytes();
    hit.fields.push_back(field);
  }
  if (!reader.complete()) return std::nullopt;
  return hit;
}

}  // namespace vakt::store
