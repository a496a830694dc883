// RetryKeys: requests with an Idempotency-Key that are being processed now. The first with a key is
// its owner and does the work; others with the same key wait for its answer. What is finished is in
// the store, in the same commit as its events.
//
// Any thread.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"

namespace vakt::source {

struct Answer {
  int status = 200;
  std::string body;
};

class RetryKeys {
 public:
  using Waiter = std::function<void(const Answer&)>;

  enum class Claim : std::uint8_t {
    owner,     // do the work, then call finish()
    waiting,   // `waiter` will be called with the owner's answer
    conflict,  // the owner has another body
  };
  Claim claim(const std::string& key, Hash128 body_hash, Waiter waiter) {
    const std::lock_guard lock(mutex_);
    const auto [it, fresh] = running_.try_emplace(key);
    if (fresh) {
      it->second.body_hash = body_hash;
      return Claim::owner;
    }
    if (it->second.body_hash != body_hash) return Claim::conflict;
    it->second.waiters.push_back(std::move(waiter));
    return Claim::waiting;
  }

  // The owner's answer, for all who wait. By now the store has it, if it is to be kept.
  void finish(const std::string& key, const Answer& answer) {
    std::vector<Waiter> waiters;
    {
      const std::lock_guard lock(mutex_);
      const auto it = running_.find(key);
      if (it == running_.end()) return;
      waiters = std::move(it->second.waiters);
      running_.erase(it);
    }
    for (const Waiter& waiter : waiters) waiter(answer);
  }

 private:
  struct Running {
    Hash128 body_hash;
    std::vector<Waiter> waiters;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Running> running_;
};

}  // namespace vakt::source
