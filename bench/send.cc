// bench_send: sends a file of lines as fast as it is taken, or at a rate. The file is framed in
// memory first, so that sending costs the machine as little as it can.
//
// Loopback only, unless told otherwise: a load generator pointed at somebody else is an attack.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

struct Options {
  std::string file;
  std::string address = "127.0.0.1";
  std::uint16_t port = 5514;
  std::string protocol = "tcp";
  std::string framing = "lf";
  std::uint32_t connections = 1;
  std::uint32_t repeat = 1;
  std::uint32_t write_bytes = 64 * 1024;  // 0: one write a line
  std::uint64_t rate = 0;                 // lines per second over all connections; 0: no limit
  bool allow_remote = false;
};

struct Share {  // what one connection sends
  std::string bytes;
  std::vector<std::uint32_t> sizes;  // of each frame
};

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "bench_send: " << what << '\n';
  std::exit(1);
}

// Keeps to a rate by absolute times, so that a late wake-up is made up for.
class Pace {
 public:
  explicit Pace(double per_second) : per_second_(per_second) {
    clock_gettime(CLOCK_MONOTONIC, &start_);
  }
  void wait_for(std::uint64_t lines) const {
    if (per_second_ <= 0) return;
    const auto due_ns =
        static_cast<std::int64_t>(static_cast<double>(lines) / per_second_ * 1e9) + start_.tv_nsec;
    timespec due{start_.tv_sec + due_ns / 1'000'000'000, due_ns % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) {
    }
  }

 private:
  double per_second_;
  timespec start_{};
};

sockaddr_in endpoint(const Options& options) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.address.c_str(), &address.sin_addr) != 1)
    fail(options.address + " is not an IPv4 address");
  if (ntohl(address.sin_addr.s_addr) >> 24 != 127 && !options.allow_remote)
    fail(options.address + " is not loopback: add --allow-remote if the target is yours");
  return address;
}

