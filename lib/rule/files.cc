// Finding and reading rule files.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "rule/rule.h"

namespace vakt::rule {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 4 << 20;  // as yaml/node.h has it

void complain(const std::string& path, std::string message, Diagnostics& diagnostics) {
  diagnostics.push_back({Severity::error, path, 0, 0, std::move(message), {}});
}

// Folders that lie beside rules in a rules directory and hold data of other kinds.
bool is_other_data(const std::string& folder) {
  return folder == "decoders" || folder == "field_maps" || folder == "regimes";
}

void search(const fs::path& directory, std::vector<std::string>& out, Diagnostics& diagnostics) {
  std::error_code error;
  fs::recursive_directory_iterator it(directory, error);
  while (!error && it != fs::recursive_directory_iterator()) {
    std::error_code ignored;  // an entry that vanished is no regular file
    if (is_other_data(it->path().filename().string())) it.disable_recursion_pending();
    const std::string extension = it->path().extension().string();
    if ((extension == ".yml" || extension == ".yaml") && it->is_regular_file(ignored))
      out.push_back(it->path().lexically_normal().string());
    it.increment(error);
  }
  if (error) complain(directory.string(), "cannot be searched: " + error.message(), diagnostics);
}

std::vector<std::string> find_files(const std::vector<std::string>& paths,
                                    Diagnostics& diagnostics) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status))
      search(path, out, diagnostics);
    else if (fs::is_regular_file(status))
      out.push_back(fs::path(path).lexically_normal().string());
    else
      complain(path, error ? "cannot be read: " + error.message() : "is no file or directory",
               diagnostics);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool read_file(const std::string& path, std::string& out, Diagnostics& diagnostics) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    complain(path, "cannot be opened; check its permissions", diagnostics);
    return false;
  }
  std::array<char, 16384> piece;
  while (in.read(piece.data(), piece.size()), in.gcount() > 0) {
    out.append(piece.data(), static_cast<std::size_t>(in.gcount()));
    if (out.size() <= kFileBytesMax) continue;
    complain(path, fmt::format("is larger than {} bytes; split it", kFileBytesMax), diagnostics);
    return false;
  }
  if (in.bad()) {
    complain(path, "cannot be read to its end", diagnostics);
    return false;
  }
  return true;
}

}  // namespace

RuleSet load(const std::vector<std::string>& paths, Diagnostics& diagnostics,
             const LoadOptions& options) {
  std::vector<Source> sources;
  for (std::string& path : find_files(paths, diagnostics)) {
    std::string text;
    if (read_file(path, text, diagnostics)) sources.push_back({std::move(path), std::move(text)});
  }
  return load_texts(sources, diagnostics, options);
}

}  // namespace vakt::rule
