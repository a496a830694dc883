// The RocksDB behind the store: options, column families, and errors as values. Everything that
// knows RocksDB lies in this folder and includes this file; no header that others include does.
//
// Threads: as store.h. Reading is thread-safe; write() belongs to the committer.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/statistics.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/group_expiry.h"
#include "store/store.h"

namespace vakt::store {

// Grows with every change that an older Vakt would misread.
inline constexpr std::uint64_t kFormatVersion = 2;

// Column families, by what is read together. Rows: README.md.
enum class Family : std::size_t {
  meta,
  raw,
  tail,
  blocks,
  hits,
  log,
  checkpoint,
  incidents,
  timeline,
  evidence,
  idempotency,
  groups,
  audit,
  access,
};
inline constexpr std::size_t kFamilies = 14;

Error to_error(const rocksdb::Status& status, std::string_view doing);

class Database {
 public:
  // Creates what is missing; refuses other formats. On a new store writes format and origin.
  static Result<std::unique_ptr<Database>> open(const Options& options,
                                                std::vector<std::string>* notes);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  std::uint64_t origin() const { return origin_; }
  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  // WriteBatch calls fail only past a size limit, which is never set: a bug of ours.
  void put(rocksdb::WriteBatch& batch, Family family, std::string_view key,
           std::string_view value) const;
  void remove(rocksdb::WriteBatch& batch, Family family, std::string_view key) const;
  void remove_range(rocksdb::WriteBatch& batch, Family family, std::string_view lower,
                    std::string_view upper) const;

  Result<std::optional<std::string>> get(Family family, std::string_view key) const;
  // In the order of the keys.
  Result<std::vector<std::optional<std::string>>> get(Family family,
                                                      std::span<const std::string> keys) const;
  // `durable`: as the options say; else it may be lost in a power cut, with all that follows it.
  Result<void> write(rocksdb::WriteBatch& batch, bool durable);

  GroupExpiry& group_expiry() const { return *group_expiry_; }

  std::uint64_t disk_free_bytes() const;
  std::uint64_t write_stall_micros() const;

 private:
  Database() = default;
  Result<void> open_families(const Options& options, std::vector<std::string>* notes);
  Result<void> identify();

  std::string path_;
  Durability durability_ = Durability::fsync;
  rocksdb::Env* env_ = nullptr;
  std::unique_ptr<GroupExpiry> group_expiry_ = std::make_unique<GroupExpiry>();  // outlives db_
  std::shared_ptr<rocksdb::Statistics> statistics_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
  std::uint64_t origin_ = 0;
};

// Rows with lower <= key < upper, in order or in reverse order, as of its making.
class Scan {
 public:
  enum class Direction : std::uint8_t { forward, backward };
  // `bulk`: reads much, once; does not push other things out of the cache.
  Scan(const Database& database, Family family, std::string lower, std::string upper,
       Direction direction = Direction::forward, bool bulk = false);
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  bool valid() const { return iterator_->Valid(); }
  void next();
  // Forward only: to the first row with key >= `key`.
  void seek(std::string_view key);
  std::string_view key() const { return iterator_->key().ToStringView(); }
  std::string_view value() const { return iterator_->value().ToStringView(); }
  // To be asked once valid() is false.
  Result<void> status() const;

 private:
  std::string lower_;
  std::string upper_;
  rocksdb::Slice lower_slice_;
  rocksdb::Slice upper_slice_;
  Direction direction_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace vakt::store
