#include "correlate/sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vakt::correlate {
namespace {

constexpr int kIndexBits = 11;
static_assert(Sketch::kRegisters == 1u << kIndexBits);
// 2,048 sums of up to 2^52 fit 64 bits, so that adding and taking away is exact.
constexpr int kScale = 52;

std::uint64_t share(std::uint8_t rank) { return 1ull << (kScale - rank); }

// The values are hashes already, but only of what they were made of.
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93ull;
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93ull;
  return value ^ value >> 32;
}

}  // namespace

void Sketch::add(Time time, std::uint64_t value, Duration window) {
  if (latest_ != kTimeMin && time <= latest_ - window) return;
  const std::uint64_t hash = mixed(value);
  const std::uint64_t rest = hash << kIndexBits;
  const int rank = rest == 0 ? kScale : std::min(std::countl_zero(rest) + 1, kScale);
  add(hash >> (64 - kIndexBits), {time, static_cast<std::uint8_t>(rank)});
  if (time <= latest_) return;
  latest_ = time;
  slide(window);
}

void Sketch::add(std::size_t index, Mark mark) {
  Register& marks = registers_[index];
  const auto later = std::lower_bound(marks.begin(), marks.end(), mark.time,
                                      [](const Mark& m, Time t) { return m.time < t; });
  if (later != marks.end() && later->rank >= mark.rank) return;  // it will outlive it
  const auto before = marks.empty() ? std::nullopt : std::optional(marks.front());
  // Those that it outlives: before it, or at its time, with no larger rank.
  auto end = later;
  if (end != marks.end() && end->time == mark.time) ++end;
  auto begin = later;
  while (begin != marks.begin() && std::prev(begin)->rank <= mark.rank) --begin;
  marks_ -= static_cast<std::size_t>(end - begin);
  ++marks_;
  marks.insert(marks.erase(begin, end), mark);
  put_first(index, before);
}

void Sketch::put_first(std::size_t index, std::optional<Mark> before) {
  const auto number = static_cast<std::uint16_t>(index);
  if (before) {
    sum_ -= share(before->rank);
    firsts_.erase({before->time, number});
  }
  if (registers_[index].empty()) return;
  const Mark& first = registers_[index].front();
  sum_ += share(first.rank);
  firsts_.emplace(first.time, number);
}

void Sketch::slide(Duration window) {
  while (!firsts_.empty() && firsts_.begin()->first <= latest_ - window) {
    const std::size_t index = firsts_.begin()->second;
    Register& marks = registers_[index];
    const Mark before = marks.front();
    marks.erase(marks.begin());
    --marks_;
    put_first(index, before);
  }
}

void Sketch::merge(const Sketch& other, Duration window) {
  latest_ = std::max(latest_, other.latest_);
  for (std::size_t i = 0; i < kRegisters; ++i)
    for (const Mark& mark : other.registers_[i]) add(i, mark);
  slide(window);
}

std::uint64_t Sketch::count() const {
  const double m = kRegisters;
  const auto empty = static_cast<double>(kRegisters - firsts_.size());
  const double scale = std::ldexp(1.0, kScale);
  const double sum = static_cast<double>(sum_) / scale + empty;  // an empty one has rank 0
  const double alpha = 0.7213 / (1 + 1.079 / m);
  const double estimate = alpha * m * m / sum;
  if (estimate <= 2.5 * m && empty > 0)
    return static_cast<std::uint64_t>(std::llround(m * std::log(m / empty)));
  return static_cast<std::uint64_t>(std::llround(estimate));
}

// By sizes, as what counts as memory must not depend on a restart.
std::size_t Sketch::bytes() const {
  constexpr std::size_t kFirstBytes = 48;  // of the set
  return sizeof(Sketch) + kRegisters * sizeof(Register) + marks_ * sizeof(Mark) +
         firsts_.size() * kFirstBytes;
}

void Sketch::encode(ByteWriter& out) const {
  out.svarint(to_ns(latest_));
  out.varint(marks_);
  for (std::size_t i = 0; i < kRegisters; ++i)
    for (const Mark& mark : registers_[i]) {
      out.varint(i);
      out.svarint((latest_ - mark.time).count());
      out.u8(mark.rank);
    }
}

std::optional<Sketch> Sketch::decode(ByteReader& in) {
  Sketch out;
  out.latest_ = from_ns(in.svarint());
  const std::uint64_t marks = in.varint();
  for (std::uint64_t i = 0; i < marks && in.ok(); ++i) {
    const std::uint64_t index = in.varint();
    const Duration before{in.svarint()};
    const std::uint8_t rank = in.u8();
    if (index >= kRegisters || rank == 0 || rank > kScale || before < Duration(0))
      return std::nullopt;
    out.add(index, {out.latest_ - before, rank});
  }
  return in.ok() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace vakt::correlate
