#include "app/api_token.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "api/token.h"

namespace vakt::app {

namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTokenBytesMax = 4096;

// RFC 4648 section 5, without padding.
std::string base64url(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kDigits[(bits >> (held - 6)) & 63];
  }
  if (held > 0) out += kDigits[(bits << (6 - held)) & 63];
  return out;
}

tl::unexpected<Error> failed(std::string_view what, const std::string& file) {
  return fail(Errc::io, fmt::format("cannot {} the API token's file {}: {}", what, file,
                                    std::strerror(errno)));
}

Result<std::string> create(const std::string& file) {
  std::array<unsigned char, kSecretBytes> secret{};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    return fail(Errc::io, "the system gave no random bytes for the API token");
  const std::string token =
      "vakt_" + base64url({reinterpret_cast<const char*>(secret.data()), secret.size()});
  const int handle = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (handle < 0) return failed("create", file);
  const std::string line = token + "\n";
  const bool written =
      ::write(handle, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(handle) == 0;
  ::close(handle);
  if (!written) {
    ::unlink(file.c_str());
    return failed("write", file);
  }
  spdlog::info("a new API token is in {}", file);
  return token;
}

}  // namespace

Result<std::string> token_hash_of(const std::string& file) {
  const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) {
    if (errno != ENOENT) return failed("open", file);
    const auto token = create(file);
    if (!token) return token;
    return api::sha256_hex(*token);
  }
  std::string text(kTokenBytesMax, '\0');
  struct stat status {};
  const ssize_t size = ::read(handle, text.data(), text.size());
  const bool open_to_others = ::fstat(handle, &status) == 0 && (status.st_mode & 077) != 0;
  ::close(handle);
  if (size < 0) return failed("read", file);
  if (open_to_others) spdlog::warn("{} can be read by others than its owner: chmod 600 it", file);
  text.resize(static_cast<std::size_t>(size));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (text.size() < 16)
    return fail(Errc::invalid,
                fmt::format("{} holds no token of at least 16 characters: delete it, and the next "
                            "start makes a new one",
                            file));
  return api::sha256_hex(text);
}

}  // namespace vakt::app
