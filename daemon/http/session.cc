#include "http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <utility>

#include "base/text.h"
#include "http/policy.h"

namespace vakt::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kLingerBytesMax = 1 << 20;
constexpr std::uint32_t kLingerMs = 2'000;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Answers once: in time, or with 500 when the handler forgot.
class Responder {
 public:
  explicit Responder(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder() {
    answer(error_response(500, "no_answer", "the request was dropped without an answer"));
  }
  void answer(Response response) {
    if (!answered_.exchange(true)) Session::answer(std::move(session_), std::move(response));
  }

 private:
  std::shared_ptr<Session> session_;
  std::atomic<bool> answered_{false};
};

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_ours(std::string_view name) {
  return iequals(name, "content-length") || iequals(name, "transfer-encoding") ||
         iequals(name, "connection");
}

// No header value can end its line: what is not printable becomes a space.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  out += "\r\n";
}

std::string_view reason_of(int status) {
  return beast::http::obsolete_reason(static_cast<beast::http::status>(status));
}

std::string response_head(const Response& response, bool keep_alive, bool http_1_0) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  const bool has_body = response.status >= 200 && response.status != 204 && response.status != 304;
  if (has_body && !response.content_type.empty())
    append_header(out, "Content-Type", response.content_type);
  if (has_body) append_header(out, "Content-Length", std::to_string(response.body.size()));
  bool cache_said = false;
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || is_ours(name)) continue;
    cache_said = cache_said || iequals(name, "cache-control");
    append_header(out, name, value);
  }
  if (!cache_said) out += "Cache-Control: no-store\r\n";
  out += "X-Content-Type-Options: nosniff\r\n";
  if (!keep_alive) out += "Connection: close\r\n";
  if (keep_alive && http_1_0) out += "Connection: keep-alive\r\n";
  return out + "\r\n";
}

}  // namespace

Session::Session(std::shared_ptr<Shared> shared, asio::ip::tcp::socket socket, bool refused)
    : shared_(std::move(shared)),
      stream_(std::move(socket)),
      buffer_(shared_->options.header_bytes_max + 2 * kReadBytes),
      refused_(refused) {
  beast::error_code error;
  const auto endpoint = stream_.socket().remote_endpoint(error);
  if (!error) peer_ = endpoint.address().to_string();
  parser_.emplace();
  if (refused_) {
    ++shared_->refusals;
  } else {
    ++shared_->connections;
  }
}

Session::~Session() {
  shared_->sessions.erase(this);
  if (refused_) {
    --shared_->refusals;
  } else {
    --shared_->connections;
  }
}

void Session::deadline(std::uint32_t ms) { stream_.expires_after(std::chrono::milliseconds(ms)); }

void Session::start() {
  shared_->sessions.emplace(this, weak_from_this());
  beast::error_code error;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), error);
  if (!refused_) return await_request();
  Response response = error_response(503, "too_many_connections",
                                     "the server has as many connections as it may: try again");
  response.headers.emplace_back("Retry-After", "1");
  received_ = std::chrono::steady_clock::now();
  refuse(std::move(response));
}

void Session::close_if_idle() {
  if (state_ != State::idle) return;
  beast::error_code error;
  stream_.socket().close(error);
}

void Session::await_request() {
  state_ = State::idle;
  request_ = {};
  route_ = nullptr;
  parser_.emplace();
  parser_->header_limit(shared_->options.header_bytes_max);
  parser_->body_limit(boost::none);  // set once the route is known
  if (buffer_.size() > 0) return read_header();
  deadline(shared_->options.idle_timeout_ms);
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                            if (error) return;
                            self->buffer_.commit(bytes);
                            self->read_header();
                          });
}

void Session::read_header() {
  state_ = State::receiving;
  deadline(shared_->options.request_timeout_ms);
  beast::http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_header(error); });
}

void Session::on_header(ErrorCode error) {
  received_ = std::chrono::steady_clock::now();
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow)
    return refuse(error_response(
        431, "header_too_large",
        fmt::format("the request's header is over {} bytes", shared_->options.header_bytes_max)));
  if (error.category() == make_error_code(beast::http::error::bad_method).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message)
    return refuse(error_response(400, "bad_request", "not an HTTP request: " + error.message()));
  if (error) return;
  keep_alive_ = parser_->keep_alive();
  unread_body_ = !parser_->is_done();
  if (auto refusal = consider()) {
    // What was announced and not read cannot be told from a next request.
    if (unread_body_) return refuse(std::move(*refusal));
    return write(std::move(*refusal));
  }
  if (!unread_body_) return dispatch();
  if (request_.header("expect").empty() || parser_->get().version() < 11) return read_body();
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](ErrorCode failed, std::size_t) {
                      if (!failed) self->read_body();
                    });
}

