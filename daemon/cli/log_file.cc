#include "cli/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace vakt::cli {

LogFile::LogFile(std::string path, int descriptor, std::uint64_t size)
    : path_(std::move(path)),
      descriptor_(descriptor),
      size_(size),
      buffer_(std::make_unique_for_overwrite<char[]>(kChunkBytes)) {}

LogFile::LogFile(LogFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      buffer_(std::move(other.buffer_)) {}

LogFile::~LogFile() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

Result<LogFile> LogFile::open(const std::string& path) {
  const int descriptor = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (descriptor < 0 || ::fstat(descriptor, &about) != 0)
    return fail(Errc::io, "cannot read " + path + ": " + std::strerror(errno));
  if (S_ISDIR(about.st_mode)) {
    ::close(descriptor);
    return fail(Errc::io, "cannot read " + path + ": it is a directory; name its files");
  }
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  const auto size = S_ISREG(about.st_mode) ? static_cast<std::uint64_t>(about.st_size) : 0;
  return LogFile(path, descriptor, size);
}

Result<std::string_view> LogFile::read() {
  while (true) {
    const ssize_t bytes = ::read(descriptor_, buffer_.get(), kChunkBytes);
    if (bytes >= 0) return std::string_view(buffer_.get(), static_cast<std::size_t>(bytes));
    if (errno != EINTR) return fail(Errc::io, "reading " + path_ + ": " + std::strerror(errno));
  }
}

}  // namespace vakt::cli
