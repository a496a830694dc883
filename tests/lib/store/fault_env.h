// A disk in memory that fails when told to, and that forgets what was not synced.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vakt::store {

// What a power cut leaves of the bytes that were written but not synced.
enum class Unsynced { lost, torn, kept };

class FaultEnv : public rocksdb::EnvWrapper {
 public:
  FaultEnv() : FaultEnv(rocksdb::NewMemEnv(rocksdb::Env::Default())) {}
  // RocksDB's threads outlive a store: what they did here lies before its end.
  ~FaultEnv() override { const std::lock_guard lock(mutex_); }

  enum class Mode { crash, once };
  // The nth write, sync, creation, renaming or deletion from now on fails, half done where that is
  // possible. `crash`: and so does everything after it.
  void fail_at(std::uint64_t nth, Mode mode) {
    const std::lock_guard lock(mutex_);
    fail_at_ = operations_ + nth;
    mode_ = mode;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    fail_at_ = 0;
  }
  // The first failure is never the creation of a log: see CrashWithoutLog.
  void spare_new_logs() {
    const std::lock_guard lock(mutex_);
    spares_new_logs_ = true;
  }
  void fail_next_wal_sync() {
    const std::lock_guard lock(mutex_);
    fail_wal_sync_ = true;
  }
  std::uint64_t operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
  }
  bool has_failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

  // Another disk with what this one would have after a power cut.
  std::unique_ptr<FaultEnv> after_power_cut(const std::string& directory, Unsynced unsynced) {
    auto next = std::make_unique<FaultEnv>();
    std::vector<std::string> names;
    if (!target()->GetChildren(directory, &names).ok()) return next;
    EXPECT_TRUE(next->target()->CreateDirIfMissing(directory).ok());
    for (const std::string& name : names) {
      const std::string path = directory + "/" + name;
      std::string data;
      if (name == "LOCK" || !rocksdb::ReadFileToString(target(), path, &data).ok()) continue;
      const std::lock_guard lock(mutex_);
      const auto it = synced_.find(path);
      const std::size_t synced = it == synced_.end() ? 0 : std::min(it->second, data.size());
      if (unsynced == Unsynced::lost) data.resize(synced);
      if (unsynced == Unsynced::torn) data.resize(synced + (data.size() - synced) / 2);
      EXPECT_TRUE(rocksdb::WriteStringToFile(next->target(), data, path).ok());
      next->synced_[path] = data.size();
    }
    return next;
  }

  rocksdb::Status NewWritableFile(const std::string& path,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    if (!spares(path))
      if (auto s = step(); !s.ok()) return s;
    std::unique_ptr<rocksdb::WritableFile> base;
    if (auto s = target()->NewWritableFile(path, &base, options); !s.ok()) return s;
    {
      const std::lock_guard lock(mutex_);
      synced_[path] = 0;
    }
    *file = std::make_unique<File>(*this, path, std::move(base));
    return rocksdb::Status::OK();
  }
  rocksdb::Status RenameFile(const std::string& from, const std::string& to) override {
    if (auto s = step(); !s.ok()) return s;
    {
      const std::lock_guard lock(mutex_);
      synced_[to] = synced_[from];
      synced_.erase(from);
    }
    return target()->RenameFile(from, to);
  }
  rocksdb::Status DeleteFile(const std::string& path) override {
    if (auto s = step(); !s.ok()) return s;
    return target()->DeleteFile(path);
  }

 private:
  explicit FaultEnv(rocksdb::Env* base) : EnvWrapper(base), base_(base) {}

  class File : public rocksdb::WritableFileWrapper {
   public:
    File(FaultEnv& env, std::string path, std::unique_ptr<rocksdb::WritableFile> base)
        : WritableFileWrapper(base.get()),
          env_(env),
          path_(std::move(path)),
          base_(std::move(base)) {}
    rocksdb::Status Append(const rocksdb::Slice& data) override {
      if (auto s = env_.step(); !s.ok()) {
        if (env_.just_failed())
          base_->Append(rocksdb::Slice(data.data(), data.size() / 2)).PermitUncheckedError();
        return s;
      }
      return base_->Append(data);
    }
    rocksdb::Status Append(const rocksdb::Slice& data,
                           const rocksdb::DataVerificationInfo&) override {
      return Append(data);
    }
    rocksdb::Status Sync() override { return sync(); }
    rocksdb::Status Fsync() override { return sync(); }

   private:
    rocksdb::Status sync() {
      if (auto s = env_.step(); !s.ok()) return s;
      if (path_.ends_with(".log"))
        if (auto s = env_.wal_sync(); !s.ok()) return s;
      if (auto s = base_->Sync(); !s.ok()) return s;
      env_.set_synced(path_, base_->GetFileSize());
      return rocksdb::Status::OK();
    }
    FaultEnv& env_;
    std::string path_;
    std::unique_ptr<rocksdb::WritableFile> base_;
  };

  bool spares(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    return spares_new_logs_ && !failed_ && path.ends_with(".log");
  }
  rocksdb::Status step() {
    const std::lock_guard lock(mutex_);
    ++operations_;
    just_failed_ = false;
    if (fail_at_ == 0 || operations_ < fail_at_) return rocksdb::Status::OK();
    if (mode_ == Mode::once && failed_) return rocksdb::Status::OK();
    just_failed_ = !failed_;
    failed_ = true;
    return rocksdb::Status::IOError("injected fault");
  }
  rocksdb::Status wal_sync() {
    const std::lock_guard lock(mutex_);
    if (!fail_wal_sync_) return rocksdb::Status::OK();
    fail_wal_sync_ = false;
    failed_ = true;
    return rocksdb::Status::IOError("injected sync fault");
  }
  bool just_failed() const {
    const std::lock_guard lock(mutex_);
    return just_failed_;
  }
  void set_synced(const std::string& path, std::uint64_t size) {
    const std::lock_guard lock(mutex_);
    synced_[path] = size;
  }

  std::unique_ptr<rocksdb::Env> base_;
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> synced_;
  std::uint64_t operations_ = 0;
  std::uint64_t fail_at_ = 0;
  Mode mode_ = Mode::crash;
  bool failed_ = false;
  bool just_failed_ = false;
  bool fail_wal_sync_ = false;
  bool spares_new_logs_ = false;
};

}  // namespace vakt::store
