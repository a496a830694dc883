// SHA-256, HMAC-SHA-256 (RFC 2104), comparing in constant time and wiping: all that this folder
// asks of OpenSSL. Pure; any thread. Aborts where OpenSSL cannot compute a digest (no memory).
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace vakt::access {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view message);

inline std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Takes the same time wherever they differ; texts of different lengths differ at once.
bool equal(std::string_view a, std::string_view b);

// Overwrites a secret when the scope ends, whichever way it is left. The string must not have
// grown meanwhile: what it left behind elsewhere is not reached.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string& secret) : secret_(secret) {}
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;
  ~WipeAtEnd();

 private:
  std::string& secret_;
};

}  // namespace vakt::access
