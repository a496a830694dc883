#include "store/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/impl.h"
#include "store/keys.h"

namespace vakt::store {

Store::Store() : impl_(std::make_unique<Impl>()) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const Options& options,
                                           std::vector<std::string>* notes) {
  auto database = Database::open(options, notes);
  if (!database) return tl::make_unexpected(database.error());
  std::unique_ptr<Store> store(new Store());
  store->impl_->options = options;
  store->impl_->database = std::move(*database);
  if (auto loaded = store->impl_->load(); !loaded) return tl::make_unexpected(loaded.error());
  return store;
}

Result<void> Store::Impl::load() {
  const auto row = database->get(Family::meta, kStateKey);
  if (!row) return tl::make_unexpected(row.error());
  StateRow stored;
  if (*row) {
    const auto decoded = decode_state(**row);
    if (!decoded) return fail(Errc::corrupt, "the state row of the store is damaged");
    stored = *decoded;
  }
  publish(stored);
  if (auto loaded = load_frontier(); !loaded) return loaded;
  return load_tail();
}

Result<void> Store::Impl::load_frontier() {
  const auto row = database->get(Family::audit, kAuditFrontierKey);
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return {};
  auto stored = audit::Frontier::decode(**row);
  if (!stored)
    return fail(Errc::corrupt,
                "the head of the audit log is damaged: keep a copy of the data directory as "
                "evidence, and restore a backup");
  frontier = std::move(*stored);
  return {};
}

Result<void> Store::Impl::load_tail() {
  Scan scan(*database, Family::tail, number_key(0), number_key(UINT64_MAX),
            Scan::Direction::forward, true);
  for (; scan.valid(); scan.next()) {
    const auto head = read_block_head(scan.value());
    const std::uint64_t first = ByteReader(scan.key()).be64();
    if (!head)
      return fail(Errc::corrupt, fmt::format("the raw block of event {} is damaged", first));
    tail.push_back({first, head->event_count, head->raw_bytes});
  }
  return scan.status();
}

void Store::Impl::publish(const StateRow& next) {
  state = next;
  last_commit.store(next.last_commit);
  next_sequence.store(next.next_sequence);
  last_now.store(to_ns(next.last_now));
  raw_floor.store(next.raw_floor);
  raw_blocks.store(next.raw_blocks);
  raw_block_bytes.store(next.raw_block_bytes);
}

tl::unexpected<Error> Store::Impl::poison(const Error& error) {
  if (!failure) failure = error;
  return tl::make_unexpected(error);
}

Result<void> Store::commit(std::span<const Commit* const> group) {
  Impl& impl = *impl_;
  if (impl.failure)
    return fail(Errc::unavailable,
                "an earlier write failed, the store must be reopened: " + impl.failure->message);
  if (group.empty()) return {};
  GroupWriter writer(*impl.database, impl.block, impl.options.block_bytes_target, impl.state,
                     impl.frontier);
  if (auto added = writer.add(group); !added) return impl.poison(added.error());
  for (const Commit* commit : group)
    if (commit->checkpoint) impl.database->group_expiry().lower(commit->groups);
  if (auto written = impl.database->write(writer.batch(), true); !written)
    return impl.poison(written.error());
  impl.tail.insert(impl.tail.end(), writer.tail().begin(), writer.tail().end());
  impl.publish(writer.state());
  impl.frontier = writer.frontier();
  for (const Commit* commit : group)
    if (commit->checkpoint) impl.database->group_expiry().set(commit->groups);
  return {};
}

std::uint64_t Store::origin() const { return impl_->database->origin(); }
std::uint64_t Store::last_commit() const { return impl_->last_commit.load(); }
std::uint64_t Store::next_sequence() const { return impl_->next_sequence.load(); }
Time Store::last_now() const { return from_ns(impl_->last_now.load()); }

Stats Store::stats() const {
  Stats stats;
  stats.next_sequence = impl_->next_sequence.load();
  stats.last_commit = impl_->last_commit.load();
  stats.raw_blocks = impl_->raw_blocks.load();
  stats.raw_block_bytes = impl_->raw_block_bytes.load();
  stats.raw_blocks_deleted = impl_->raw_blocks_deleted.load();
  stats.raw_blocks_merged = impl_->raw_blocks_merged.load();
  stats.disk_free_bytes = impl_->database->disk_free_bytes();
  stats.write_stall_micros = impl_->database->write_stall_micros();
  return stats;
}

}  // namespace vakt::store
