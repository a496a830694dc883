// The HTTP server over real loopback sockets: what a client that is slow, hasty, big or hostile
// gets.

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "http/policy.h"
#include "http/router.h"
#include "http/server.h"

namespace vakt::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// A server with some routes on its own thread, and a client that writes and reads bytes.
class Fixture {
 public:
  explicit Fixture(Options options = {}) : server_(io_, std::move(options)) {
    server_.add({"GET",
                 "/hello",
                 0,
                 [](Request r, Respond respond) {
                   respond({200,
                            "text/plain",
                            {{"X-Name", std::string(r.query_value("name").value_or(""))}},
                            "hello " + std::string(r.query_value("name").value_or("nobody"))});
                 },
                 {}});
    server_.add({"POST",
                 "/echo",
                 64,
                 [](Request r, Respond respond) {
                   respond({200, "text/plain", {}, r.body});
                 },
                 {}});
    server_.add({"GET",
                 "/part/{id}/of/{whole}",
                 0,
                 [](Request r, Respond respond) {
                   respond({200, "text/plain", {}, r.captures.at(0) + "|" + r.captures.at(1)});
                 },
                 {}});
    server_.add({"GET",
                 "/elsewhere",
                 0,
                 [this](Request, Respond respond) {
                   other_ = std::thread([respond] { respond({200, "text/plain", {}, "late"}); });
                 },
                 {}});
    server_.add({"GET", "/dropped", 0, [](Request, Respond) {}, {}});
    server_.add({"GET",
                 "/twice",
                 0,
                 [](Request, Respond respond) {
                   respond({200, "text/plain", {}, "one"});
                   respond({200, "text/plain", {}, "two"});
                 },
                 {}});
    server_.add({"POST", "/guarded", 1'000'000, [](Request, Respond respond) { respond({}); },
                 [](const Request& r, std::uint64_t bytes) -> std::optional<Response> {
                   if (r.header("authorization") == "yes") return std::nullopt;
                   return error_response(401, "no", std::to_string(bytes));
                 }});
    const auto listening = server_.listen();
    EXPECT_TRUE(listening) << listening.error().message;
    work_.emplace(io_.get_executor());
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Fixture() {
    stop();
    if (other_.joinable()) other_.join();
  }
  void stop() {
    server_.close();
    work_.reset();
    if (thread_.joinable()) thread_.join();
  }

  tcp::socket connect() {
    tcp::socket socket(client_);
    socket.connect({asio::ip::address_v4::loopback(), server_.port()});
    return socket;
  }
  Server& server() { return server_; }

  // Sends all and reads until the server closes.
  std::string ask(std::string_view bytes) {
    auto socket = connect();
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer(bytes), ignored);
    return read_all(socket);
  }
  static std::string read_all(tcp::socket& socket) {
    std::string out;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(out), error);
    return out;
  }
  static std::string read_some(tcp::socket& socket) {
    std::string out(4'096, '\0');
    boost::system::error_code error;
    out.resize(socket.read_some(asio::buffer(out), error));
    return out;
  }

 private:
  asio::io_context io_{1};
  asio::io_context client_;
  Server server_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::thread thread_;
  std::thread other_;
};

const std::string kEnd = "Host: localhost\r\nConnection: close\r\n\r\n";

