// A log file, or standard input, read in chunks; inflated on the way if it is in gzip's format, as
// rotated logs are. Thread: its owner's.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct gzFile_s;

namespace vakt::cli {

inline constexpr std::size_t kChunkBytes = 1 << 20;
inline constexpr std::uint64_t kSpoolBytesMax = std::uint64_t{4} << 30;

class LogFile {
 public:
  static Result<LogFile> open(const std::string& path);  // "-": standard input
  // Makes rewind() possible: what is no regular file (a pipe) is read to its end and kept in a
  // temporary file, at most kSpoolBytesMax.
  Result<void> make_rewindable();
  Result<void> rewind();

  // The next bytes, valid until the next call; empty at the end.
  Result<std::string_view> read();
  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // of what read() gives; 0: unknown

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };

  explicit LogFile(std::string path);
  Result<void> attach(int descriptor);
  Result<void> spool_into(std::FILE* spool);

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::uint64_t size_ = 0;
  bool rewindable_ = false;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace vakt::cli
