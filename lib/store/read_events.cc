// Reading raw events back. Blocks may be merged or deleted by the committer meanwhile, so nothing
// is pinned: each block is looked up when its turn comes, and a block that has gone is looked for
// again under the key it has now.
#include <fmt/format.h>

#include <vector>

#include "store/impl.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

constexpr std::size_t kRowsAtOnce = 64;
constexpr int kAttemptsMax = 8;

struct Located {
  std::uint64_t first_sequence = 0;
  BlockRow row;
};

// The next blocks with events at or above `sequence`.
Result<std::vector<Located>> locate(const Database& database, std::uint64_t floor,
                                    std::uint64_t sequence) {
  // The block that begins at or before it.
  std::uint64_t from = sequence;
  {
    Scan before(database, Family::blocks, number_key(floor), number_key(sequence) + '\0',
                Scan::Direction::backward);
    if (before.valid()) from = ByteReader(before.key()).be64();
    if (auto read = before.status(); !read) return tl::make_unexpected(read.error());
  }
  std::vector<Located> blocks;
  Scan scan(database, Family::blocks, number_key(std::max(from, floor)), number_key(UINT64_MAX));
  for (; scan.valid() && blocks.size() < kRowsAtOnce; scan.next()) {
    Located block;
    block.first_sequence = ByteReader(scan.key()).be64();
    const auto row = decode_block_row(scan.value());
    if (!row)
      return fail(Errc::corrupt,
                  fmt::format("the index row of event {} is damaged", block.first_sequence));
    block.row = *row;
    if (block.first_sequence + row->event_count > sequence) blocks.push_back(block);
  }
  if (auto read = scan.status(); !scan.valid() && !read) return tl::make_unexpected(read.error());
  return blocks;
}

}  // namespace

Result<void> Store::events(std::uint64_t first,
                           const std::function<bool(const StoredEvent&)>& each) const {
  const Database& database = *impl_->database;
  const std::uint64_t end = impl_->next_sequence.load();
  BlockReader reader;
  StoredEvent out;
  int attempts = 0;
  for (std::uint64_t next = first; next < end;) {
    const auto blocks = locate(database, impl_->raw_floor.load(), next);
    if (!blocks) return tl::make_unexpected(blocks.error());
    if (blocks->empty()) return {};
    for (const Located& block : *blocks) {
      const auto bytes = database.get(block.row.in_tail ? Family::tail : Family::raw,
                                      number_key(block.first_sequence));
      if (!bytes) return tl::make_unexpected(bytes.error());
      if (!*bytes) {
        // Merged or deleted since it was located.
        if (++attempts < kAttemptsMax) break;
        return fail(Errc::corrupt,
                    fmt::format("the raw block of event {} is missing", block.first_sequence));
      }
      if (!reader.decode(**bytes))
        return fail(Errc::corrupt,
                    fmt::format("the raw block of event {} is damaged", block.first_sequence));
      attempts = 0;
      std::uint64_t sequence = block.first_sequence;
      for (const BlockEvent& event : reader.events()) {
        const std::uint64_t of = sequence++;
        if (of < next) continue;
        if (of >= end) return {};
        out.sequence = of;
        out.event_time = event.event_time;
        out.received_time = event.received_time;
        out.flags = event.flags;
        out.listener = event.listener;
        out.source = event.source;
        out.raw = event.raw;
        if (!each(out)) return {};
      }
      next = std::max(next, sequence);
    }
  }
  return {};
}

}  // namespace vakt::store
