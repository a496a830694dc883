// Queue: the bounded queue between two threads' work: many may push, one pops. Touched once a
// batch, so a mutex costs nothing that can be measured.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace vakt::source {

template <class T>
class Queue {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  explicit Queue(std::size_t capacity) : capacity_(capacity) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // False: full or closed; the item stays with the caller.
  bool try_push(T& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      put(item);
    }
    filled_.notify_one();
    return true;
  }

  // Waits for room. False: closed; the item stays with the caller.
  bool push(T& item) {
    {
      std::unique_lock lock(mutex_);
      freed_.wait(lock, [this] { return closed_ || items_.size() < capacity_; });
      if (closed_) return false;
      put(item);
    }
    filled_.notify_one();
    return true;
  }

  // Past the capacity, for what must not wait behind work (commands, barriers). False: closed.
  bool push_now(T& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      put(item);
    }
    filled_.notify_one();
    return true;
  }

  // Nullopt: nothing came until then, somebody called nudge(), or the queue is closed and empty.
  std::optional<T> pop(Deadline until) {
    std::optional<T> item;
    {
      std::unique_lock lock(mutex_);
      filled_.wait_until(lock, until, [this] { return closed_ || nudged_ || !items_.empty(); });
      nudged_ = false;
      if (items_.empty()) return std::nullopt;
      item.emplace(std::move(items_.front()));
      items_.pop_front();
      size_.store(items_.size(), std::memory_order_relaxed);
    }
    freed_.notify_one();
    return item;
  }

  std::optional<T> try_pop() { return pop(Deadline::min()); }

  // Lets a pop() that waits return.
  void nudge() {
    {
      const std::lock_guard lock(mutex_);
      nudged_ = true;
    }
    filled_.notify_one();
  }

  // Nothing more goes in; what is in it can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_all();
    freed_.notify_all();
  }

  bool finished() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }
  // A glance, from any thread.
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  std::size_t capacity() const { return capacity_; }
  bool full() const { return size() >= capacity_; }

 private:
  void put(T& item) {
    items_.push_back(std::move(item));
    size_.store(items_.size(), std::memory_order_relaxed);
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable freed_;
  std::deque<T> items_;
  std::atomic<std::size_t> size_{0};
  bool closed_ = false;
  bool nudged_ = false;
};

}  // namespace vakt::source
