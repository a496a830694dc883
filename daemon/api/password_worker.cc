#include "api/password_worker.h"

#include <pthread.h>

#include <utility>

namespace vakt::api {

PasswordWorker::PasswordWorker() : thread_([this] { run(); }) {}

PasswordWorker::~PasswordWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool PasswordWorker::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || jobs_.size() >= kWaitingMax) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void PasswordWorker::run() {
  pthread_setname_np(pthread_self(), "vakt-password");
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace vakt::api
