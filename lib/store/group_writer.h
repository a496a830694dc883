// Turns a group of commits into one WriteBatch, and the state as it will be once that is written.
#pragma once

#include <rocksdb/write_batch.h>

#include <span>
#include <string>
#include <vector>

#include "store/audit_writer.h"
#include "store/block.h"
#include "store/commit.h"
#include "store/database.h"
#include "store/row_codec.h"

namespace vakt::store {

// A small block that waits to be merged with its neighbours.
struct TailBlock {
  std::uint64_t first_sequence = 0;
  std::uint64_t event_count = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t end() const { return first_sequence + event_count; }
};

// Blocks below this many raw bytes go to the tail.
inline std::size_t small_block_bytes(std::size_t block_bytes_target) {
  return block_bytes_target / 2;
}

// Adds a block and its index row to the batch and counts it in `state`.
void put_block(const Database& database, rocksdb::WriteBatch& batch, std::uint64_t first_sequence,
               const BlockHead& head, const std::string& bytes, bool in_tail, StateRow& state);

class GroupWriter {
 public:
  GroupWriter(const Database& database, BlockWriter& block, std::size_t block_bytes_target,
              const StateRow& state, const audit::Frontier& frontier)
      : database_(database),
        block_(block),
        target_(block_bytes_target),
        state_(state),
        audit_(database, batch_, frontier) {}

  // Adds everything; on error the writer is of no further use.
  Result<void> add(std::span<const Commit* const> group);

  rocksdb::WriteBatch& batch() { return batch_; }
  const StateRow& state() const { return state_; }
  const audit::Frontier& frontier() const { return audit_.frontier(); }
  std::vector<TailBlock>& tail() { return tail_; }

 private:
  Result<void> check_order(const Commit& commit) const;
  void add_log(std::span<const Commit* const> group);
  Result<void> add_events(const Commit& commit);
  Result<void> end_block();
  void put(const BlockHead& head, const std::string& bytes, std::uint64_t first);
  void add_hits(const Commit& commit);
  void add_groups(const GroupChanges& changes);
  void add_incidents(std::span<const Commit* const> group);
  Result<void> add_evidence(const Commit& commit);
  Result<std::string> find_hit(const EvidenceRow& row) const;
  void add_answer(const Idempotency& answer);
  void add_access(const AccessChanges& changes);
  void add_minute(const Commit& commit);

  const Database& database_;
  BlockWriter& block_;
  std::size_t target_;
  StateRow state_;
  rocksdb::WriteBatch batch_;
  AuditWriter audit_;
  std::vector<TailBlock> tail_;
  std::uint64_t block_first_ = 0;
  std::vector<const HitRow*> group_hits_;  // in order
  std::string row_;                        // scratch
};

}  // namespace vakt::store
