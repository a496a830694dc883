// Housekeeping: merging small blocks, retention, forgetting. Every step is one WriteBatch, so a
// crash between steps leaves a store that is merely less tidy. Steps are not synced: losing one
// means doing it again, and the log keeps their order with the commits.
#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include <algorithm>

#include "store/impl.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

constexpr std::size_t kRowsPerStep = 256;
constexpr std::size_t kMergeBlocksMax = 8192;  // in one step, however small they are
constexpr Duration kAnswerAge = std::chrono::hours(24);
// Retention works in portions of 1/64 of its limit: fewer, larger deletions cost less, and what is
// kept beyond the limit is bounded by one portion.
constexpr int kPortions = 64;
// Deleted blocks may occupy this share of the limit before they are given back by force.
constexpr int kGarbageShare = 16;
constexpr Duration kPortionMin = std::chrono::minutes(1);

// Everything received before this time is due, rounded down to whole portions.
Time due_before(Time now, Duration age) {
  const Duration portion = std::max(age / kPortions, kPortionMin);
  const std::int64_t due = to_ns(now) - age.count();
  return from_ns(due - ((due % portion.count()) + portion.count()) % portion.count());
}

}  // namespace

Result<bool> Store::maintain(Time now) {
  Impl& impl = *impl_;
  if (impl.failure)
    return fail(Errc::unavailable,
                "an earlier write failed, the store must be reopened: " + impl.failure->message);
  bool more = false;
  const auto run = [&](Result<bool> step) -> Result<void> {
    if (!step) return impl.poison(step.error());
    more = more || *step;
    return {};
  };
  Result<void> done = run(impl.seal_tail());
  if (done) done = run(impl.delete_raw(now));
  if (done) done = run(impl.free_deleted_raw());
  if (done) done = run(impl.delete_hits(now));
  if (done) done = run(impl.forget_answers(now));
  if (!done) return tl::make_unexpected(done.error());
  return more;
}

Result<void> Store::Impl::write_state(rocksdb::WriteBatch& batch, const StateRow& next) {
  std::string row;
  encode_state(next, row);
  database->put(batch, Family::meta, kStateKey, row);
  if (auto written = database->write(batch, false); !written) return written;
  publish(next);
  return {};
}

// Moves the front of the tail to the raw family as one block, once it is at least half the target
// or cannot grow because what follows it is a large block. So an event is rewritten at most once.
Result<bool> Store::Impl::seal_tail() {
  std::size_t blocks = 0;
  std::uint64_t raw_bytes = 0;
  bool closed = false;
  while (!closed && blocks < tail.size()) {
    raw_bytes += tail[blocks].raw_bytes;
    const std::uint64_t end = tail[blocks].end();
    ++blocks;
    const std::uint64_t follows =
        blocks < tail.size() ? tail[blocks].first_sequence : state.next_sequence;
    const bool adjacent = blocks < tail.size() && follows == end;
    const bool last = blocks == tail.size() && follows == end;
    closed = raw_bytes >= small_block_bytes(options.block_bytes_target) ||
             blocks == kMergeBlocksMax || (!adjacent && !last);
  }
  if (!closed) return false;

  rocksdb::WriteBatch batch;
  StateRow next = state;
  const std::uint64_t first = tail.front().first_sequence;
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::string key = number_key(tail[i].first_sequence);
    const auto bytes = database->get(Family::tail, key);
    if (!bytes) return tl::make_unexpected(bytes.error());
    if (!*bytes || !merge_reader.decode(**bytes))
      return fail(Errc::corrupt,
                  fmt::format("the raw block of event {} is damaged", tail[i].first_sequence));
    for (const BlockEvent& event : merge_reader.events()) block.add(event);
    database->remove(batch, Family::tail, key);
    if (i > 0) database->remove(batch, Family::blocks, key);
    --next.raw_blocks;
    next.raw_block_bytes -= (*bytes)->size();
  }
  const BlockHead head = block.head();
  const std::string* merged = block.finish();
  if (merged == nullptr) return fail(Errc::unavailable, "no memory to compress a raw block");
  put_block(*database, batch, first, head, *merged, false, next);
  if (auto written = write_state(batch, next); !written)
    return tl::make_unexpected(written.error());
  tail.erase(tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>(blocks));
  raw_blocks_merged.fetch_add(blocks);
  return true;
}

