// A thread with a name, which `top -H` and profilers show. At most 15 characters.
#pragma once

#include <pthread.h>

#include <thread>
#include <utility>

namespace vakt::source {

template <class Run>
std::thread named_thread(const char* name, Run run) {
  return std::thread([name, run = std::move(run)]() mutable {
    pthread_setname_np(pthread_self(), name);
    run();
  });
}

}  // namespace vakt::source
