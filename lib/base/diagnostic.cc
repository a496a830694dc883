#include "base/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vakt {

std::string to_string(const Diagnostic& d) {
  std::string out = escape_terminal(d.file);
  if (d.line > 0) out += fmt::format(":{}:{}", d.line, d.column);
  out += d.severity == Severity::error ? ": error: " : ": warning: ";
  out += escape_terminal(d.message);
  if (!d.hint.empty()) out += " (" + escape_terminal(d.hint) + ")";
  return out;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

}  // namespace vakt
