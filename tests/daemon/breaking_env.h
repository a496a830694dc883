// A disk that can be full for a while.
#pragma once

#include <rocksdb/env.h>

#include <atomic>
#include <memory>
#include <string>

namespace vakt::test {

// Files that cannot be synced while `broken` is set.
class BreakingEnv : public rocksdb::EnvWrapper {
 public:
  explicit BreakingEnv(rocksdb::Env* base) : rocksdb::EnvWrapper(base) {}

  rocksdb::Status NewWritableFile(const std::string& name,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    if (broken) return rocksdb::Status::IOError("no space left on device");
    std::unique_ptr<rocksdb::WritableFile> real;
    const auto status = target()->NewWritableFile(name, &real, options);
    if (status.ok()) *file = std::make_unique<File>(std::move(real), broken);
    return status;
  }

  std::atomic<bool> broken{false};

 private:
  class File : public rocksdb::WritableFileWrapper {
   public:
    File(std::unique_ptr<rocksdb::WritableFile> file, const std::atomic<bool>& broken)
        : rocksdb::WritableFileWrapper(file.get()), file_(std::move(file)), broken_(broken) {}
    rocksdb::Status Append(const rocksdb::Slice& data) override {
      return broken_ ? rocksdb::Status::IOError("no space left on device") : file_->Append(data);
    }
    rocksdb::Status Append(const rocksdb::Slice& data,
                           const rocksdb::DataVerificationInfo&) override {
      return Append(data);
    }

   private:
    std::unique_ptr<rocksdb::WritableFile> file_;
    const std::atomic<bool>& broken_;
  };
};

}  // namespace vakt::test
