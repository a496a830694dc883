#include "source/http_events.h"

#include <utility>

#include "source/http_job.h"

namespace vakt::source {

HttpEvents::HttpEvents(Context& context, RetryKeys& keys, std::vector<WorkerThread*> workers,
                       HttpEventsOptions options)
    : context_(context), keys_(keys), workers_(std::move(workers)), options_(std::move(options)) {}

http::Route HttpEvents::route() {
  http::Route route;
  route.method = "POST";
  route.path = kEventsPath;
  route.body_bytes_max = kBodyBytesMax;
  route.handler = [this](http::Request request, http::Respond respond) {
    handle(std::move(request), std::move(respond));
  };
  route.admit = [this](http::Request& request, std::uint64_t bytes) {
    return admit(request, bytes);
  };
  return route;
}

void HttpEvents::observe(std::string_view route, int status) {
  if (route == kEventsPath && status == 413)
    count_rejected(context_.of(options_.listener), metrics::Rejected::oversize);
}

std::optional<http::Response> HttpEvents::admit(http::Request& request, std::uint64_t body_bytes) {
  metrics::ListenerCounters& counters = context_.of(options_.listener);
  if (!request.header("authorization").empty() && options_.refuse) {
    if (auto refusal = options_.refuse(request)) {
      count_rejected(counters, metrics::Rejected::auth);
      metrics::add(context_.counters.auth_failures);
      return refusal;
    }
  }
  if (stopping_ || context_.store_down.load()) {
    count_rejected(counters, metrics::Rejected::overload);
    return try_again(503, stopping_ ? "the daemon is stopping: send it again later"
                                    : "the store cannot be written now: send it again later");
  }
  // Reserved before the first byte of it is read; a chunked body may become as large as any.
  Budget& budget = context_.budget;
  const auto reserved = std::make_shared<Charge>();
  const bool chunked = !request.header("transfer-encoding").empty();
  if (budget.requests_stopped() || context_.queue.full() ||
      !reserved->try_set(budget, chunked ? kBodyBytesMax : body_bytes)) {
    count_rejected(counters, metrics::Rejected::overload);
    return try_again(429, "more arrives than can be processed: send it again later");
  }
  request.hold = reserved;
  return std::nullopt;
}

void HttpEvents::handle(http::Request request, http::Respond respond) {
  // The body may have taken its time to arrive.
  if (stopping_) {
    count_rejected(context_.of(options_.listener), metrics::Rejected::overload);
    return respond(try_again(503, "the daemon is stopping: send it again later"));
  }
  auto job =
      std::make_shared<HttpJob>(context_, keys_, options_, std::move(request), std::move(respond));
  workers_[next_worker_]->post(
      [job = std::move(job)](Collector& collector) { job->run(collector); });
  next_worker_ = (next_worker_ + 1) % workers_.size();
}

}  // namespace vakt::source
