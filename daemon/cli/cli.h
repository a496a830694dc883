// The command line: `vakt NOUN VERB`. Data goes to standard output, messages to standard error.
// One file a command; each explains itself with --help.
#pragma once

namespace vakt::cli {

// The exit status of every command (README.md).
enum Exit : int {
  kOk = 0,
  kError = 1,
  kUsage = 2,
  kCheckFailed = 3,
  kAuth = 4,
  kNotFoundOrConflict = 5,
};

int run(int argc, const char* const* argv);

}  // namespace vakt::cli
