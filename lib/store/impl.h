// What a Store holds. Included by the files that implement it.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>

#include "store/block.h"
#include "store/database.h"
#include "store/group_writer.h"
#include "store/row_codec.h"
#include "store/store.h"

namespace vakt::store {

struct Store::Impl {
  Options options;
  std::unique_ptr<Database> database;

  // The committer's alone.
  StateRow state;
  std::deque<TailBlock> tail;  // in order; mirrors the tail family
  BlockWriter block;
  BlockReader merge_reader;
  audit::Frontier frontier;
  std::optional<Error> failure;  // after it nothing is written any more
  bool raw_over_limit = false;   // deleting until there is some slack
  bool raw_garbage = true;       // deleted blocks may still occupy files

  // Copies of the state for readers.
  std::atomic<std::uint64_t> last_commit{0};
  std::atomic<std::uint64_t> next_sequence{0};
  std::atomic<std::int64_t> last_now{0};
  std::atomic<std::uint64_t> raw_floor{0};
  std::atomic<std::uint64_t> raw_blocks{0};
  std::atomic<std::uint64_t> raw_block_bytes{0};
  std::atomic<std::uint64_t> raw_blocks_deleted{0};
  std::atomic<std::uint64_t> raw_blocks_merged{0};

  Result<void> load();
  Result<void> load_tail();
  Result<void> load_frontier();
  void publish(const StateRow& next);
  // Remembers the first error; returns it.
  tl::unexpected<Error> poison(const Error& error);

  Result<incident::Incident> load_incident(std::uint64_t number) const;

  // Steps of maintain(). Each does a little and says whether it did something.
  Result<bool> seal_tail();
  Result<bool> delete_raw(Time now);
  Result<bool> free_deleted_raw();
  Result<bool> delete_hits(Time now);
  Result<bool> forget_answers(Time now);
  Result<void> write_state(rocksdb::WriteBatch& batch, const StateRow& next);
};

}  // namespace vakt::store
