#include "store/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/env.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "store/keys.h"
#include "store/row_codec.h"
#include "store/settings.h"

namespace vakt::store {
namespace {

// Passes RocksDB's own log on, and collects what the opening thread says about a damaged log tail:
// RocksDB reports that nowhere else.
class OpenLogger : public rocksdb::Logger {
 public:
  OpenLogger(std::shared_ptr<rocksdb::Logger> base, std::vector<std::string>* notes)
      : base_(std::move(base)), notes_(notes), opener_(std::this_thread::get_id()) {}
  void stop_collecting() {
    if (std::this_thread::get_id() == opener_) notes_ = nullptr;
  }
  using Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level >= rocksdb::InfoLogLevel::WARN_LEVEL && std::this_thread::get_id() == opener_)
      collect(format, arguments);
    if (base_) base_->Logv(level, format, arguments);
  }
  void Flush() override {
    if (base_) base_->Flush();
  }
  std::size_t GetLogFileSize() const override {
    return base_ ? base_->GetLogFileSize() : kDoNotSupportGetLogFileSize;
  }

 private:
  void collect(const char* format, va_list arguments) {
    if (notes_ == nullptr) return;
    va_list copy;
    va_copy(copy, arguments);
    char text[512];
    const int length = std::vsnprintf(text, sizeof text, format, copy);
    va_end(copy);
    if (length > 0 && std::strstr(text, "dropping") != nullptr)
      notes_->push_back(
          fmt::format("the write-ahead log ended in a torn record, which was cut off: {}", text));
  }

  std::shared_ptr<rocksdb::Logger> base_;
  std::vector<std::string>* notes_;  // of the opening thread
  std::thread::id opener_;
};

// The directory itself, durable and for its owner alone; its parent must exist.
Result<void> make_directory(const std::string& path, rocksdb::Env* env) {
  if (env != nullptr) {
    if (const auto s = env->CreateDirIfMissing(path); !s.ok())
      return tl::make_unexpected(to_error(s, "creating " + path));
    return {};
  }
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return fail(
        Errc::io,
        fmt::format("cannot create the store directory {}: {}{}", path, std::strerror(errno),
                    errno == ENOENT ? " (create its parent directory first)" : ""));
  }
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) parent = ".";
  const int fd = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced)
    return fail(Errc::io, fmt::format("cannot sync the directory {}: {}", parent.string(),
                                      std::strerror(errno)));
  return {};
}

Result<void> check_families(const std::string& path, const rocksdb::DBOptions& options) {
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(options, path, &names).ok()) return {};  // none yet
  for (const std::string& name : names) {
    bool known = false;
    for (std::size_t i = 0; i < kFamilies; ++i)
      known = known || name == family_name(static_cast<Family>(i));
    if (!known)
      return fail(
          Errc::invalid,
          fmt::format("{} holds the column family \"{}\", which this Vakt does not know: it "
                      "was written by a newer Vakt (start that version) or is no Vakt store "
                      "(choose another directory)",
                      path, name));
  }
  return {};
}

}  // namespace

Error to_error(const rocksdb::Status& status, std::string_view doing) {
  const std::string what = fmt::format("{}: {}", doing, status.ToString());
  switch (status.code()) {
    case rocksdb::Status::kCorruption:
      return {Errc::corrupt, what};
    case rocksdb::Status::kNotFound:
      return {Errc::not_found, what};
    case rocksdb::Status::kBusy:
    case rocksdb::Status::kTryAgain:
    case rocksdb::Status::kTimedOut:
    case rocksdb::Status::kIncomplete:
    case rocksdb::Status::kShutdownInProgress:
      return {Errc::unavailable, what};
    default:
      return {Errc::io, what};
  }
}

Result<std::unique_ptr<Database>> Database::open(const Options& options,
                                                 std::vector<std::string>* notes) {
  // RocksDB starts threads, which throws where the system has none left.
  try {
    if (auto made = make_directory(options.path, options.env); !made)
      return tl::make_unexpected(made.error());
    std::unique_ptr<Database> database(new Database());
    if (auto opened = database->open_families(options, notes); !opened)
      return tl::make_unexpected(opened.error());
    if (auto known = database->identify(); !known) return tl::make_unexpected(known.error());
    return database;
  } catch (const std::exception& e) {
    return fail(Errc::io, fmt::format("cannot open the store {}: {}", options.path, e.what()));
  }
}

Result<void> Database::open_families(const Options& options, std::vector<std::string>* notes) {
  path_ = options.path;
  durability_ = options.durability;
  Settings settings = make_settings(options, *group_expiry_);
  env_ = settings.db.env;
  statistics_ = settings.db.statistics;
  if (auto known = check_families(path_, settings.db); !known) return known;
  std::shared_ptr<rocksdb::Logger> file;
  // Without a log file RocksDB works all the same.
  if (!rocksdb::CreateLoggerFromOptions(path_, settings.db, &file).ok()) file.reset();
  const auto logger = std::make_shared<OpenLogger>(file, notes);
  settings.db.info_log = logger;

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(settings.db, path_, settings.families, &handles, &db);
  logger->stop_collecting();
  if (!status.ok()) {
    const std::string text = status.ToString();
    // RocksDB tells a held lock from other errors by its words alone.
    const bool held = text.find("While lock file") != std::string::npos ||
                      text.find("lock hold by current process") != std::string::npos;
    if (status.IsIOError() && held)
      return fail(
          Errc::unavailable,
          fmt::format("another process holds {}/LOCK: stop the Vakt that uses this store, or "
                      "choose another directory ({})",
                      path_, text));
    return tl::make_unexpected(to_error(status, "opening the store " + path_));
  }
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), families_.begin());
  return {};
}