TEST(HttpServer, Answers) {
  struct Row {
    std::string name, request;
    int status;
    std::string contains;
  };
  const std::vector<Row> rows{
      {"get", "GET /hello?name=a%20b+c HTTP/1.1\r\n" + kEnd, 200, "\r\n\r\nhello a b c"},
      {"captures", "GET /part/x%2Fy/of/z HTTP/1.1\r\n" + kEnd, 200, "\r\n\r\nx/y|z"},
      {"empty capture", "GET /part//of/z HTTP/1.1\r\n" + kEnd, 404, "no_such_path"},
      {"no path", "GET /nothing HTTP/1.1\r\n" + kEnd, 404, "no_such_path"},
      {"no method", "DELETE /hello HTTP/1.1\r\n" + kEnd, 405, "Allow: GET, HEAD\r\n"},
      {"post", "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" + kEnd + "abc", 200, "\r\n\r\nabc"},
      {"chunked",
       "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + kEnd +
           "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
       200, "\r\n\r\nabcde"},
      {"too big", "POST /echo HTTP/1.1\r\nContent-Length: 65\r\n" + kEnd, 413, "at most 64"},
      {"too big chunk", "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + kEnd + "41\r\n",
       413, "at most 64"},
      {"huge length", "POST /echo HTTP/1.1\r\nContent-Length: 99999999999999\r\n" + kEnd, 413, ""},
      {"two lengths", "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + kEnd,
       400, "bad_request"},
      {"length and chunked",
       "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: "
       "chunked\r\n" +
           kEnd,
       400, "bad_request"},
      {"not http", "\x16\x03\x01 hello\r\n\r\n", 400, "bad_request"},
      {"bad escape", "GET /hello%zz HTTP/1.1\r\n" + kEnd, 400, "bad_target"},
      {"nul", "GET /hello%00 HTTP/1.1\r\n" + kEnd, 400, "bad_target"},
      {"absolute", "GET http://localhost/hello HTTP/1.1\r\n" + kEnd, 400, "bad_target"},
      {"refused early", "POST /guarded HTTP/1.1\r\nContent-Length: 12\r\n" + kEnd, 401, "\"12\""},
      {"expectation", "POST /echo HTTP/1.1\r\nExpect: wonders\r\nContent-Length: 1\r\n" + kEnd, 417,
       ""},
      {"another thread", "GET /elsewhere HTTP/1.1\r\n" + kEnd, 200, "\r\n\r\nlate"},
      {"dropped", "GET /dropped HTTP/1.1\r\n" + kEnd, 500, "no_answer"},
      {"twice", "GET /twice HTTP/1.1\r\n" + kEnd, 200, "\r\n\r\none"},
      {"no host", "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "bad_host"},
      {"two hosts", "GET /hello HTTP/1.1\r\nHost: localhost\r\n" + kEnd, 400, "bad_host"},
      {"old", "GET /hello HTTP/1.0\r\n\r\n", 200, "hello nobody"},
      {"foreign host", "GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
       421, "evil.example"},
      {"foreign origin", "GET /hello HTTP/1.1\r\nOrigin: http://evil.example\r\n" + kEnd, 403,
       "foreign_origin"},
      {"null origin", "GET /hello HTTP/1.1\r\nOrigin: null\r\n" + kEnd, 403, "foreign_origin"},
      {"own origin", "GET /hello HTTP/1.1\r\nOrigin: http://localhost\r\n" + kEnd, 200, "hello"},
      {"split header", "GET /hello?name=a%0D%0ASet-Cookie:x HTTP/1.1\r\n" + kEnd, 200,
       "X-Name: a  Set-Cookie:x\r\n"},
      {"no store", "GET /hello HTTP/1.1\r\n" + kEnd, 200, "Cache-Control: no-store\r\n"},
      {"no sniff", "GET /hello HTTP/1.1\r\n" + kEnd, 200, "X-Content-Type-Options: nosniff\r\n"},
      {"header too large", "GET /hello HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n" + kEnd,
       431, "header_too_large"},
  };
  Fixture fixture;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string answer = fixture.ask(row.request);
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + std::to_string(row.status)) << answer;
    EXPECT_NE(answer.find(row.contains), std::string::npos) << answer;
  }
}

