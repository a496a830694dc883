// One connection: reads requests one after another (pipelined ones wait in its buffer), asks the
// routes, writes answers. Internal to this folder.
//
// Thread: the io_context's. The session lives as long as an operation or an unanswered Respond.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "http/router.h"
#include "http/server.h"

namespace vakt::http {

class Session;

// What the sessions of a server share.
struct Shared {
  Shared(boost::asio::io_context& io_, Options options_) : io(io_), options(std::move(options_)) {}

  boost::asio::io_context& io;
  const Options options;
  Router router;
  std::unordered_map<Session*, std::weak_ptr<Session>> sessions;
  std::atomic<std::size_t> connections{0};
  std::size_t refusals = 0;  // connections over the limit that are being told so
  bool closing = false;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Shared> shared, boost::asio::ip::tcp::socket socket, bool refused);
  ~Session();

  void start();
  void close_if_idle();
  // Any thread. Takes the caller's hold on the session along to the session's thread.
  static void answer(std::shared_ptr<Session> session, Response response);

 private:
  enum class State : std::uint8_t { idle, receiving, handling, writing, lingering };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using ErrorCode = boost::beast::error_code;

  void await_request();
  void read_header();
  void on_header(ErrorCode error);
  std::optional<Response> consider();
  void read_body();
  void on_body(ErrorCode error);
  void dispatch();
  void write(Response response);
  void on_written(ErrorCode error);
  void linger();
  void deadline(std::uint32_t ms);
  void refuse(Response response);

  std::shared_ptr<Shared> shared_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  const bool refused_;  // over connections_max
  State state_ = State::idle;
  std::string peer_;

  // Of the request under way.
  std::optional<Parser> parser_;
  Request request_;
  const Route* route_ = nullptr;
  bool keep_alive_ = false;
  bool unread_body_ = false;
  std::chrono::steady_clock::time_point received_{};
  std::string head_;
  std::string body_;
  std::size_t lingered_bytes_ = 0;
};

}  // namespace vakt::http
