// What people see: tables that fit, colours where wanted, nothing an attacker wrote unescaped.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace vakt::cli {

struct Terminal {
  bool colours = false;     // a terminal, and NO_COLOR is not set
  std::size_t columns = 0;  // 0: no limit (not a terminal)
};
Terminal terminal_of(std::FILE* file);

// Every cell is escaped here: callers pass texts as they are. Columns are cut with "…", the widest
// first, until a row fits.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t severity_column = SIZE_MAX;  // coloured by its word
};
std::string render(const Table& table, const Terminal& terminal);

void print(std::string_view text);    // to standard output, as it is
void message(std::string_view text);  // to standard error, with a line end

// All of them to standard error, one a line.
void report(const Diagnostics& diagnostics);
// [{"severity","file","line","column","message","hint"}]
std::string to_json(const Diagnostics& diagnostics);

}  // namespace vakt::cli
