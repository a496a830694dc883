// Secrets that Vakt makes for itself at its first start, each in a file that only its owner can
// read.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace vakt::app {

// The file's text, without white space at its end; where there is none, it is created (mode 0600)
// with what `make` gives. `what` names the secret in errors and the log; its text never appears
// there.
Result<std::string> read_or_create_secret(const std::string& file, const std::string& what,
                                          const std::function<Result<std::string>()>& make);

}  // namespace vakt::app
