#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace vakt {

void check_failed(const char* what, const char* file, unsigned line) {
  std::fprintf(stderr, "vakt: bug: %s does not hold at %s:%u\n", what, file, line);
  std::abort();
}

}  // namespace vakt
