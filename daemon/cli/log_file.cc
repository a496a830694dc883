#include "cli/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
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
      start_(other.start_),
      buffer_(std::move(other.buffer_)) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(start_, other.start_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

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
  LogFile file(path, descriptor, size);
  // A shell may have read the start of what it redirects.
  if (size > 0) file.start_ = std::max<off_t>(::lseek(descriptor, 0, SEEK_CUR), 0);
  return file;
}

Result<void> LogFile::make_rewindable() {
  if (size_ > 0) return {};
  std::FILE* const spool = std::tmpfile();
  if (spool == nullptr)
    return fail(Errc::io, std::string("cannot make a temporary file: ") + std::strerror(errno));
  std::uint64_t bytes = 0;
  std::string problem;
  while (problem.empty()) {
    const auto chunk = read();
    if (!chunk) {
      problem = chunk.error().message;
    } else if (chunk->empty()) {
      break;
    } else if ((bytes += chunk->size()) > kSpoolBytesMax) {
      problem = path_ + " is longer than 4 GiB: give it as a file";
    } else if (std::fwrite(chunk->data(), 1, chunk->size(), spool) != chunk->size()) {
      problem = std::string("writing a temporary file: ") + std::strerror(errno);
    }
  }
  if (std::fflush(spool) != 0 && problem.empty())
    problem = std::string("writing a temporary file: ") + std::strerror(errno);
  const int descriptor = ::fcntl(::fileno(spool), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  std::fclose(spool);
  if (descriptor < 0) problem = std::string("a temporary file: ") + std::strerror(errno);
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
  descriptor_ = descriptor;
  size_ = bytes;
  start_ = 0;
  if (!problem.empty()) return fail(Errc::io, problem);
  return rewind();
}

Result<void> LogFile::rewind() {
  if (::lseek(descriptor_, start_, SEEK_SET) >= 0) return {};
  return fail(Errc::io, "cannot read " + path_ + " again: " + std::strerror(errno));
}

Result<std::string_view> LogFile::read() {
  while (true) {
    const ssize_t bytes = ::read(descriptor_, buffer_.get(), kChunkBytes);
    if (bytes >= 0) return std::string_view(buffer_.get(), static_cast<std::size_t>(bytes));
    if (errno != EINTR) return fail(Errc::io, "reading " + path_ + ": " + std::strerror(errno));
  }
}

}  // namespace vakt::cli
