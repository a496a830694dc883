// A Diagnostic says what is wrong in a file that a person wrote, where, and what to do about it.
// Loaders report all of them at once.
#pragma once

#include <string>
#include <vector>

namespace vakt {

enum class Severity { warning, error };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  int line = 0;    // from 1; 0 = the file as a whole
  int column = 0;  // from 1
  std::string message;
  std::string hint;  // may be empty
};

using Diagnostics = std::vector<Diagnostic>;

// "file:line:column: error: message (hint)", one line, control characters escaped.
std::string to_string(const Diagnostic& diagnostic);
bool has_errors(const Diagnostics& diagnostics);

}  // namespace vakt
