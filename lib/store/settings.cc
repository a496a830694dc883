#include "store/settings.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

namespace vakt::store {
namespace {

// Open files are bounded below the usual limit of 1,024 a process, which sockets need too.
constexpr int kOpenFilesMax = 256;
constexpr std::size_t kMemoryBytesMin = 8u << 20;

struct FamilySettings {
  std::string_view name;
  std::size_t memory_divisor;  // write buffer = memory / divisor
  int write_buffers;
  rocksdb::CompressionType compression;
  bool blobs = false;  // values lie outside the tree, written once
  bool bloom = false;  // looked up by keys that may be missing
};

// Raw blocks are compressed already.
constexpr auto kPlain = rocksdb::kNoCompression;
constexpr auto kZstd = rocksdb::kZSTD;

constexpr std::array<FamilySettings, kFamilies> kFamilySettings{{
    {"default", 64, 2, kPlain},
    {"raw", 8, 3, kPlain, true},
    {"tail", 32, 2, kPlain},
    {"blocks", 64, 2, kZstd},
    {"hits", 16, 2, kZstd},
    {"log", 32, 2, kZstd},
    {"checkpoint", 64, 2, kZstd},
    {"incidents", 32, 2, kZstd, false, true},
    {"timeline", 64, 2, kZstd},
    {"evidence", 32, 2, kZstd},
    {"idempotency", 64, 2, kZstd, false, true},
    {"groups", 8, 3, rocksdb::kLZ4Compression, false, true},
    {"audit", 64, 2, kZstd},
    {"access", 64, 2, kZstd},
}};

rocksdb::ColumnFamilyOptions family_options(const FamilySettings& settings, std::size_t memory,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = memory / settings.memory_divisor;
  options.max_write_buffer_number = settings.write_buffers;
  options.compression = settings.compression;
  options.compression_opts.level = 1;
  options.level_compaction_dynamic_level_bytes = true;
  options.target_file_size_base = std::max<std::uint64_t>(4u << 20, options.write_buffer_size);
  options.enable_blob_files = settings.blobs;
  options.min_blob_size = 0;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 * 1024;
  table.format_version = 5;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (settings.bloom) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

std::string_view family_name(Family family) {
  return kFamilySettings.at(static_cast<std::size_t>(family)).name;
}

Settings make_settings(const Options& options, const GroupExpiry& group_expiry) {
  const std::size_t memory = std::max(options.memory_bytes, kMemoryBytesMin);
  // Write buffers are charged to the cache, so that both together stay within `memory`.
  const auto cache = rocksdb::NewLRUCache(memory, 2);
  Settings settings;
  rocksdb::DBOptions& db = settings.db;
  db.env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_background_jobs = 2;
  db.max_open_files = kOpenFilesMax;
  db.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(memory / 2, cache, /*allow_stall=*/false);
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.max_total_wal_size = 4 * memory;
  // A failed write or sync is never tried again and called good: reopening decides.
  db.max_bgerror_resume_count = 0;
  // Without a log, families must reach the disk together, or a kill would tear commits apart.
  db.atomic_flush = options.durability == Durability::memory;
  db.bytes_per_sync = 1u << 20;
  db.max_manifest_file_size = 16u << 20;
  db.keep_log_file_num = 4;
  db.max_log_file_size = 4u << 20;
  db.stats_persist_period_sec = 0;
  db.skip_stats_update_on_db_open = true;
  db.statistics = rocksdb::CreateDBStatistics();
  db.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  for (const FamilySettings& family : kFamilySettings)
    settings.families.emplace_back(std::string(family.name), family_options(family, memory, cache));
  // Rows that are over go in time, also where nothing is written any more.
  rocksdb::ColumnFamilyOptions& groups =
      settings.families[static_cast<std::size_t>(Family::groups)].options;
  groups.compaction_filter = &group_expiry;
  groups.periodic_compaction_seconds = 6 * 3600;
  return settings;
}

}  // namespace vakt::store
