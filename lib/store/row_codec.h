// Bytes of the store's own rows: its state, the index of raw blocks, log, evidence, answers and the
// checkpoint. Versioned, checksummed (record.h); decoding checks everything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/commit.h"
#include "store/store.h"

namespace vakt::store {

// Rewritten in every WriteBatch, so that it always describes exactly what the rest holds.
struct StateRow {
  std::uint64_t last_commit = 0;
  std::uint64_t next_sequence = 0;
  Time last_now = kTimeMin;               // `now` of the last commit
  std::int64_t last_minute = INT64_MIN;   // of the newest row of the minute index
  std::uint64_t checkpoint_number = 0;    // commit that carried the newest checkpoint; 0: none
  std::uint64_t checkpoint_sequence = 0;  // next_sequence after that commit
  std::uint64_t raw_blocks = 0;
  std::uint64_t raw_block_bytes = 0;
  std::uint64_t raw_floor = 0;   // blocks of events below this sequence are deleted
  std::uint64_t hits_floor = 0;  // hits of events below this sequence are deleted
  bool operator==(const StateRow&) const = default;
};
void encode_state(const StateRow& row, std::string& out);
std::optional<StateRow> decode_state(std::string_view bytes);

// One raw block: where it is, and what retention and listings need to know of it.
struct BlockRow {
  bool in_tail = false;  // in the family of small blocks that wait to be merged
  std::uint64_t event_count = 0;
  std::uint64_t block_bytes = 0;  // as stored
  std::uint64_t raw_bytes = 0;
  Time received_min, received_max;
  Time event_min, event_max;
  bool operator==(const BlockRow&) const = default;
};
void encode_block_row(const BlockRow& row, std::string& out);
std::optional<BlockRow> decode_block_row(std::string_view bytes);

// A log entry without its hits; those are the hits of its sequences.
struct LogRow {
  Time now;
  std::uint64_t first_sequence = 0;
  std::uint64_t event_count = 0;
  std::string_view record;
};
void encode_log(const LogRow& row, std::string& out);
std::optional<LogRow> decode_log(std::string_view bytes);

struct StoredEvidence {
  event::Position position;
  std::uint32_t ordinal = 0;
  std::string_view hit;
};
void encode_evidence(const StoredEvidence& row, std::string& out);
std::optional<StoredEvidence> decode_evidence(std::string_view bytes);

void encode_answer(const Idempotency& row, std::string& out);
std::optional<Idempotency> decode_answer(std::string_view key, std::string_view bytes);

void encode_checkpoint(std::uint64_t number, std::string_view state, std::string& out);
std::optional<Store::Checkpoint> decode_checkpoint(std::string_view bytes);

// A bare number: the origin, the format version, an incident's number, a first sequence.
void encode_number(std::uint64_t number, std::string& out);
std::optional<std::uint64_t> decode_number(std::string_view bytes);

}  // namespace vakt::store
