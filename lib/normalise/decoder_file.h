// Reads decoder files (format: rules/decoders/README.md) into checked, compiled decoders. At load
// time only. Every problem becomes a Diagnostic; a broken decoder is left out, the others stay.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "event/log_source.h"
#include "normalise/decoder.h"
#include "normalise/normaliser.h"

namespace vakt::normalise {

// Limits on what a file may ask for; beyond them a diagnostic says so.
inline constexpr std::size_t kPatternBytesMax = 4096;
inline constexpr std::size_t kProgramBytesMax = 64;
inline constexpr std::size_t kDecodersMax = 4096;
inline constexpr std::size_t kFieldsMax = 32;

struct Example {
  std::string message;
  int line = 0;
  int column = 0;
};

struct ReadDecoder {
  Decoder decoder;  // its field ids are not set yet
  std::vector<Example> examples;
};

// One YAML document: what is known about some programs.
struct Section {
  std::string file;
  bool all_programs = false;          // `program: "*"`
  std::vector<std::string> programs;  // lower case
  std::vector<event::LogSource> labels;
  std::vector<ReadDecoder> decoders;
};

std::vector<Section> read_sections(const DecoderSource& source, Diagnostics& diagnostics);

// Texts of the files, and of the *.yml and *.yaml files in the directories (all levels), in byte
// order of their paths.
std::vector<DecoderSource> read_paths(const std::vector<std::string>& paths,
                                      Diagnostics& diagnostics);

}  // namespace vakt::normalise
