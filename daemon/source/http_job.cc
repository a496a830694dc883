#include "source/http_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "source/clock.h"
#include "source/gzip.h"

namespace vakt::source {

namespace {

constexpr std::size_t kKeyBytesMax = 128;
constexpr std::uint64_t kLinesMax = 200'000;
// An event with a usual number of fields.
constexpr std::uint64_t kLineBytes = sizeof(event::Event) + 8 * sizeof(event::Field);
constexpr Duration kKeyKept = std::chrono::hours(24);

bool valid_key(std::string_view key) {
  return !key.empty() && key.size() <= kKeyBytesMax &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool has_header(const http::Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

http::Response ok(std::string body) {
  http::Response response;
  response.body = std::move(body);
  return response;
}

}  // namespace

void count_rejected(metrics::ListenerCounters& counters, metrics::Rejected reason) {
  metrics::add(counters.received);
  metrics::add(counters.rejected[static_cast<std::size_t>(reason)]);
}

http::Response try_again(int status, std::string_view message) {
  http::Response response =
      http::error_response(status, status == 429 ? "overload" : "unavailable", message);
  response.headers.emplace_back("Retry-After", status == 429 ? "1" : "5");
  return response;
}

HttpJob::HttpJob(Context& context, RetryKeys& keys, const HttpEventsOptions& options,
                 http::Request request, http::Respond respond)
    : context_(context),
      keys_(keys),
      options_(options),
      request_(std::move(request)),
      respond_(std::move(respond)) {
  charge_.set(context_.budget, request_.body.size());
  request_.hold.reset();
}

void HttpJob::run(Collector& collector) {
  received_ = wall_clock();
  metrics::add(context_.of(options_.listener).bytes, request_.body.size());
  const auto strict = request_.query_value("strict");
  strict_ = strict && *strict != "0" && *strict != "false";
  if (!unpack()) return;
  lines_ = count_lines(body_, options_.frame_bytes_max);
  if (!reserve_events()) return;
  if (has_header(request_, "idempotency-key")) {
    run_keyed(collector);
  } else if (strict_) {
    run_whole(collector);
  } else {
    run_open(collector);
  }
}

// Many short lines become far more memory than they are bytes. False: too many, and answered.
bool HttpJob::reserve_events() {
  if (lines_.lines > kLinesMax) {
    // HttpEvents::observe counts what is answered 413.
    answer(http::error_response(413, "too_many_lines",
                                fmt::format("{} lines; a request has at most {}: send it in "
                                            "smaller pieces",
                                            lines_.lines, kLinesMax)));
    return false;
  }
  if (charge_.try_set(context_.budget, body_.capacity() + lines_.bytes + lines_.lines * kLineBytes))
    return true;
  count_rejected(context_.of(options_.listener), metrics::Rejected::overload);
  answer(try_again(429, "there is no memory for its events now: send it again later"));
  return false;
}

// The body as text. False: it is none, and that has been answered.
bool HttpJob::unpack() {
  const std::string_view encoding = request_.header("content-encoding");
  if (encoding.empty() || iequals(encoding, "identity")) {
    body_ = std::move(request_.body);
    return true;
  }
  if (!iequals(encoding, "gzip") && !iequals(encoding, "x-gzip")) {
    refuse(415, "unknown_encoding", "Content-Encoding can be gzip or identity",
           metrics::Rejected::bad_gzip);
    return false;
  }
  const std::size_t packed = request_.body.size();
  const auto grow = [&](std::size_t bytes) {
    return charge_.try_set(context_.budget, packed + bytes);
  };
  switch (inflate_gzip(request_.body, {}, grow, body_)) {
    case GzipError::none:
      request_.body = {};
      charge_.set(context_.budget, body_.capacity());
      return true;
    case GzipError::broken:
      refuse(400, "bad_gzip", "the body is not gzip, or was cut short",
             metrics::Rejected::bad_gzip);
      return false;
    case GzipError::too_large:
      // HttpEvents::observe counts what is answered 413.
      answer(http::error_response(413, "body_too_large",
                                  "the body unpacks to more than 64 MiB, or to more than 100 "
                                  "times its size: send it in smaller pieces"));
      return false;
    case GzipError::no_memory:
      count_rejected(context_.of(options_.listener), metrics::Rejected::overload);
      answer(try_again(429, "there is no memory to unpack the body now: send it again later"));
      return false;
  }
  return false;
}

// Lines go into the listener's open batch, together with those of others.
void HttpJob::run_open(Collector& collector) {
  const engine::Origin origin{options_.listener, request_.peer, false, received_};
  const auto told = std::make_shared<LineReport>();
  const auto ticket = std::make_shared<Ticket>([self = shared_from_this(), told](bool committed) {
    self->answer(committed ? ok(told->json())
                           : try_again(503, "it could not be stored: send it again"));
  });
  collector.set_ticket(ticket);
  const std::uint64_t empty = each_line(body_, options_.frame_bytes_max,
                                        [&](std::uint64_t number, const framing::Frame& frame) {
                                          told->add(number, collector.add(frame, origin));
                                        });
  collector.set_ticket(nullptr);
  collector.ignore_empty(options_.listener, empty);
  body_ = {};
  charge_.reset();
  ticket->done(true);
}

void HttpJob::run_keyed(Collector& collector) {
  const std::string_view key = request_.header("idempotency-key");
  if (!valid_key(key))
    return refuse(400, "bad_key", "an Idempotency-Key has 1 to 128 visible ASCII characters",
                  metrics::Rejected::bad_frame);
  if (body_.size() > kKeyedBodyBytesMax)
    return answer(http::error_response(
        413, "body_too_large",
        "a body with an Idempotency-Key has at most 8 MiB, unpacked: send it in smaller pieces"));
  key_ = fmt::format("{}\n{}\n{}", context_.of(options_.listener).name, request_.peer, key);
  body_hash_ = hash128(body_, strict_ ? 1 : 0);
  const auto waiter = [self = shared_from_this()](const Answer& given) {
    self->answer_duplicate(given);
  };
  switch (keys_.claim(key_, body_hash_, waiter)) {
    case RetryKeys::Claim::owner:
      owner_ = true;
      return run_owner(collector);
    case RetryKeys::Claim::waiting:
      return;
    case RetryKeys::Claim::conflict:
      return refuse(422, "key_reused", "this Idempotency-Key came with another body before",
                    metrics::Rejected::bad_frame);
  }
}

void HttpJob::run_owner(Collector& collector) {
  const auto stored = options_.find_answer(key_);
  if (!stored) {
    count_rejected(context_.of(options_.listener), metrics::Rejected::overload);
    return answer(try_again(503, "the store cannot be read now: send it again later"));
  }
  if (*stored && (*stored)->received_time + kKeyKept > received_) return answer_stored(**stored);
  run_whole(collector);
}

void HttpJob::answer_stored(const store::Idempotency& stored) {
  if (stored.body_hash != body_hash_)
    return refuse(422, "key_reused", "this Idempotency-Key came with another body before",
                  metrics::Rejected::bad_frame);
  const Answer first{200, stored.answer};
  owner_ = false;
  keys_.finish(key_, first);
  answer_duplicate(first);
}

// The first request's answer, whatever it was.
void HttpJob::answer_duplicate(const Answer& given) {
  metrics::ListenerCounters& counters = context_.of(options_.listener);
  if (given.status == 200) {
    metrics::add(counters.received, lines_.lines + lines_.empty);
    metrics::add(counters.deduplicated, lines_.lines);
    metrics::add(counters.ignored[static_cast<std::size_t>(metrics::Ignored::empty)], lines_.empty);
  } else if (given.status != 413) {
    const bool theirs = given.status == 400 || given.status == 422;
    count_rejected(counters, theirs ? metrics::Rejected::bad_frame : metrics::Rejected::overload);
  }
  http::Response response;
  response.status = given.status;
  response.body = given.body;
  if (given.status == 200)
    response.headers.emplace_back("Idempotency-Replayed", "true");
  else if (given.status == 429 || given.status == 503)
    response.headers.emplace_back("Retry-After", "1");
  body_ = {};
  charge_.reset();
  std::exchange(respond_, {})(std::move(response));
}

void HttpJob::run_whole(Collector& collector) {
  if (lines_.lines == 0) {
    collector.ignore_empty(options_.listener, lines_.empty);
    return answer(ok(LineReport().json()));
  }
  const std::size_t raw_bytes = lines_.bytes + lines_.lines;
  auto work = collector.begin(options_.listener, raw_bytes, lines_.lines);
  LineReport report;
  const engine::Origin origin{options_.listener, request_.peer, false, received_};
  each_line(body_, options_.frame_bytes_max,
            [&](std::uint64_t number, const framing::Frame& frame) {
              report.add(number, collector.add_to(*work, frame, origin));
            });
  body_ = {};
  charge_.reset();
  if (strict_ && report.malformed > 0) {
    const std::string message =
        fmt::format("{} of {} lines cannot be read, the first is line {}; nothing was stored",
                    report.malformed, lines_.lines, report.first_malformed.front());
    return refuse(400, "malformed", message, metrics::Rejected::bad_frame);
  }
  collector.ignore_empty(options_.listener, lines_.empty);
  const std::string told = report.json();
  if (owner_) work->idempotency = store::Idempotency{key_, body_hash_, told, received_};
  auto ticket = std::make_shared<Ticket>([self = shared_from_this(), told](bool committed) {
    self->answer(committed ? ok(told) : try_again(503, "it could not be stored: send it again"));
  });
  work->tickets.push_back(std::move(ticket));  // the maker's hold is the work's
  collector.submit(std::move(work));
}

void HttpJob::refuse(int status, std::string_view code, std::string_view message,
                     metrics::Rejected reason) {
  count_rejected(context_.of(options_.listener), reason);
  context_.log.report({context_.of(options_.listener).name, request_.peer, message, {}}, received_);
  answer(http::error_response(status, code, message));
}

void HttpJob::answer(http::Response response) {
  body_ = {};
  charge_.reset();
  if (owner_) {
    owner_ = false;
    // Whoever waits has the same body and the same key: the same answer, then.
    keys_.finish(key_, {response.status, response.body});
  }
  std::exchange(respond_, {})(std::move(response));
}

}  // namespace vakt::source
