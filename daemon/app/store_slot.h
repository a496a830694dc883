// StoreSlot: the open store, or none while it is being reopened. Readers take a share for as long
// as they read; close() waits for them. Any thread; set() and close() are the engine thread's.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <utility>

#include "store/store.h"

namespace vakt::app {

class StoreSlot {
 public:
  // Null while there is none.
  std::shared_ptr<store::Store> get() const {
    const std::lock_guard lock(mutex_);
    return store_;
  }

  void set(std::unique_ptr<store::Store> store) {
    std::promise<void> gone;
    auto left = gone.get_future();
    const auto close_it =
        [told = std::make_shared<std::promise<void>>(std::move(gone))](store::Store* closing) {
          delete closing;
          told->set_value();
        };
    std::shared_ptr<store::Store> shared(store.release(), close_it);
    const std::lock_guard lock(mutex_);
    store_ = std::move(shared);
    gone_ = std::move(left);
  }

  // Returns when the store is closed and its lock released.
  void close() {
    std::shared_ptr<store::Store> last;
    std::future<void> gone;
    {
      const std::lock_guard lock(mutex_);
      last = std::exchange(store_, nullptr);
      gone = std::move(gone_);
    }
    if (!last) return;
    last.reset();
    gone.wait();
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<store::Store> store_;
  std::future<void> gone_;
};

}  // namespace vakt::app
