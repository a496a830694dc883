// HttpJob: one request with records, from its body to its answer. Internal to this folder.
//
// run() on a worker's thread; the answer on whichever thread decides it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/server.h"
#include "source/collector.h"
#include "source/http_events.h"
#include "source/ndjson.h"
#include "source/retry_keys.h"

namespace vakt::source {

// A request that becomes no events counts as one frame.
void count_rejected(metrics::ListenerCounters& counters, metrics::Rejected reason);
http::Response try_again(int status, std::string_view message);

class HttpJob : public std::enable_shared_from_this<HttpJob> {
 public:
  HttpJob(Context& context, RetryKeys& keys, const HttpEventsOptions& options,
          http::Request request, http::Respond respond);

  void run(Collector& collector);

 private:
  bool unpack();
  bool reserve_events();
  void run_open(Collector& collector);
  void run_keyed(Collector& collector);
  void run_owner(Collector& collector);
  // Everything in one batch of its own.
  void run_whole(Collector& collector);
  void answer_stored(const store::Idempotency& stored);
  void answer_duplicate(const Answer& answer);
  void refuse(int status, std::string_view code, std::string_view message,
              metrics::Rejected reason);
  // The answer to this request and, where it owns a key, to those who wait for it.
  void answer(http::Response response);

  Context& context_;
  RetryKeys& keys_;
  const HttpEventsOptions& options_;
  http::Request request_;
  http::Respond respond_;
  std::string body_;
  Charge charge_;
  LineCounts lines_;
  bool strict_ = false;
  std::string key_;  // with its source; empty: none
  bool owner_ = false;
  Hash128 body_hash_;
  Time received_{};
};

}  // namespace vakt::source
