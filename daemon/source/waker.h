// Waker: a worker that waits for room (in the engine's queue, or in the budget) asks to be woken;
// whoever makes room wakes all that asked. Registration before the threads start; then any thread.
//
// Without lost wake-ups: a worker asks first, then looks once more whether there is room.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace vakt::source {

class Waker {
 public:
  // `wake` is called on the thread that makes room: it posts.
  std::size_t add(std::function<void()> wake) {
    sleepers_.push_back(std::make_unique<Sleeper>());
    sleepers_.back()->wake = std::move(wake);
    return sleepers_.size() - 1;
  }
  void ask(std::size_t sleeper) { sleepers_[sleeper]->asked.store(true); }
  void wake() {
    for (const auto& sleeper : sleepers_)
      if (sleeper->asked.exchange(false)) sleeper->wake();
  }

 private:
  struct Sleeper {
    std::atomic<bool> asked{false};
    std::function<void()> wake;
  };
  std::vector<std::unique_ptr<Sleeper>> sleepers_;
};

}  // namespace vakt::source
