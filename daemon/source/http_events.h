// HttpEvents: POST /api/v1/events, lines of records over HTTP. The answer comes after the commit,
// so that a client that got 200 may forget what it sent. README.md of daemon/ has the answers.
//
// Threads: the route's functions run on the HTTP server's thread; bodies are unpacked, parsed and
// matched by the workers in turn; answers come from the committer's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "source/context.h"
#include "source/retry_keys.h"
#include "source/worker_thread.h"

namespace vakt::source {

inline constexpr std::string_view kEventsPath = "/api/v1/events";
inline constexpr std::uint64_t kBodyBytesMax = 20 << 20;
inline constexpr std::uint64_t kKeyedBodyBytesMax = 8 << 20;  // with an Idempotency-Key, inflated

struct HttpEventsOptions {
  std::uint16_t listener = 0;
  std::size_t frame_bytes_max = 256 * 1024;
  // What the store knows about a key. Any thread.
  std::function<Result<std::optional<store::Idempotency>>(const std::string& key)> find_answer;
  // Asked where a request has an Authorization header. Nullopt: whoever it is may send events.
  std::function<std::optional<http::Response>(const http::Request&)> refuse;
};

class HttpEvents {
 public:
  // `workers` outlive it; `keys` is shared by all intakes.
  HttpEvents(Context& context, RetryKeys& keys, std::vector<WorkerThread*> workers,
             HttpEventsOptions options);

  http::Route route();
  // For the server's `observe`: a body over the limit is refused there, and counted here.
  void observe(std::string_view route, int status);
  // On the server's thread: from now on everything is answered 503.
  void stop() { stopping_ = true; }

 private:
  std::optional<http::Response> admit(http::Request& request, std::uint64_t body_bytes);
  void handle(http::Request request, http::Respond respond);

  Context& context_;
  RetryKeys& keys_;
  const std::vector<WorkerThread*> workers_;
  const HttpEventsOptions options_;
  std::size_t next_worker_ = 0;
  bool stopping_ = false;
};

}  // namespace vakt::source
