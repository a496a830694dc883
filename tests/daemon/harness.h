// The whole daemon in the test's process: a temporary directory, any free ports, one rule, and
// plain blocking clients. Waiting is polling of a condition, with a deadline.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/app.h"
#include "folder.h"

namespace vakt::test {

inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::seconds patience = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

// A connected socket to a port of this machine.
class Client {
 public:
  Client(int type, std::uint16_t port) : handle_(::socket(AF_INET, type, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(handle_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    const timeval patience{60, 0};
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(handle_); }

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end() { ::shutdown(handle_, SHUT_WR); }
  // Empty: the other side closed, or nothing came for a minute.
  std::string receive() {
    std::string bytes(16 * 1024, '\0');
    const ssize_t size = ::recv(handle_, bytes.data(), bytes.size(), 0);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }
  // 0: closed in order; ECONNRESET and the like otherwise.
  int wait_for_end() {
    char byte = 0;
    ssize_t size = 0;
    while ((size = ::recv(handle_, &byte, 1, 0)) > 0) {
    }
    return size == 0 ? 0 : errno;
  }

 private:
  int handle_;
  bool connected_ = false;
};

struct HttpAnswer {
  int status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view header) const { return head.find(header) != std::string::npos; }
};

struct HttpRequest {
  std::string method = "POST";
  std::string target = "/api/v1/events";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

inline std::string to_text(const HttpRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n";
  return text + request.body;
}

inline HttpAnswer read_answer(Client& client) {
  HttpAnswer answer;
  std::string bytes;
  std::size_t end = std::string::npos;
  while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = client.receive();
    if (more.empty()) return answer;
    bytes += more;
  }
  answer.head = bytes.substr(0, end + 2);
  answer.body = bytes.substr(end + 4);
  answer.status = std::atoi(answer.head.c_str() + 9);
  const std::size_t length = answer.head.find("Content-Length: ");
  const std::size_t size =
      length == std::string::npos ? 0 : std::strtoull(&answer.head[length + 16], nullptr, 10);
  while (answer.body.size() < size) {
    const std::string more = client.receive();
    if (more.empty()) break;
    answer.body += more;
  }
  return answer;
}

inline HttpAnswer ask(std::uint16_t port, const HttpRequest& request) {
  Client client(SOCK_STREAM, port);
  client.send(to_text(request));
  return read_answer(client);
}

class Harness {
 public:
  static constexpr std::string_view kRules = R"(title: Somebody said needle
id: needle
level: high
logsource: {product: test}
detection:
  said:
    message|contains: needle
  condition: said
)";

  explicit Harness(config::Config config = listeners()) : config_(std::move(config)) {
    folder_.write("rules/needle.yml", std::string(kRules));
    std::filesystem::create_directories(dir() + "/decoders");
    config_.data_dir = dir() + "/data";
    config_.rules = {dir() + "/rules"};
    config_.decoders = {dir() + "/decoders"};
    config_.api.address = {"127.0.0.1", 0};
    config_.api.token_file = config_.data_dir + "/api.token";
    config_.api.events.name = "http";
    config_.api.events.log_source.product = "test";
  }
  ~Harness() { app.reset(); }

  // One of each transport, on any port.
  static config::Config listeners() {
    config::Config config;
    config.workers = 2;
    config.listeners.push_back(listener("udp", config::Transport::udp));
    config.listeners.push_back(listener("tcp", config::Transport::tcp));
    config.listeners.push_back(listener("web", config::Transport::http));
    config.listeners.back().records.format = engine::Format::json;
    return config;
  }
  static config::Listener listener(std::string name, config::Transport transport) {
    config::Listener made;
    made.transport = transport;
    made.address = {"127.0.0.1", 0};
    made.records.name = std::move(name);
    made.records.log_source.product = "test";
    made.receive_buffer_bytes = 1 << 20;
    return made;
  }

  void start(const app::AppOptions& options = {}) {
    auto started = app::App::start(config_, options);
    ASSERT_TRUE(started) << started.error().message;
    app = std::move(*started);
  }

  // Waits until nothing is in flight and `received` frames came; the identity must hold then.
  void at_rest(std::string_view name, std::uint64_t received) {
    const metrics::ListenerCounters& c = app->listener(name);
    EXPECT_TRUE(eventually([&] {
      return metrics::get(c.in_flight) == 0 && metrics::get(c.received) >= received;
    })) << name
        << ": received " << metrics::get(c.received) << " of " << received << ", in flight "
        << metrics::get(c.in_flight);
    std::uint64_t sum = metrics::get(c.committed) + metrics::get(c.deduplicated);
    for (const auto& n : c.ignored) sum += metrics::get(n);
    for (const auto& n : c.dropped) sum += metrics::get(n);
    for (const auto& n : c.rejected) sum += metrics::get(n);
    EXPECT_EQ(metrics::get(c.received), sum) << name;
    EXPECT_EQ(metrics::get(c.received), received) << name;
  }
  std::uint64_t committed(std::string_view name) {
    return metrics::get(app->listener(name).committed);
  }
  std::uint64_t rejected(std::string_view name, metrics::Rejected reason) {
    return metrics::get(app->listener(name).rejected[static_cast<std::size_t>(reason)]);
  }
  std::string token() const {
    std::string token;
    std::ifstream(config_.api.token_file) >> token;
    return token;
  }
  HttpAnswer incidents() {
    return ask(app->api_port(),
               {"GET", "/api/v1/incidents", {{"Authorization", "Bearer " + token()}}, ""});
  }

  const std::string& dir() const { return folder_.path; }
  const config::Config& config() const { return config_; }

  std::unique_ptr<app::App> app;

 private:
  config::Config config_;
  Folder folder_;
};

}  // namespace vakt::test
