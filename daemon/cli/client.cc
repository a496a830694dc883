#include "cli/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>

namespace vakt::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::uint64_t kAnswerBytesMax = 64 << 20;

struct Address {
  std::string host;
  std::string port = "80";
  std::string authority;
};

Result<Address> parse_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = url;
  if (rest.starts_with("https://"))
    return fail(Errc::invalid, url +
                                   ": this client speaks plain HTTP to a daemon on this machine "
                                   "or behind a tunnel; use curl for a TLS proxy");
  if (!rest.starts_with(kScheme))
    return fail(Errc::invalid, url + " is not a URL such as http://127.0.0.1:8740");
  rest.remove_prefix(kScheme.size());
  rest = rest.substr(0, rest.find('/'));
  Address address;
  address.authority = std::string(rest);
  const bool bracketed = rest.starts_with("[");
  const std::size_t close = bracketed ? rest.find(']') : 0;
  const std::size_t colon = close == std::string_view::npos ? close : rest.find(':', close);
  address.host =
      bracketed ? std::string(rest.substr(1, close - 1)) : std::string(rest.substr(0, colon));
  if (colon != std::string_view::npos) address.port = std::string(rest.substr(colon + 1));
  if (address.host.empty() || address.port.empty())
    return fail(Errc::invalid, url + " is not a URL such as http://127.0.0.1:8740");
  return address;
}

// Resolves, connects, writes, reads; each step starts the next. Lives until run() returns.
class Exchange {
 public:
  Exchange(const Address& address, const ApiRequest& request) : resolver_(io_), stream_(io_) {
    request_.method_string(request.method);
    request_.target(request.target);
    request_.version(11);
    request_.set(beast::http::field::host, address.authority);
    request_.set(beast::http::field::connection, "close");
    if (!request.token.empty())
      request_.set(beast::http::field::authorization, "Bearer " + request.token);
    if (!request.body.empty()) {
      request_.set(beast::http::field::content_type, "application/json");
      request_.body() = request.body;
    }
    request_.prepare_payload();
    answer_.body_limit(kAnswerBytesMax);
    stream_.expires_after(std::chrono::milliseconds(request.timeout_ms));
    resolver_.async_resolve(address.host, address.port,
                            [this](ErrorCode error, const tcp::resolver::results_type& results) {
                              error_ = error;
                              if (!error) connect(results);
                            });
  }

  ErrorCode run() {
    io_.run();
    return error_;
  }
  ApiAnswer take() {
    return {static_cast<int>(answer_.get().result_int()), std::move(answer_.get().body())};
  }

 private:
  void connect(const tcp::resolver::results_type& results) {
    stream_.async_connect(results, [this](ErrorCode error, const tcp::endpoint&) {
      error_ = error;
      if (!error) write();
    });
  }
  void write() {
    beast::http::async_write(stream_, request_, [this](ErrorCode error, std::size_t) {
      error_ = error;
      if (!error) read();
    });
  }
  void read() {
    beast::http::async_read(stream_, buffer_, answer_,
                            [this](ErrorCode error, std::size_t) { error_ = error; });
  }

  asio::io_context io_;
  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  beast::http::request<beast::http::string_body> request_;
  beast::http::response_parser<beast::http::string_body> answer_;
  ErrorCode error_;
};

}  // namespace

Result<ApiAnswer> ask(const std::string& url, const ApiRequest& request) {
  const auto address = parse_url(url);
  if (!address) return tl::make_unexpected(address.error());
  Exchange exchange(*address, request);
  if (const ErrorCode error = exchange.run())
    return fail(Errc::unavailable, "cannot ask " + url + ": " + error.message() +
                                       " (is the daemon running? `vakt serve` starts it, --url "
                                       "names another)");
  return exchange.take();
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kFree =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kFree.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace vakt::cli