Result<bool> Store::Impl::delete_raw(Time now) {
  const std::uint64_t slack = options.raw_bytes_max / kPortions;
  if (state.raw_block_bytes > options.raw_bytes_max) raw_over_limit = true;
  if (state.raw_block_bytes <= options.raw_bytes_max - slack) raw_over_limit = false;
  Time due = kTimeMin;
  if (options.raw_age_max) due = due_before(now, *options.raw_age_max);
  if (!raw_over_limit && due == kTimeMin) return false;

  rocksdb::WriteBatch batch;
  StateRow next = state;
  std::size_t rows = 0;
  bool reached_end = true;
  Scan scan(*database, Family::blocks, number_key(state.raw_floor), number_key(UINT64_MAX));
  for (; scan.valid(); scan.next()) {
    const auto row = decode_block_row(scan.value());
    const std::uint64_t first = ByteReader(scan.key()).be64();
    if (!row)
      return fail(Errc::corrupt, fmt::format("the index row of event {} is damaged", first));
    const bool too_many = raw_over_limit && next.raw_block_bytes > options.raw_bytes_max - slack;
    if ((!too_many && row->received_max >= due) || rows == kRowsPerStep) {
      reached_end = rows < kRowsPerStep;
      break;
    }
    ++rows;
    database->remove(batch, Family::blocks, scan.key());
    if (row->in_tail) database->remove(batch, Family::tail, scan.key());
    --next.raw_blocks;
    next.raw_block_bytes -= row->block_bytes;
    next.raw_floor = first + row->event_count;
  }
  if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
  if (rows == 0) return false;
  database->remove_range(batch, Family::raw, number_key(state.raw_floor),
                         number_key(next.raw_floor));
  if (auto written = write_state(batch, next); !written)
    return tl::make_unexpected(written.error());
  while (!tail.empty() && tail.front().first_sequence < state.raw_floor) tail.pop_front();
  raw_blocks_deleted.fetch_add(rows);
  raw_garbage = true;
  return !reached_end;
}

// Deleted blocks lie in files of their own, which RocksDB removes once compaction has dropped the
// rows that name them. While events come in, that happens by itself, in the background. Only where
// it did not keep up, as when nothing comes in any more, the rows are compacted here, which waits
// for a flush.
Result<bool> Store::Impl::free_deleted_raw() {
  if (!raw_garbage) return false;
  std::uint64_t file_bytes = 0;
  database->db().GetIntProperty(database->family(Family::raw),
                                rocksdb::DB::Properties::kLiveBlobFileSize, &file_bytes);
  const std::uint64_t allowed =
      std::max<std::uint64_t>(options.raw_bytes_max / kGarbageShare, options.memory_bytes);
  if (file_bytes <= state.raw_block_bytes + allowed) return false;
  raw_garbage = false;
  const std::string lower = number_key(0);
  const std::string upper = number_key(state.raw_floor);
  const rocksdb::Slice from(lower);
  const rocksdb::Slice to(upper);
  rocksdb::CompactRangeOptions compact;
  compact.exclusive_manual_compaction = false;
  compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const auto status =
      database->db().CompactRange(compact, database->family(Family::raw), &from, &to);
  if (!status.ok()) return tl::make_unexpected(to_error(status, "freeing deleted raw blocks"));
  return false;
}

// Hits are deleted by the time of their commit, found in the minute index. Those that recovery
// would replay stay.
Result<bool> Store::Impl::delete_hits(Time now) {
  if (!options.hit_age_max) return false;
  const Time due = due_before(now, *options.hit_age_max);
  std::uint64_t cut = state.hits_floor;
  rocksdb::WriteBatch batch;
  const std::string due_key = number_key(kMinuteKind, sortable(due) + 1);
  if (state.last_now < due) {
    cut = state.next_sequence;
  } else {
    Scan scan(*database, Family::meta, number_key(kMinuteKind, 0), due_key,
              Scan::Direction::backward);
    if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
    if (!scan.valid()) return false;
    const auto sequence = decode_number(scan.value());
    if (!sequence) return fail(Errc::corrupt, "a row of the minute index is damaged");
    cut = *sequence;
    database->remove_range(batch, Family::meta, number_key(kMinuteKind, 0), scan.key());
  }
  cut = std::min(cut, state.checkpoint_sequence);
  if (cut <= state.hits_floor) return false;

  StateRow next = state;
  next.hits_floor = cut;
  const std::string lower = hit_key(state.hits_floor, 0);
  const std::string upper = hit_key(cut, 0);
  database->remove_range(batch, Family::hits, lower, upper);
  if (auto written = write_state(batch, next); !written)
    return tl::make_unexpected(written.error());
  // Gives whole files back at once; compaction does the rest in its own time.
  const rocksdb::Slice from(lower);
  const rocksdb::Slice to(upper);
  const auto status = rocksdb::DeleteFilesInRange(&database->db(), database->family(Family::hits),
                                                  &from, &to, /*include_end=*/false);
  if (!status.ok()) return tl::make_unexpected(to_error(status, "freeing deleted hits"));
  return false;
}

Result<bool> Store::Impl::forget_answers(Time now) {
  const Time due = now - kAnswerAge;
  rocksdb::WriteBatch batch;
  std::size_t rows = 0;
  Scan scan(*database, Family::idempotency, number_key(kReceivedKind, 0),
            number_key(kReceivedKind, sortable(due)));
  for (; scan.valid() && rows < kRowsPerStep; scan.next(), ++rows) {
    ByteReader reader(scan.key().substr(1));
    const std::uint64_t received = reader.be64();
    const std::string key = text_key(kAnswerKind, reader.rest());
    const auto stored = database->get(Family::idempotency, key);
    if (!stored) return tl::make_unexpected(stored.error());
    database->remove(batch, Family::idempotency, scan.key());
    if (!*stored) continue;
    // The key may have been used again since.
    const auto answer = decode_answer(reader.rest(), **stored);
    if (!answer || sortable(answer->received_time) == received)
      database->remove(batch, Family::idempotency, key);
  }
  if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
  if (rows == 0) return false;
  if (auto written = database->write(batch, false); !written)
    return tl::make_unexpected(written.error());
  return rows == kRowsPerStep;
}

}  // namespace vakt::store
