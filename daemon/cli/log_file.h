// A log file, or standard input, read in chunks. Thread: its owner's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vakt::cli {

inline constexpr std::size_t kChunkBytes = 1 << 20;
inline constexpr std::uint64_t kSpoolBytesMax = std::uint64_t{4} << 30;

class LogFile {
 public:
  static Result<LogFile> open(const std::string& path);  // "-": standard input
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;
  ~LogFile();

  // Makes rewind() possible: what is no regular file (a pipe) is read to its end and kept in a
  // temporary file, at most kSpoolBytesMax.
  Result<void> make_rewindable();
  Result<void> rewind();

  // The next bytes, valid until the next call; empty at the end.
  Result<std::string_view> read();
  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // 0: unknown

 private:
  LogFile(std::string path, int descriptor, std::uint64_t size);

  std::string path_;
  int descriptor_;
  std::uint64_t size_;
  off_t start_ = 0;  // where reading began
  std::unique_ptr<char[]> buffer_;
};

}  // namespace vakt::cli
