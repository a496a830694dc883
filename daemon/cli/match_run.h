// Events to the single rules that match them, in batches: what `vakt rules match` does with its
// lines. Thread: its owner's; the reference evaluator runs on as many as there are cores.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/labelled_line.h"
#include "engine/worker.h"
#include "event/batch.h"

namespace vakt::cli {

enum class EngineChoice : std::uint8_t { hyperscan, reference, both };

struct MatchedLine {
  std::uint32_t file = 0;  // index into the files
  std::uint64_t line = 0;
  std::vector<std::uint32_t> rules;    // indices into the rule set, by id
  std::string problem;                 // why it could not be read
  std::string difference;              // of the two engines; empty: none
  std::optional<std::uint32_t> event;  // index into the batch; nullopt: there is none
};

// What a run is to do. `labels`: of the pipeline's extra routes, one each.
struct MatchSettings {
  LineFormat format;
  EngineChoice engine = EngineChoice::hyperscan;
  std::vector<event::LogSource> labels;
  std::optional<event::LogSource> default_labels;  // of lines without; one of `labels`
  Time now;
};

class MatchRun {
 public:
  using Sink = std::function<void(const MatchedLine&, const event::Batch&)>;

  // The sink gets every line, in order, some time after it was added.
  MatchRun(std::shared_ptr<const engine::Pipeline> pipeline, MatchSettings settings, Sink sink);

  struct Line {
    std::string_view text;
    bool truncated = false;
    std::uint32_t file = 0;
    std::uint64_t number = 0;
    std::string_view path;
    std::optional<event::LogSource> labels = {};  // where they are not in the line itself
  };
  void add(const Line& line);
  void flush();

  const LineReader& reader() const { return reader_; }

 private:
  void add_event(const LabelledLine& line, const Line& from);
  void match_reference(std::vector<std::vector<std::uint32_t>>& out) const;
  void take_matches();

  std::shared_ptr<const engine::Pipeline> pipeline_;
  MatchSettings settings_;
  Sink sink_;
  LineReader reader_;
  engine::Worker worker_;
  event::Batch batch_;
  std::map<event::LogSource, event::RouteId> routes_;
  std::vector<std::uint32_t> rank_;  // of each rule, by id
  std::vector<MatchedLine> pending_;
  std::vector<event::Hit> hits_;
};

}  // namespace vakt::cli