// Everything that can be said before the body is read.
std::optional<Response> Session::consider() {
  const auto& message = parser_->get();
  request_.method = std::string(message.method_string());
  request_.peer = peer_;
  for (const auto& field : message)
    request_.headers.emplace_back(to_lower(field.name_string()), std::string(field.value()));
  if (auto refusal = http::refuse(request_, message.version() < 11, shared_->options))
    return refusal;
  auto target = parse_target(message.target());
  if (!target) return error_response(400, "bad_target", "the request's path cannot be read");
  auto found = shared_->router.find(request_.method, target->segments);
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  request_.captures = std::move(found.captures);
  if (found.route == nullptr && found.allow.empty())
    return error_response(404, "no_such_path", "there is nothing at " + request_.path);
  if (found.route == nullptr) {
    Response response = error_response(405, "method_not_allowed",
                                       request_.path + " takes " + found.allow + " only");
    response.headers.emplace_back("Allow", found.allow);
    return response;
  }
  route_ = found.route;
  const std::string_view expect = request_.header("expect");
  if (!expect.empty() && !iequals(expect, "100-continue"))
    return error_response(417, "bad_expectation", "only 100-continue can be expected");
  const auto length = parser_->content_length();
  if (length && *length > route_->body_bytes_max)
    return error_response(413, "body_too_large",
                          fmt::format("the body has {} bytes; {} takes at most {}", *length,
                                      request_.path, route_->body_bytes_max));
  if (route_->admit) return route_->admit(request_, length.value_or(0));
  return std::nullopt;
}

void Session::read_body() {
  parser_->body_limit(route_->body_bytes_max);
  beast::http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_body(error); });
}

void Session::on_body(ErrorCode error) {
  if (error == beast::http::error::body_limit)
    return refuse(error_response(
        413, "body_too_large",
        fmt::format("{} takes at most {} bytes", request_.path, route_->body_bytes_max)));
  if (error.category() == make_error_code(beast::http::error::bad_method).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message)
    return refuse(error_response(400, "bad_request", "not an HTTP body: " + error.message()));
  if (error) return;
  unread_body_ = false;
  request_.body = std::move(parser_->get().body());
  dispatch();
}

void Session::dispatch() {
  state_ = State::handling;
  stream_.expires_never();
  const auto responder = std::make_shared<Responder>(shared_from_this());
  route_->handler(std::move(request_),
                  [responder](Response response) { responder->answer(std::move(response)); });
}

void Session::answer(std::shared_ptr<Session> session, Response response) {
  asio::io_context& io = session->shared_->io;
  asio::post(io, [session = std::move(session), response = std::move(response)]() mutable {
    session->write(std::move(response));
  });
}

void Session::refuse(Response response) {
  request_.hold.reset();
  keep_alive_ = false;
  unread_body_ = true;
  write(std::move(response));
}

void Session::write(Response response) {
  state_ = State::writing;
  keep_alive_ = keep_alive_ && !shared_->closing;
  if (shared_->options.observe) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - received_;
    shared_->options.observe(route_ != nullptr ? route_->path : "",
                             route_ != nullptr ? route_->method : "", response.status,
                             took.count());
  }
  const auto& message = parser_->get();
  head_ = response_head(response, keep_alive_, message.version() < 11);
  body_ = std::move(response.body);
  if (message.method() == beast::http::verb::head || response.status == 204 ||
      response.status == 304)
    body_.clear();
  deadline(shared_->options.idle_timeout_ms);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), asio::buffer(body_)};
  asio::async_write(stream_, buffers, [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->on_written(error);
  });
}

void Session::on_written(ErrorCode error) {
  if (error) return;
  body_.clear();
  if (keep_alive_ && !shared_->closing) return await_request();
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (!unread_body_) return;
  // Closing with bytes unread resets the connection, and the client may lose the answer.
  state_ = State::lingering;
  deadline(kLingerMs);
  linger();
}

void Session::linger() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                            self->lingered_bytes_ += bytes;
                            if (!error && self->lingered_bytes_ < kLingerBytesMax) self->linger();
                          });
}

}  // namespace vakt::http
