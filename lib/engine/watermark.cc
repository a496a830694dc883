#include "engine/watermark.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace vakt::engine {
namespace {

// With many sources the minimum is not recomputed for every input, but at most this often.
constexpr std::size_t kFewSources = 256;
constexpr Duration kRecomputeInterval = std::chrono::milliseconds(50);

}  // namespace

void Watermark::advance(std::span<const event::SourceMark> marks, Time now) {
  bool any = false;
  for (const event::SourceMark& mark : marks) {
    if (mark.historic != historic_ || mark.event_time_max == kTimeMin) continue;
    any = true;
    auto it = sources_.find(mark.name);
    if (it == sources_.end()) {
      const bool full = sources_.size() >= options_.sources_max;
      it =
          sources_.try_emplace(std::string(full ? "_other" : mark.name), Source{kTimeMin, kTimeMin})
              .first;
    }
    it->second.mark = std::max(it->second.mark, mark.event_time_max);
    it->second.received = std::max(it->second.received, mark.received_time_max);
    heard_ = std::max(heard_, mark.received_time_max);
  }
  if (!any) return;
  passed_ = std::max(passed_, heard_);
  if (sources_.size() > kFewSources && now - recomputed_ < kRecomputeInterval) return;
  recompute(now);
}

void Watermark::recompute(Time now) {
  recomputed_ = now;
  std::erase_if(sources_, [&](const auto& s) {
    return s.second.received < heard_ - options_.source_timeout;
  });
  Time leading = kTimeMin;
  for (const auto& [name, s] : sources_) leading = std::max(leading, s.mark);
  std::optional<Time> lowest;
  lagging_ = 0;
  for (const auto& [name, s] : sources_) {
    if (!historic_ && s.mark < leading - options_.lag_max) {
      ++lagging_;
      continue;
    }
    lowest = lowest ? std::min(*lowest, s.mark) : s.mark;
  }
  if (!lowest) return;
  const Time candidate = *lowest - options_.disorder;
  value_ = value_ ? std::max(*value_, candidate) : candidate;
}

bool Watermark::tick(Time now) {
  if (!value_) return false;
  if (historic_) {
    if (now - heard_ <= options_.source_timeout) return false;
    value_.reset();
    sources_.clear();
    return true;
  }
  // A slow feed is not silence: only a pause lets the clock speak for the sources.
  if (now - heard_ >= options_.idle_after && now > passed_) {
    *value_ += now - passed_;
    passed_ = now;
  }
  return false;
}

void Watermark::encode(ByteWriter& out) const {
  out.u8(value_ ? 1 : 0);
  out.svarint(value_ ? to_ns(*value_) : 0);
  out.svarint(to_ns(heard_));
  out.svarint(to_ns(passed_));
  out.svarint(to_ns(recomputed_));
  out.varint(lagging_);
  out.varint(sources_.size());
  // By name, so that equal states give equal bytes.
  std::vector<std::pair<std::string_view, Source>> ordered(sources_.begin(), sources_.end());
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [name, s] : ordered) {
    out.bytes(name);
    out.svarint(to_ns(s.mark));
    out.svarint(to_ns(s.received));
  }
}

bool Watermark::decode(ByteReader& in) {
  const bool has = in.u8() != 0;
  const Time value = from_ns(in.svarint());
  value_ = has ? std::optional(value) : std::nullopt;
  heard_ = from_ns(in.svarint());
  passed_ = from_ns(in.svarint());
  recomputed_ = from_ns(in.svarint());
  lagging_ = in.varint();
  const std::uint64_t count = in.varint();
  sources_.clear();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::string name(in.bytes());
    const Time mark = from_ns(in.svarint());
    sources_[std::move(name)] = {mark, from_ns(in.svarint())};
  }
  return in.ok();
}

}  // namespace vakt::engine
