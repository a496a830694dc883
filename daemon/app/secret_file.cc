#include "app/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace vakt::app {

namespace {

constexpr std::size_t kBytesMax = 4096;

tl::unexpected<Error> failed(std::string_view doing, const std::string& what,
                             const std::string& file) {
  return fail(Errc::io, fmt::format("cannot {} the file of {}, {}: {}", doing, what, file,
                                    std::strerror(errno)));
}

Result<std::string> create(const std::string& file, const std::string& what,
                           const std::string& secret) {
  const int handle = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (handle < 0) return failed("create", what, file);
  const std::string line = secret + "\n";
  const bool written =
      ::write(handle, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(handle) == 0;
  ::close(handle);
  if (!written) {
    ::unlink(file.c_str());
    return failed("write", what, file);
  }
  spdlog::info("{} is new, in {}", what, file);
  return secret;
}

}  // namespace

Result<std::string> read_or_create_secret(const std::string& file, const std::string& what,
                                          const std::function<Result<std::string>()>& make) {
  const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) {
    if (errno != ENOENT) return failed("open", what, file);
    const auto secret = make();
    return secret ? create(file, what, *secret) : secret;
  }
  std::string text(kBytesMax, '\0');
  struct stat status {};
  const ssize_t size = ::read(handle, text.data(), text.size());
  const bool open_to_others = ::fstat(handle, &status) == 0 && (status.st_mode & 077) != 0;
  ::close(handle);
  if (size < 0) return failed("read", what, file);
  if (open_to_others) spdlog::warn("{} can be read by others than its owner: chmod 600 it", file);
  text.resize(static_cast<std::size_t>(size));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

}  // namespace vakt::app
