// Slows down guessing of passwords, per key. The caller makes the keys and has a limiter for each
// kind: one for user names, one for peers (an IPv4 address, an IPv6 /64).
//
// The curve. A few failures are free (4 for a name; 20 for a peer, which may be an office behind
// one address). After the next one the key has to wait 1 s, then 2 s, 4 s … up to 5 minutes (the
// tenth), counted from the last failure. One failure is forgotten per 5 minutes, so a guesser stays
// at 288 guesses a day, and after 70 minutes of peace (150 for a peer) nothing is left.
//
// Memory is fixed: a count-min sketch of 4 rows of 65,536 cells, 4 MiB. A key has one cell in each
// row and waits for the least blocked one. Cells are shared, never replaced: a key's wait may be
// too long, never too short, and no flood of other keys makes room for a guesser. The cells are
// chosen by a hash with a secret seed, so nobody can aim at a neighbour.
//
// A flood of keys cannot keep others out either. Only attempts that were let in count as failures,
// and one failure blocks a row's cell for 5 minutes at most: to hold a row blocked takes 218 failed
// logins a second. A password's verification costs tens of milliseconds of a core: the machine
// itself cannot fail that fast (password.h: the caller bounds how many run at once).
//
// What is left: who fails on purpose under a person's name delays that name, 5 minutes per failure.
// So the caller gives a device a key of its own, "name/device", when it shows a cookie that the
// daemon gave it after an earlier login under that name; a made-up cookie gets the name's key.
// API tokens are not asked about here: 256 random bits are not guessed, and a valid one is never
// slowed down by the failures of others.
//
// Pure; one thread owns it. `now` is any clock that does not go back.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace vakt::access {

class GuessLimiter {
 public:
  static constexpr int kFreeForName = 4;
  static constexpr int kFreeForPeer = 20;
  static constexpr Duration kWaitMax = std::chrono::minutes(5);
  static constexpr Duration kForget = std::chrono::minutes(5);  // one failure
  static constexpr std::size_t kSeedBytes = 32;

  // `seed`: kSeedBytes random bytes, new at every start.
  GuessLimiter(std::string_view seed, int failures_free);

  // How long the key has to wait before its next attempt: zero to kWaitMax (Retry-After, rounded
  // up). An attempt before that is refused without looking at the password, and is no failure.
  Duration wait(std::string_view key, Time now) const;

  // The attempt that was let in failed. Attempts that are verified at the same time are all let in:
  // the caller's bound on those is what a burst gains.
  void failed(std::string_view key, Time now);

  // It succeeded: the key's failures are forgotten. For names; a peer is not forgiven, for it could
  // log in with an account of its own between two guesses. One in 16,384 pairs of keys shares a
  // cell, and there a success of the one forgives the other too, once.
  void succeeded(std::string_view key);

 private:
  static constexpr std::size_t kRows = 4;
  static constexpr std::size_t kColumns = 65'536;
  struct Cell {
    Time forgotten = kTimeMin;  // when the last of its failures will be
    Time blocked = kTimeMin;    // until when
  };
  using Places = std::array<std::size_t, kRows>;

  std::int64_t failures_max() const;
  Duration wait_after(std::int64_t failures) const;
  Places places(std::string_view key) const;
  Cell least(const Places& places) const;

  std::string seed_;
  int failures_free_;
  std::vector<Cell> cells_;
};

}  // namespace vakt::access
