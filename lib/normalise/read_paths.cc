#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "normalise/decoder_file.h"

namespace vakt::normalise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 4 << 20;

Diagnostic about(const std::string& file, std::string message, std::string hint) {
  return {Severity::error, file, 0, 0, std::move(message), std::move(hint)};
}

void find_files(const std::string& directory, std::vector<std::string>& files,
                Diagnostics& diagnostics) {
  std::error_code error;
  fs::recursive_directory_iterator it(directory, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string extension = it->path().extension().string();
    std::error_code ignored;
    if ((extension == ".yml" || extension == ".yaml") && it->is_regular_file(ignored))
      files.push_back(it->path().string());
  }
  if (error)
    diagnostics.push_back(about(directory, "cannot read the directory: " + error.message(),
                                "check the path and its permissions"));
}

void read_file(const std::string& path, std::vector<DecoderSource>& sources,
               Diagnostics& diagnostics) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  if (in) {
    text.resize(kFileBytesMax + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && text.size() <= kFileBytesMax) {
    diagnostics.push_back(about(path, "cannot read the file",
                                "check that it exists and that "
                                "the daemon's user may read it"));
  } else if (text.size() > kFileBytesMax) {
    diagnostics.push_back(about(path, fmt::format("larger than {} bytes", kFileBytesMax),
                                "split it into several files"));
  } else {
    sources.push_back({path, std::move(text)});
  }
}

}  // namespace

std::vector<DecoderSource> read_paths(const std::vector<std::string>& paths,
                                      Diagnostics& diagnostics) {
  std::vector<DecoderSource> sources;
  try {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
      std::error_code error;
      if (fs::is_directory(path, error))
        find_files(path, files, diagnostics);
      else
        files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    for (const std::string& file : files) read_file(file, sources, diagnostics);
  } catch (const std::exception& e) {
    diagnostics.push_back(about("decoders", e.what(), "check the decoder paths"));
  }
  return sources;
}

}  // namespace vakt::normalise