TEST(HttpServer, HeadHasTheHeaderOfGet) {
  Fixture fixture;
  const std::string answer = fixture.ask("HEAD /hello HTTP/1.1\r\n" + kEnd);
  EXPECT_NE(answer.find("Content-Length: 12\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  Fixture fixture;
  std::string requests;
  for (int i = 0; i < 50; ++i)
    requests +=
        i % 2 == 0 ? "GET /hello?name=" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
                   : "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n" +
                         std::to_string(10 + i);
  const std::string answers = fixture.ask(requests + "GET /hello HTTP/1.1\r\n" + kEnd);
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string body =
        i % 2 == 0 ? "\r\n\r\nhello " + std::to_string(i) : "\r\n\r\n" + std::to_string(10 + i);
    at = answers.find(body, at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_TRUE(answers.ends_with("hello nobody"));
}

TEST(HttpServer, AnySplitOfTheBytesIsTheSameRequest) {
  Fixture fixture;
  const std::string request = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + kEnd +
                              "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  auto socket = fixture.connect();
  socket.set_option(tcp::no_delay(true));
  for (const char& byte : request) asio::write(socket, asio::buffer(&byte, 1));
  const std::string answer = Fixture::read_all(socket);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabcde")) << answer;
}

TEST(HttpServer, ContinueIsSentBeforeTheBody) {
  Fixture fixture;
  auto socket = fixture.connect();
  asio::write(socket, asio::buffer("POST /guarded HTTP/1.1\r\nAuthorization: yes\r\n"
                                   "Expect: 100-continue\r\nContent-Length: 3\r\n" +
                                   kEnd));
  EXPECT_EQ(Fixture::read_some(socket), "HTTP/1.1 100 Continue\r\n\r\n");
  asio::write(socket, asio::buffer(std::string("abc")));
  EXPECT_EQ(Fixture::read_all(socket).substr(0, 15), "HTTP/1.1 200 OK");

  const std::string refused = fixture.ask(
      "POST /guarded HTTP/1.1\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n" +
      kEnd);
  EXPECT_EQ(refused.substr(0, 12), "HTTP/1.1 401") << refused;
}

TEST(HttpServer, ARefusedBodyDoesNotCostTheAnswer) {
  Fixture fixture;
  const std::string answer = fixture.ask("POST /guarded HTTP/1.1\r\nContent-Length: 500000\r\n" +
                                         kEnd + std::string(500'000, 'x'));
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 401") << answer;
}

TEST(HttpServer, SilenceIsCutOff) {
  struct Row {
    std::string name, sent;
  };
  const std::vector<Row> rows{
      {"nothing", ""},
      {"half a header", "GET /hello HTT"},
      {"half a body", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab"},
  };
  Options options;
  options.idle_timeout_ms = 50;
  options.request_timeout_ms = 50;
  Fixture fixture(options);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(fixture.ask(row.sent), "");
  }
}

TEST(HttpServer, ConnectionsOverTheLimitAreToldSo) {
  Options options;
  options.connections_max = 1;
  Fixture fixture(options);
  auto first = fixture.connect();
  asio::write(first, asio::buffer(std::string("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  ASSERT_EQ(Fixture::read_some(first).substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(fixture.server().connections(), 1u);
  const std::string refused = fixture.ask("GET /hello HTTP/1.1\r\n" + kEnd);
  EXPECT_EQ(refused.substr(0, 12), "HTTP/1.1 503") << refused;
  EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos);
  asio::write(first, asio::buffer("GET /hello HTTP/1.1\r\n" + kEnd));
  EXPECT_EQ(Fixture::read_all(first).substr(0, 12), "HTTP/1.1 200");
}

TEST(HttpServer, ClosingEndsIdleConnections) {
  Fixture fixture;
  auto socket = fixture.connect();
  asio::write(socket, asio::buffer(std::string("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  ASSERT_EQ(Fixture::read_some(socket).substr(0, 12), "HTTP/1.1 200");
  fixture.stop();  // hangs when a connection holds the server up
  EXPECT_EQ(Fixture::read_all(socket), "");
}

TEST(HttpServer, ObserverSeesEveryAnswer) {
  std::vector<std::string> seen;
  Options options;
  options.observe = [&](std::string_view route, std::string_view method, int status,
                        double seconds) {
    EXPECT_GE(seconds, 0.0);
    seen.push_back(std::string(method) + " " + std::string(route) + " " + std::to_string(status));
  };
  Fixture fixture(options);
  fixture.ask("GET /part/1/of/2 HTTP/1.1\r\n" + kEnd);
  fixture.ask("GET /secret-in-a-path HTTP/1.1\r\n" + kEnd);
  fixture.stop();
  EXPECT_EQ(seen, (std::vector<std::string>{"GET /part/{id}/of/{whole} 200", "  404"}));
}

TEST(HttpServer, TakenPortIsAnError) {
  Fixture fixture;
  asio::io_context io;
  Options options;
  options.port = fixture.server().port();
  Server second(io, options);
  const auto listening = second.listen();
  ASSERT_FALSE(listening);
  EXPECT_NE(listening.error().message.find("in use"), std::string::npos);
}

TEST(HttpPolicy, HostsAndOrigins) {
  struct Row {
    std::string host, origin;
    int status;  // 0: passes
  };
  const std::vector<Row> rows{
      {"127.0.0.1:8740", "", 0},
      {"localhost:8740", "", 0},
      {"LOCALHOST.", "", 0},
      {"[::1]:8740", "", 0},
      {"192.0.2.7", "", 0},
      {"siem.example:8740", "", 0},
      {"siem.example.evil", "", 421},
      {"127.0.0.1.evil.example", "", 421},
      {"", "", 421},
      {"localhost:8740", "http://localhost:8740", 0},
      {"localhost:8740", "https://siem.example", 0},
      {"localhost:8740", "http://localhost:9999", 403},
      {"localhost:8740", "http://evil.example", 403},
      {"localhost:8740", "", 0},
  };
  Options options;
  options.hosts = {"SIEM.example"};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.host + " from " + row.origin);
    Request request;
    request.headers.emplace_back("host", row.host);
    if (!row.origin.empty()) request.headers.emplace_back("origin", row.origin);
    const auto refusal = refuse(request, false, options);
    EXPECT_EQ(refusal ? refusal->status : 0, row.status);
  }
}

}  // namespace
}  // namespace vakt::http
