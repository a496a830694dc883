// Fresh random bytes for secrets. Any thread.
#pragma once

#include <openssl/rand.h>

#include <string>

#include "base/check.h"

namespace vakt::api {

// Aborts where the system has none to give: a secret that can be guessed is worse.
inline std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  check(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
        "random bytes of the system");
  return bytes;
}

}  // namespace vakt::api
