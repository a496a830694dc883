#include "cli/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace vakt::cli {
namespace {

constexpr unsigned kInflateBytes = 256 << 10;

int duplicate(int descriptor) { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }

}  // namespace

void LogFile::Close::operator()(gzFile_s* file) const { ::gzclose_r(file); }

LogFile::LogFile(std::string path)
    : path_(std::move(path)), buffer_(std::make_unique_for_overwrite<char[]>(kChunkBytes)) {}

Result<LogFile> LogFile::open(const std::string& path) {
  const int descriptor =
      path == "-" ? duplicate(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (descriptor < 0 || ::fstat(descriptor, &about) != 0)
    return fail(Errc::io, "cannot read " + path + ": " + std::strerror(errno));
  if (S_ISDIR(about.st_mode)) {
    ::close(descriptor);
    return fail(Errc::io, "cannot read " + path + ": it is a directory; name its files");
  }
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  LogFile file(path);
  if (const auto attached = file.attach(descriptor); !attached)
    return tl::make_unexpected(attached.error());
  file.rewindable_ = S_ISREG(about.st_mode);
  // Compressed data says how long it is at its end only, and not reliably. Asking waits for the
  // first bytes, which a pipe may not have.
  if (file.rewindable_ && ::gzdirect(file.file_.get()) != 0)
    file.size_ = static_cast<std::uint64_t>(about.st_size);
  return file;
}

// Reading starts where the descriptor stands: a shell may have read the start of what it redirects.
Result<void> LogFile::attach(int descriptor) {
  file_.reset(::gzdopen(descriptor, "rb"));
  if (!file_) {
    ::close(descriptor);
    return fail(Errc::io, "cannot read " + path_ + ": no memory");
  }
  ::gzbuffer(file_.get(), kInflateBytes);
  return {};
}

Result<void> LogFile::make_rewindable() {
  if (rewindable_) return {};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> spool(std::tmpfile(), &std::fclose);
  if (!spool)
    return fail(Errc::io, std::string("cannot make a temporary file: ") + std::strerror(errno));
  if (const auto spooled = spool_into(spool.get()); !spooled) return spooled;
  const int descriptor = duplicate(::fileno(spool.get()));
  if (std::fflush(spool.get()) != 0 || descriptor < 0 || ::lseek(descriptor, 0, SEEK_SET) != 0)
    return fail(Errc::io, std::string("writing a temporary file: ") + std::strerror(errno));
  rewindable_ = true;
  return attach(descriptor);
}

Result<void> LogFile::spool_into(std::FILE* spool) {
  for (size_ = 0;;) {
    const auto chunk = read();
    if (!chunk) return tl::make_unexpected(chunk.error());
    if (chunk->empty()) return {};
    if ((size_ += chunk->size()) > kSpoolBytesMax)
      return fail(Errc::io, path_ + " is longer than 4 GiB: give it as a file");
    if (std::fwrite(chunk->data(), 1, chunk->size(), spool) != chunk->size())
      return fail(Errc::io, std::string("writing a temporary file: ") + std::strerror(errno));
  }
}

Result<void> LogFile::rewind() {
  if (::gzrewind(file_.get()) == 0) return {};
  return fail(Errc::io, "cannot read " + path_ + " again: " + std::strerror(errno));
}

Result<std::string_view> LogFile::read() {
  const int bytes = ::gzread(file_.get(), buffer_.get(), kChunkBytes);
  if (bytes > 0) return std::string_view(buffer_.get(), static_cast<std::size_t>(bytes));
  int problem = Z_OK;
  const char* const said = ::gzerror(file_.get(), &problem);
  if (problem == Z_BUF_ERROR)
    return fail(Errc::io, "reading " + path_ + ": the compressed data ends in the middle");
  if (bytes == 0) return std::string_view();
  return fail(Errc::io,
              "reading " + path_ + ": " + (problem == Z_ERRNO ? std::strerror(errno) : said));
}

}  // namespace vakt::cli