Result<void> Database::identify() {
  const auto format = get(Family::meta, kFormatKey);
  if (!format) return tl::make_unexpected(format.error());
  if (*format) {
    const auto version = decode_number(**format);
    if (!version) return fail(Errc::corrupt, "the format row of " + path_ + " is damaged");
    if (*version != kFormatVersion)
      return fail(Errc::invalid,
                  fmt::format("the store {} has format {}; this Vakt reads format {}: "
                              "start the version of Vakt that wrote it, or a newer one",
                              path_, *version, kFormatVersion));
    const auto origin = get(Family::meta, kOriginKey);
    if (!origin) return tl::make_unexpected(origin.error());
    const auto number = *origin ? decode_number(**origin) : std::nullopt;
    if (!number) return fail(Errc::corrupt, "the origin row of " + path_ + " is damaged");
    origin_ = *number;
    return {};
  }
  // New, or its creation was interrupted before this batch: nothing else can be in it.
  while (origin_ == 0)
    if (::getrandom(&origin_, sizeof origin_, 0) != sizeof origin_)
      return fail(Errc::io, "the system gave no random number");
  rocksdb::WriteBatch batch;
  std::string row;
  encode_number(kFormatVersion, row);
  put(batch, Family::meta, kFormatKey, row);
  row.clear();
  encode_number(origin_, row);
  put(batch, Family::meta, kOriginKey, row);
  rocksdb::WriteOptions write_options;
  write_options.sync = true;
  if (const auto status = db_->Write(write_options, &batch); !status.ok())
    return tl::make_unexpected(to_error(status, "creating the store " + path_));
  return {};
}

Database::~Database() {
  if (!db_) return;
  if (durability_ == Durability::memory) {
    // Nobody is left to hear an error; what was flushed before is there whole.
    const std::vector<rocksdb::ColumnFamilyHandle*> all(families_.begin(), families_.end());
    db_->Flush(rocksdb::FlushOptions(), all).PermitUncheckedError();
  }
  for (rocksdb::ColumnFamilyHandle* handle : families_)
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  db_->Close().PermitUncheckedError();
}

void Database::put(rocksdb::WriteBatch& batch, Family in, std::string_view key,
                   std::string_view value) const {
  check(batch.Put(family(in), key, value).ok(), "WriteBatch::Put");
}

void Database::remove(rocksdb::WriteBatch& batch, Family from, std::string_view key) const {
  check(batch.Delete(family(from), key).ok(), "WriteBatch::Delete");
}

void Database::remove_range(rocksdb::WriteBatch& batch, Family from, std::string_view lower,
                            std::string_view upper) const {
  check(batch.DeleteRange(family(from), lower, upper).ok(), "WriteBatch::DeleteRange");
}

Result<std::optional<std::string>> Database::get(Family from, std::string_view key) const {
  std::string value;
  const auto status = db_->Get(rocksdb::ReadOptions(), family(from), key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok())
    return tl::make_unexpected(
        to_error(status, fmt::format("reading {} of {}", family_name(from), path_)));
  return std::optional<std::string>(std::move(value));
}

Result<std::vector<std::optional<std::string>>> Database::get(
    Family from, std::span<const std::string> keys) const {
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet(rocksdb::ReadOptions(), family(from), keys.size(), slices.data(), values.data(),
                statuses.data());
  std::vector<std::optional<std::string>> out(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok())
      return tl::make_unexpected(
          to_error(statuses[i], fmt::format("reading {} of {}", family_name(from), path_)));
    out[i] = values[i].ToString();
  }
  return out;
}

Result<void> Database::write(rocksdb::WriteBatch& batch, bool durable) {
  rocksdb::WriteOptions options;
  options.sync = durable && durability_ == Durability::fsync;
  options.disableWAL = durability_ == Durability::memory;
  if (const auto status = db_->Write(options, &batch); !status.ok())
    return tl::make_unexpected(to_error(status, "writing to " + path_));
  return {};
}

std::uint64_t Database::disk_free_bytes() const {
  std::uint64_t bytes = 0;
  return env_->GetFreeSpace(path_, &bytes).ok() ? bytes : 0;
}

std::uint64_t Database::write_stall_micros() const {
  return statistics_->getTickerCount(rocksdb::STALL_MICROS);
}

Scan::Scan(const Database& database, Family family, std::string lower, std::string upper,
           Direction direction, bool bulk)
    : lower_(std::move(lower)),
      upper_(std::move(upper)),
      lower_slice_(lower_),
      upper_slice_(upper_),
      direction_(direction) {
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower_slice_;
  options.iterate_upper_bound = &upper_slice_;
  options.fill_cache = !bulk;
  iterator_.reset(database.db().NewIterator(options, database.family(family)));
  if (direction_ == Direction::forward)
    iterator_->SeekToFirst();
  else
    iterator_->SeekToLast();
}

void Scan::next() {
  if (direction_ == Direction::forward)
    iterator_->Next();
  else
    iterator_->Prev();
}

void Scan::seek(std::string_view key) { iterator_->Seek(key); }

Result<void> Scan::status() const {
  if (const auto status = iterator_->status(); !status.ok())
    return tl::make_unexpected(to_error(status, "reading the store"));
  return {};
}

}  // namespace vakt::store
