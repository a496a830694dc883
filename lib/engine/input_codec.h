// The log of inputs: what recovery needs to apply an input again, but for its hits, which are
// stored as rows of their own (store::Commit::hits).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace vakt::engine {

std::string encode_input(const Input& input);

// An input from the log, owning what it needs. For HitsInput the hits are added by the caller.
struct LoggedInput {
  enum class Kind : std::uint8_t { hits, tick, end_of_input, command, rules_change };
  Kind kind = Kind::tick;
  std::uint64_t event_count = 0;
  std::vector<event::SourceMark> sources;  // names point into the record
  Command command;
  std::string rules_version;
};
std::optional<LoggedInput> decode_input(std::string_view record);

}  // namespace vakt::engine