int connect_socket(const Options& options) {
  const bool tcp = options.protocol == "tcp";
  const auto address = endpoint(options);
  const int fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail(fmt::format("cannot connect to {}:{}: {}", options.address, options.port,
                     std::strerror(errno)));
  if (tcp && options.write_bytes == 0) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail(std::string("the receiver closed: ") + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void send_stream(int fd, const Options& options, const Share& share, const Pace& pace,
                 std::uint64_t& lines) {
  if (options.rate == 0 && options.write_bytes > 0) {
    const std::string_view all = share.bytes;
    for (std::size_t at = 0; at < all.size(); at += options.write_bytes)
      send_all(fd, all.substr(at, options.write_bytes));
    lines += share.sizes.size();
    return;
  }
  // Whole frames, as many as fit one write, and when paced no more than a millisecond's worth.
  const auto frames_max = options.rate == 0 ? ~0ULL : std::max(1UL, options.rate / 1000);
  const char* at = share.bytes.data();
  for (std::size_t i = 0; i < share.sizes.size();) {
    std::size_t bytes = 0;
    std::uint64_t frames = 0;
    do {
      bytes += share.sizes[i++];
      ++frames;
    } while (i < share.sizes.size() && frames < frames_max &&
             bytes + share.sizes[i] <= options.write_bytes);
    pace.wait_for(lines);
    send_all(fd, {at, bytes});
    at += bytes;
    lines += frames;
  }
}

void send_datagrams(int fd, const Options& options, const Share& share, const Pace& pace,
                    std::uint64_t& lines) {
  constexpr std::size_t kBatch = 64;
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> vectors{};
  const std::size_t batch_max =
      options.rate == 0 ? kBatch : std::clamp<std::size_t>(options.rate / 1000, 1, kBatch);
  const char* at = share.bytes.data();
  for (std::size_t i = 0; i < share.sizes.size();) {
    unsigned count = 0;
    for (; count < batch_max && i < share.sizes.size(); ++count, ++i) {
      // Without the newline: a datagram is a frame.
      vectors[count] = {const_cast<char*>(at), share.sizes[i] - 1};
      messages[count].msg_hdr.msg_iov = &vectors[count];
      messages[count].msg_hdr.msg_iovlen = 1;
      at += share.sizes[i];
    }
    pace.wait_for(lines);
    for (unsigned sent = 0; sent < count;) {
      const int n = sendmmsg(fd, messages.data() + sent, count - sent, 0);
      if (n < 0 && errno != EINTR && errno != ENOBUFS)
        fail(std::string("no receiver: ") + std::strerror(errno));
      if (n > 0) sent += static_cast<unsigned>(n);
    }
    lines += count;
  }
}

// Deals whole lines out to the connections in contiguous runs.
std::vector<Share> make_shares(const Options& options) {
  std::ifstream file(options.file, std::ios::binary);
  if (!file) fail("cannot read " + options.file);
  std::ostringstream stream;
  stream << file.rdbuf();
  const auto text = std::move(stream).str();
  std::vector<Share> shares(options.connections);
  const auto target = text.size() / options.connections + 1;
  std::size_t at = 0;
  for (auto& share : shares) {
    const auto stop =
        std::min(text.size(), static_cast<std::size_t>(&share - shares.data() + 1) * target);
    while (at < stop) {
      const auto newline = text.find('\n', at);
      const auto end = newline == std::string::npos ? text.size() : newline;
      const auto before = share.bytes.size();
      if (options.framing == "octet") share.bytes += fmt::format("{} ", end - at);
      share.bytes.append(text, at, end - at);
      if (options.framing == "lf") share.bytes += '\n';
      share.sizes.push_back(static_cast<std::uint32_t>(share.bytes.size() - before));
      at = end + 1;
    }
  }
  return shares;
}

void run(const Options& options) {
  const auto shares = make_shares(options);
  std::vector<int> sockets;
  for (std::uint32_t i = 0; i < options.connections; ++i)
    sockets.push_back(connect_socket(options));
  // The file is in memory, and nothing was sent: whoever measures starts here.
  fmt::print("connected\n");
  std::fflush(stdout);
  std::atomic<std::uint64_t> lines_all{0}, bytes_all{0};
  const auto started = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < options.connections; ++i) {
      threads.emplace_back([&, i] {
        const Pace pace(static_cast<double>(options.rate) / options.connections);
        std::uint64_t lines = 0;
        for (std::uint32_t round = 0; round < options.repeat; ++round) {
          if (options.protocol == "tcp") {
            send_stream(sockets[i], options, shares[i], pace, lines);
          } else {
            send_datagrams(sockets[i], options, shares[i], pace, lines);
          }
          bytes_all += shares[i].bytes.size();
        }
        lines_all += lines;
        close(sockets[i]);
      });
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fmt::print("{{\"lines\": {}, \"bytes\": {}, \"seconds\": {:.3f}, \"lines_per_s\": {:.0f}}}\n",
             lines_all.load(), bytes_all.load(), took.count(),
             static_cast<double>(lines_all.load()) / took.count());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Sends the lines of a file over TCP or UDP, and prints the rate.");
  app.add_option("file", options.file, "lines to send")->required();
  app.add_option("--address", options.address, "IPv4 address")->capture_default_str();
  app.add_option("--port", options.port)->capture_default_str();
  app.add_option("--protocol", options.protocol)
      ->check(CLI::IsMember({"tcp", "udp"}))
      ->capture_default_str();
  app.add_option("--framing", options.framing, "of TCP: a newline, or RFC 6587 octet counting")
      ->check(CLI::IsMember({"lf", "octet"}))
      ->capture_default_str();
  app.add_option("--connections", options.connections, "each with its part of the file")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--repeat", options.repeat, "times to send the file")->capture_default_str();
  app.add_option("--write", options.write_bytes, "bytes of a TCP write; 0: one write a line")
      ->capture_default_str();
  app.add_option("--rate", options.rate, "lines per second over all connections; 0: no limit")
      ->capture_default_str();
  app.add_flag("--allow-remote", options.allow_remote, "send to addresses that are not loopback");
  CLI11_PARSE(app, argc, argv);
  if (options.protocol == "udp" && options.framing != "lf") fail("datagrams have no framing");
  run(options);
  return 0;
}
