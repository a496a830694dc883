#include "correlate/openings.h"

#include <algorithm>

namespace vakt::correlate {
namespace {

bool later(Time time, const Opening& opening) { return time < opening.time; }

}  // namespace

std::vector<Opening> Openings::insert(const StormSettings& settings, const Opening& opening) {
  const auto place =
      all_.insert(std::upper_bound(all_.begin(), all_.end(), opening.time, later), opening);
  std::vector<Opening> joined;
  const std::size_t groups = settings.groups;
  if (groups < 2 || all_.size() < groups) return joined;
  // Every run of `groups` openings that holds the new one: when it is short enough, all are
  // members.
  const auto at = static_cast<std::size_t>(place - all_.begin());
  std::size_t marked = 0;  // those before it are done
  const std::size_t last_start = std::min(at, all_.size() - groups);
  for (std::size_t start = at + 1 < groups ? 0 : at + 1 - groups; start <= last_start; ++start) {
    const std::size_t end = start + groups;
    if (all_[start].time <= all_[end - 1].time - settings.window) continue;
    for (std::size_t i = std::max(start, marked); i < end; ++i) {
      if (all_[i].member) continue;
      all_[i].member = true;
      joined.push_back(all_[i]);
    }
    marked = end;
  }
  return joined;
}

std::uint64_t Openings::within(Time t, Duration window) const {
  const auto end = std::upper_bound(all_.begin(), all_.end(), t, later);
  return static_cast<std::uint64_t>(end - std::upper_bound(all_.begin(), end, t - window, later));
}

std::vector<Opening> Openings::forget(const StormSettings& settings, Time watermark) {
  const auto keep = std::upper_bound(all_.begin(), all_.end(), watermark - settings.window, later);
  std::vector<Opening> gone(all_.begin(), keep);
  all_.erase(all_.begin(), keep);
  return gone;
}

void Openings::encode(ByteWriter& out) const {
  out.varint(all_.size());
  for (const Opening& o : all_) {
    out.svarint(to_ns(o.time));
    out.be64(o.incident.high);
    out.be64(o.incident.low);
    out.varint(o.sequence);
    out.varint(o.ordinal);
    out.u8(o.member ? 1 : 0);
  }
}

std::optional<Openings> Openings::decode(ByteReader& in) {
  Openings out;
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Opening o;
    o.time = from_ns(in.svarint());
    o.incident.high = in.be64();
    o.incident.low = in.be64();
    o.sequence = in.varint();
    o.ordinal = static_cast<std::uint32_t>(in.varint());
    o.member = in.u8() != 0;
    if (!out.all_.empty() && o.time < out.all_.back().time) return std::nullopt;
    out.all_.push_back(o);
  }
  if (!in.ok()) return std::nullopt;
  return out;
}

}  // namespace vakt::correlate
