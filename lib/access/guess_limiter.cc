#include "access/guess_limiter.h"

#include <algorithm>

#include "access/digest.h"
#include "base/check.h"

namespace vakt::access {
namespace {

// After so many beyond the free ones the wait is the longest: 2^9 s is more than 5 minutes.
constexpr std::int64_t kFailuresSlowed = 10;

}  // namespace

GuessLimiter::GuessLimiter(std::string_view seed, int failures_free)
    : seed_(seed), failures_free_(failures_free), cells_(kRows * kColumns) {
  check(seed.size() == kSeedBytes, "a seed of 32 bytes");
}

std::int64_t GuessLimiter::failures_max() const { return failures_free_ + kFailuresSlowed; }

// The wait that so many failures in a row bring.
Duration GuessLimiter::wait_after(std::int64_t failures) const {
  if (failures <= failures_free_) return Duration(0);
  const std::int64_t doublings = std::min(failures - failures_free_, kFailuresSlowed) - 1;
  return std::min<Duration>(std::chrono::seconds(std::int64_t{1} << doublings), kWaitMax);
}

GuessLimiter::Places GuessLimiter::places(std::string_view key) const {
  const Digest hash = sha256(seed_ + std::string(key));
  static_assert(kColumns == 65'536, "two bytes choose a column");
  Places out{};
  for (std::size_t row = 0; row < kRows; ++row)
    out[row] = row * kColumns + hash[2 * row] * 256u + hash[2 * row + 1];
  return out;
}

GuessLimiter::Cell GuessLimiter::least(const Places& places) const {
  Cell out{kTimeMax, kTimeMax};
  for (const std::size_t place : places) {
    out.forgotten = std::min(out.forgotten, cells_[place].forgotten);
    out.blocked = std::min(out.blocked, cells_[place].blocked);
  }
  return out;
}

Duration GuessLimiter::wait(std::string_view key, Time now) const {
  const Time blocked = least(places(key)).blocked;
  return blocked > now ? std::min(blocked - now, kWaitMax) : Duration(0);
}

void GuessLimiter::failed(std::string_view key, Time now) {
  const Places own = places(key);
  const Time before = std::max(least(own).forgotten, now);
  const Time forgotten = std::min(before + kForget, now + failures_max() * kForget);
  // A failure that is partly forgotten still counts as one.
  const std::int64_t failures = (forgotten - now + kForget - Duration(1)) / kForget;
  const Time blocked = now + wait_after(failures);
  // Only upwards, and no further than this key's own count: cells of others that stand higher
  // already are left, which keeps the estimates of all keys close.
  for (const std::size_t place : own) {
    cells_[place].forgotten = std::max(cells_[place].forgotten, forgotten);
    cells_[place].blocked = std::max(cells_[place].blocked, blocked);
  }
}

void GuessLimiter::succeeded(std::string_view key) {
  const Places own = places(key);
  const Cell reached = least(own);
  // Cells above the least hold somebody else's failures and stay.
  for (const std::size_t place : own)
    if (cells_[place].forgotten <= reached.forgotten) cells_[place] = Cell{};
}

}  // namespace vakt::access
