// Budget: the bytes that what was taken in may hold in memory, from allocation to release, over all
// listeners and threads (batches and request bodies). Levels, in parts of the whole:
//   80 %  streams are not read (again below 70 %), and sources have a fair share of datagrams
//   90 %  HTTP answers 429
//  100 %  datagrams are read, dropped and counted
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace vakt::source {

class Budget {
 public:
  explicit Budget(std::uint64_t bytes) : bytes_(bytes) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  void charge(std::uint64_t bytes) {
    const std::uint64_t used = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (used >= part(80)) streams_stopped_.store(true, std::memory_order_relaxed);
  }
  // False, and nothing charged: it would not fit.
  bool try_charge(std::uint64_t bytes) {
    if (used() + bytes > bytes_) return false;
    charge(bytes);
    return true;
  }
  void release(std::uint64_t bytes) {
    const std::uint64_t used = used_.fetch_sub(bytes, std::memory_order_relaxed) - bytes;
    if (used < part(70)) streams_stopped_.store(false, std::memory_order_relaxed);
  }

  bool streams_stopped() const { return streams_stopped_.load(std::memory_order_relaxed); }
  bool requests_stopped() const { return used() >= part(90); }
  bool fair_shares() const { return used() > part(80); }
  std::uint64_t source_share_max() const { return part(25); }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t part(unsigned percent) const { return bytes_ / 100 * percent; }

  const std::uint64_t bytes_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<bool> streams_stopped_{false};
};

// Bytes of a budget, given back when it dies. One thread at a time.
class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    if (this == &other) return *this;
    reset();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~Charge() { reset(); }

  // What is held is now this many bytes.
  void set(Budget& budget, std::uint64_t bytes) {
    if (bytes > bytes_) budget.charge(bytes - bytes_);
    if (bytes < bytes_) budget.release(bytes_ - bytes);
    budget_ = &budget;
    bytes_ = bytes;
  }
  // As set(), but false and unchanged where it would not fit.
  bool try_set(Budget& budget, std::uint64_t bytes) {
    if (bytes > bytes_ && !budget.try_charge(bytes - bytes_)) return false;
    if (bytes < bytes_) budget.release(bytes_ - bytes);
    budget_ = &budget;
    bytes_ = bytes;
    return true;
  }
  void reset() {
    if (budget_ != nullptr) budget_->release(bytes_);
    budget_ = nullptr;
    bytes_ = 0;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  Budget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace vakt::source
