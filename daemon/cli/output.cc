#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace vakt::cli {
namespace {

constexpr std::size_t kColumnMin = 8;
constexpr std::string_view kGap = "  ";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end)
    if (!is_continuation(text[end]) && seen++ == width - 1) break;
  return std::string(text.substr(0, end)) + "…";
}

std::string_view colour_of(std::string_view severity) {
  if (severity == "critical") return "\x1b[1;31m";
  if (severity == "high") return "\x1b[31m";
  if (severity == "medium") return "\x1b[33m";
  return {};
}

using Cells = std::vector<std::vector<std::string>>;

std::vector<std::size_t> fit(const Cells& cells, std::size_t columns) {
  std::vector<std::size_t> widths(cells.front().size(), 0);
  for (const auto& row : cells)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  std::size_t total = kGap.size() * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  while (columns != 0 && total > columns) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kColumnMin) break;
    --*widest;
    --total;
  }
  return widths;
}

}  // namespace

Terminal terminal_of(std::FILE* file) {
  Terminal terminal;
  if (::isatty(::fileno(file)) == 0) return terminal;
  const char* no_colour = std::getenv("NO_COLOR");
  terminal.colours = no_colour == nullptr || *no_colour == '\0';
  winsize size{};
  terminal.columns =
      ::ioctl(::fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return terminal;
}

std::string render(const Table& table, const Terminal& terminal) {
  Cells cells{table.header};
  for (const auto& row : table.rows) {
    auto& escaped = cells.emplace_back();
    for (const std::string& cell : row) escaped.push_back(escape_terminal(cell));
    escaped.resize(table.header.size());
  }
  const std::vector<std::size_t> widths = fit(cells, terminal.columns);
  std::string out;
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::string text = cut(cells[r][c], widths[c]);
      std::string_view colour;
      if (terminal.colours && r == 0) colour = "\x1b[1m";
      if (terminal.colours && r > 0 && c == table.severity_column) colour = colour_of(cells[r][c]);
      if (c > 0) out += kGap;
      out += colour.empty() ? text : fmt::format("{}{}\x1b[0m", colour, text);
      if (c + 1 < widths.size()) out.append(widths[c] - width_of(text), ' ');
    }
    while (out.back() == ' ') out.pop_back();
    out += '\n';
  }
  return out;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void message(std::string_view text) {
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", text);
}

void report(const Diagnostics& diagnostics) {
  for (const Diagnostic& d : diagnostics) message(to_string(d));
}

std::string to_json(const Diagnostics& diagnostics) {
  std::string out = "[";
  for (const Diagnostic& d : diagnostics) {
    if (out.size() > 1) out += ',';
    out += fmt::format(
        "{{\"severity\":\"{}\",\"file\":{},\"line\":{},\"column\":{},\"message\":{},\"hint\":{}}}",
        d.severity == Severity::error ? "error" : "warning", json_string(d.file), d.line, d.column,
        json_string(d.message), json_string(d.hint));
  }
  return out + "]";
}

}  // namespace vakt::cli
