// Watermark: how far event time is known to be complete (DESIGN "Late events and the watermark").
//
// Per source the largest min(event_time, received_time + 60 s), minus the allowed disorder; the
// watermark is the monotone minimum over the sources heard of within `source_timeout` of received
// time. Derived from committed inputs only. Two lanes: live, and history, which no clock advances.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"
#include "event/batch.h"

namespace vakt::engine {

struct WatermarkOptions {
  Duration disorder = std::chrono::seconds(60);
  Duration source_timeout = std::chrono::minutes(5);
  Duration lag_max = std::chrono::minutes(10);    // live lane: slower sources leave the minimum
  Duration idle_after = std::chrono::seconds(5);  // "nothing arrives": then the clock counts
  std::size_t sources_max = 10'000;               // further ones share the name "_other"
};

class Watermark {
 public:
  Watermark(const WatermarkOptions& options, bool historic)
      : options_(options), historic_(historic) {}

  // Events of one input were committed.
  void advance(std::span<const event::SourceMark> marks, Time now);
  // Nothing need have arrived: live time passes with received time. History ends its session (and
  // everything in it is final) when no source was heard of for `source_timeout`; returns true then.
  bool tick(Time now);

  // nullopt before the first event.
  std::optional<Time> value() const { return value_; }
  // Sources left out of the minimum for lagging at the last recomputation.
  std::size_t lagging() const { return lagging_; }
  std::size_t sources() const { return sources_.size(); }

  void encode(ByteWriter& out) const;
  bool decode(ByteReader& in);

 private:
  struct Source {
    Time mark;
    Time received;
  };
  void recompute(Time now);

  WatermarkOptions options_;
  bool historic_;
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return hash64(name); }
  };
  std::unordered_map<std::string, Source, NameHash, std::equal_to<>> sources_;
  std::optional<Time> value_;
  Time heard_{};   // largest received time of any source
  Time passed_{};  // received time up to which idle time has been added
  Time recomputed_{};
  std::size_t lagging_ = 0;
};

}  // namespace vakt::engine
