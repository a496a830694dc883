// PasswordWorker: the one thread that hashes passwords. Argon2id takes some 40 ms of a core and
// 19 MiB a password: too long for the API's thread, and for the engine's and the committer's. One
// at a time bounds both, so a flood of logins costs one core at most; and as each guess is told to
// the limiter before the next is looked at, a burst gains nothing.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace vakt::api {

class PasswordWorker {
 public:
  static constexpr std::size_t kWaitingMax = 32;  // a second or two

  PasswordWorker();
  // Does not begin what waits.
  ~PasswordWorker();
  PasswordWorker(const PasswordWorker&) = delete;
  PasswordWorker& operator=(const PasswordWorker&) = delete;

  // False: too many wait. Any thread.
  bool post(std::function<void()> job);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::thread thread_;                      // last: it uses the others
};

}  // namespace vakt::api
