// Ticket: somebody waits until everything they sent is decided. It is held once by each work that
// carries a part of it, and once by its maker until the last part is on its way.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace vakt::source {

class Ticket {
 public:
  // `then` is called once, on the thread of the last done(): with true when all of it is committed.
  explicit Ticket(std::function<void(bool committed)> then) : then_(std::move(then)) {}

  void add() { waiting_.fetch_add(1, std::memory_order_relaxed); }
  void done(bool committed) {
    if (!committed) failed_.store(true, std::memory_order_relaxed);
    if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      then_(!failed_.load(std::memory_order_relaxed));
  }

 private:
  std::function<void(bool)> then_;
  std::atomic<std::size_t> waiting_{1};  // the maker's
  std::atomic<bool> failed_{false};
};

}  // namespace vakt::source
