#include "store/row_codec.h"

#include "store/record.h"

namespace vakt::store {
namespace {

// One for each kind of row: a reader that does not know a version refuses the row.
constexpr std::uint8_t kStateVersion = 1;
constexpr std::uint8_t kBlockRowVersion = 1;
constexpr std::uint8_t kLogVersion = 1;
constexpr std::uint8_t kEvidenceVersion = 1;
constexpr std::uint8_t kAnswerVersion = 1;
constexpr std::uint8_t kCheckpointVersion = 1;
constexpr std::uint8_t kNumberVersion = 1;

}  // namespace

void encode_state(const StateRow& row, std::string& out) {
  RecordWriter writer(out, kStateVersion);
  writer.varint(row.last_commit);
  writer.varint(row.next_sequence);
  writer.time(row.last_now);
  writer.svarint(row.last_minute);
  writer.varint(row.checkpoint_number);
  writer.varint(row.checkpoint_sequence);
  writer.varint(row.raw_blocks);
  writer.varint(row.raw_block_bytes);
  writer.varint(row.raw_floor);
  writer.varint(row.hits_floor);
  writer.finish();
}

std::optional<StateRow> decode_state(std::string_view bytes) {
  RecordReader reader(bytes, kStateVersion);
  StateRow row;
  row.last_commit = reader.varint();
  row.next_sequence = reader.varint();
  row.last_now = reader.time();
  row.last_minute = reader.svarint();
  row.checkpoint_number = reader.varint();
  row.checkpoint_sequence = reader.varint();
  row.raw_blocks = reader.varint();
  row.raw_block_bytes = reader.varint();
  row.raw_floor = reader.varint();
  row.hits_floor = reader.varint();
  if (!reader.complete()) return std::nullopt;
  return row;
}

void encode_block_row(const BlockRow& row, std::string& out) {
  RecordWriter writer(out, kBlockRowVersion);
  writer.u8(row.in_tail ? 1 : 0);
  writer.varint(row.event_count);
  writer.varint(row.block_bytes);
  writer.varint(row.raw_bytes);
  for (const Time time : {row.received_min, row.received_max, row.event_min, row.event_max})
    writer.time(time);
  writer.finish();
}

std::optional<BlockRow> decode_block_row(std::string_view bytes) {
  RecordReader reader(bytes, kBlockRowVersion);
  BlockRow row;
  const std::uint8_t in_tail = reader.u8();
  row.in_tail = in_tail == 1;
  row.event_count = reader.varint();
  row.block_bytes = reader.varint();
  row.raw_bytes = reader.varint();
  for (Time* time : {&row.received_min, &row.received_max, &row.event_min, &row.event_max})
    *time = reader.time();
  if (!reader.complete() || in_tail > 1 || row.event_count == 0) return std::nullopt;
  return row;
}

void encode_log(const LogRow& row, std::string& out) {
  RecordWriter writer(out, kLogVersion);
  writer.time(row.now);
  writer.varint(row.first_sequence);
  writer.varint(row.event_count);
  writer.bytes(row.record);
  writer.finish();
}

std::optional<LogRow> decode_log(std::string_view bytes) {
  RecordReader reader(bytes, kLogVersion);
  LogRow row;
  row.now = reader.time();
  row.first_sequence = reader.varint();
  row.event_count = reader.varint();
  row.record = reader.bytes();
  if (!reader.complete()) return std::nullopt;
  return row;
}

void encode_evidence(const StoredEvidence& row, std::string& out) {
  RecordWriter writer(out, kEvidenceVersion);
  writer.be64(row.position.origin);
  writer.varint(row.position.sequence);
  writer.varint(row.ordinal);
  writer.bytes(row.hit);
  writer.finish();
}

std::optional<StoredEvidence> decode_evidence(std::string_view bytes) {
  RecordReader reader(bytes, kEvidenceVersion);
  StoredEvidence row;
  row.position.origin = reader.be64();
  row.position.sequence = reader.varint();
  const std::uint64_t ordinal = reader.varint();
  row.ordinal = static_cast<std::uint32_t>(ordinal);
  row.hit = reader.bytes();
  if (!reader.complete() || ordinal > UINT32_MAX) return std::nullopt;
  return row;
}

void encode_answer(const Idempotency& row, std::string& out) {
  RecordWriter writer(out, kAnswerVersion);
  writer.hash(row.body_hash);
  writer.time(row.received_time);
  writer.bytes(row.answer);
  writer.finish();
}

std::optional<Idempotency> decode_answer(std::string_view key, std::string_view bytes) {
  RecordReader reader(bytes, kAnswerVersion);
  Idempotency row;
  row.key = key;
  row.body_hash = reader.hash();
  row.received_time = reader.time();
  row.answer = reader.bytes();
  if (!reader.complete()) return std::nullopt;
  return row;
}

void encode_checkpoint(std::uint64_t number, std::string_view state, std::string& out) {
  RecordWriter writer(out, kCheckpointVersion);
  writer.varint(number);
  writer.bytes(state);
  writer.finish();
}

std::optional<Store::Checkpoint> decode_checkpoint(std::string_view bytes) {
  RecordReader reader(bytes, kCheckpointVersion);
  Store::Checkpoint checkpoint;
  checkpoint.number = reader.varint();
  checkpoint.state = reader.bytes();
  if (!reader.complete()) return std::nullopt;
  return checkpoint;
}

void encode_number(std::uint64_t number, std::string& out) {
  RecordWriter writer(out, kNumberVersion);
  writer.varint(number);
  writer.finish();
}

std::optional<std::uint64_t> decode_number(std::string_view bytes) {
  RecordReader reader(bytes, kNumberVersion);
  const std::uint64_t number = reader.varint();
  if (!reader.complete()) return std::nullopt;
  return number;
}

}  // namespace vakt::store
