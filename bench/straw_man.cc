// bench_straw_man: the yardstick. The least program that does the work of the syslog benchmark:
// receive, split, parse the header, scan for the literals, count per (correlation, host) in a
// trailing window, write hits and alerts to files. It has nothing that a product needs: no rules,
// no configuration, no storage, no recovery, one thread. What the product costs above it is the
// price of being a product. Shares no code with it.
#include <fmt/format.h>
#include <hs/hs.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Options {
  std::string patterns;
  std::string out = ".";
  std::string file;
  std::string address = "127.0.0.1";
  std::uint16_t port = 5514;
  std::uint32_t connections = 1;
  std::uint32_t correlations = 10;
  std::uint32_t threshold = 5;
  std::uint32_t window_s = 60;
  int year = 2026;
  bool batch = false;
};

constexpr std::size_t kReadBytes = 256 * 1024;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Header {
  std::int64_t time_us = 0;
  int priority = 0;
  std::string_view host, app, pid, message_id, structured_data, message;
};

std::int64_t days_from_civil(int year, int month, int day) {
  year -= month <= 2;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<std::int64_t>(era) * 146097 + day_of_era - 719468;
}

int two_digits(const char* p) { return (p[0] == ' ' ? 0 : p[0] - '0') * 10 + p[1] - '0'; }

std::int64_t clock_us(const char* p) {
  return ((two_digits(p) * 60LL + two_digits(p + 3)) * 60 + two_digits(p + 6)) * 1'000'000;
}

// First three letters of a month to its number, by a perfect hash of the last two.
int month_of(const char* p) {
  switch (p[1] << 8 | p[2]) {
    case 'a' << 8 | 'n':
      return 1;
    case 'e' << 8 | 'b':
      return 2;
    case 'a' << 8 | 'r':
      return 3;
    case 'p' << 8 | 'r':
      return 4;
    case 'a' << 8 | 'y':
      return 5;
    case 'u' << 8 | 'n':
      return 6;
    case 'u' << 8 | 'l':
      return 7;
    case 'u' << 8 | 'g':
      return 8;
    case 'e' << 8 | 'p':
      return 9;
    case 'c' << 8 | 't':
      return 10;
    case 'o' << 8 | 'v':
      return 11;
    default:
      return 12;
  }
}

class Words {  // space-separated, consumed from the front
 public:
  Words(const char* begin, const char* end) : at_(begin), end_(end) {}
  std::string_view next() {
    const auto* space =
        static_cast<const char*>(std::memchr(at_, ' ', static_cast<std::size_t>(end_ - at_)));
    const char* stop = space != nullptr ? space : end_;
    const std::string_view word(at_, static_cast<std::size_t>(stop - at_));
    at_ = stop < end_ ? stop + 1 : end_;
    return word;
  }
  std::string_view structured_data() {
    if (at_ >= end_ || *at_ != '[') return next();
    const char* begin = at_;
    bool quoted = false;
    for (; at_ < end_; ++at_) {
      if (*at_ == '\\') {
        ++at_;
      } else if (*at_ == '"') {
        quoted = !quoted;
      } else if (*at_ == ']' && !quoted && (at_ + 1 >= end_ || at_[1] != '[')) {
        ++at_;
        break;
      }
    }
    at_ = std::min(at_, end_);
    const std::string_view data(begin, static_cast<std::size_t>(at_ - begin));
    if (at_ < end_) ++at_;
    return data;
  }
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

 private:
  const char* at_;
  const char* end_;
};

void parse_rfc5424(Words& words, Header& h) {
  const auto stamp = words.next();
  if (stamp.size() >= 20) {
    const char* t = stamp.data();
    h.time_us = days_from_civil(two_digits(t) * 100 + two_digits(t + 2), two_digits(t + 5),
                                two_digits(t + 8)) *
                    86'400'000'000 +
                clock_us(t + 11);
    std::int64_t scale = 100'000;
    for (const char* p = t + 20; t[19] == '.' && p < stamp.end() && *p <= '9' && *p >= '0'; ++p) {
      h.time_us += (*p - '0') * scale;
      scale /= 10;
    }
  }
  h.host = words.next();
  h.app = words.next();
  h.pid = words.next();
  h.message_id = words.next();
  h.structured_data = words.structured_data();
  h.message = words.rest();
}

void parse_rfc3164(std::string_view text, int year, Header& h) {
  if (text.size() < 17) return;
  const char* t = text.data();
  h.time_us =
      days_from_civil(year, month_of(t), two_digits(t + 4)) * 86'400'000'000 + clock_us(t + 7);
  Words words(t + 16, text.data() + text.size());
  h.host = words.next();
  auto tag = words.next();
  h.message = words.rest();
  if (!tag.empty() && tag.back() == ':') tag.remove_suffix(1);
  if (const auto bracket = tag.find('['); bracket != std::string_view::npos) {
    h.pid = tag.substr(bracket + 1, tag.size() - bracket - 2);
    tag = tag.substr(0, bracket);
  }
  h.app = tag;
}

Header parse_header(std::string_view line, int year) {
  Header h;
  if (line.size() < 5 || line[0] != '<') return h;
  const char* p = line.data() + 1;
  while (p < line.end() && *p >= '0' && *p <= '9') h.priority = h.priority * 10 + (*p++ - '0');
  if (p >= line.end() || *p != '>') return h;
  ++p;
  const std::string_view rest(p, static_cast<std::size_t>(line.end() - p));
  if (rest.size() > 2 && rest[0] == '1' && rest[1] == ' ') {
    Words words(p + 2, line.end());
    parse_rfc5424(words, h);
  } else {
    parse_rfc3164(rest, year, h);
  }
  return h;
}

// Trailing windows by (correlation, host). A gap of a window starts a new episode; an episode
// alerts once.
class Windows {
 public:
  explicit Windows(const Options& options)
      : threshold_(options.threshold), window_us_(options.window_s * 1'000'000LL) {}

  bool add(std::uint32_t correlation, std::string_view host, std::int64_t time_us) {
    key_.assign(reinterpret_cast<const char*>(&correlation), sizeof correlation);
    key_ += host;
    auto& group = groups_[key_];
    auto& times = group.times;
    if (!times.empty() && time_us - times.back() >= window_us_) group.alerted = false;
    while (!times.empty() && times.front() <= time_us - window_us_) times.pop_front();
    times.push_back(time_us);
    if (group.alerted || times.size() < threshold_) return false;
    group.alerted = true;
    return true;
  }

 private:
  struct Group {
    std::deque<std::int64_t> times;
    bool alerted = false;
  };
  std::size_t threshold_;
  std::int64_t window_us_;
  std::unordered_map<std::string, Group> groups_;
  std::string key_;
};

class Scanner {
 public:
  Scanner(const std::vector<std::string>& patterns, bool once) {
    std::vector<std::string> escaped;
    std::vector<const char*> expressions;
    std::vector<unsigned> flags, ids;
    for (const auto& p : patterns) {
      std::string text;
      for (const char c : p) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      escaped.push_back(std::move(text));
      flags.push_back(HS_FLAG_CASELESS | (once ? HS_FLAG_SINGLEMATCH : 0U));
      ids.push_back(static_cast<unsigned>(ids.size()));
    }
    for (const auto& e : escaped) expressions.push_back(e.c_str());
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(expressions.data(), flags.data(), ids.data(),
                         static_cast<unsigned>(ids.size()), HS_MODE_BLOCK, nullptr, &database_,
                         &error) != HS_SUCCESS ||
        hs_alloc_scratch(database_, &scratch_) != HS_SUCCESS) {
      std::cerr << "bench_straw_man: patterns do not compile: "
                << (error != nullptr ? error->message : "no memory") << '\n';
      std::exit(1);
    }
  }
  ~Scanner() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  // Sink: void(std::uint32_t pattern, std::size_t end).
  template <class Sink>
  void scan(std::string_view text, Sink& sink) {
    const auto on_match = [](unsigned id, unsigned long long, unsigned long long to, unsigned,
                             void* context) {
      (*static_cast<Sink*>(context))(id, static_cast<std::size_t>(to));
      return 0;
    };
    hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_, on_match,
            &sink);
  }

 private:
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

class StrawMan {
 public:
  StrawMan(const Options& options, const std::vector<std::string>& patterns)
      : options_(options),
        scanner_(patterns, !options.batch),
        windows_(options),
        last_line_(patterns.size(), nullptr),
        per_correlation_(std::max<std::uint32_t>(
            1, static_cast<std::uint32_t>(patterns.size()) / options.correlations)),
        hits_(open("straw_man.hits")),
        alerts_(open("straw_man.alerts")) {}
  ~StrawMan() {
    std::fclose(hits_);
    std::fclose(alerts_);
  }
  StrawMan(const StrawMan&) = delete;
  StrawMan& operator=(const StrawMan&) = delete;

  // Whole lines; returns the bytes of the unfinished one at the end.
  std::size_t feed(std::string_view text) {
    if (bytes_ == 0) start();
    const auto last = text.rfind('\n');
    const std::size_t whole = last == std::string_view::npos ? 0 : last + 1;
    bytes_ += whole;
    if (options_.batch) {
      feed_batch(text.substr(0, whole));
    } else {
      feed_lines(text.substr(0, whole));
    }
    return text.size() - whole;
  }

  void report() {
    std::fflush(hits_);
    std::fflush(alerts_);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_;
    const double cpu = cpu_seconds() - cpu_started_;
    const auto millions = static_cast<double>(lines_) * 1e-6;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print(
        "{{\"lines\": {}, \"bytes\": {}, \"hits\": {}, \"incidents\": {}, \"seconds\": {:.3f}, "
        "\"lines_per_s\": {:.0f}, \"cpu_s_per_million\": {:.4f}, \"rss_mb\": {}, \"check\": {}}}\n",
        lines_, bytes_, hit_count_, alert_count_, took.count(),
        static_cast<double>(lines_) / took.count(), millions > 0 ? cpu / millions : 0.0,
        usage.ru_maxrss / 1024, checksum_ % 1000);
  }

 private:
  std::FILE* open(const char* name) const {
    const auto path = options_.out + "/" + name;
    auto* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) {
      std::cerr << "bench_straw_man: cannot write " << path << '\n';
      std::exit(1);
    }
    return file;
  }

  void start() {
    started_ = std::chrono::steady_clock::now();
    cpu_started_ = cpu_seconds();
  }

  void feed_lines(std::string_view text) {
    for (const char* at = text.data(); at < text.end();) {
      const auto* end = static_cast<const char*>(
          std::memchr(at, '\n', static_cast<std::size_t>(text.end() - at)));
      const std::string_view line(at, static_cast<std::size_t>(end - at));
      at = end + 1;
      ++lines_;
      const auto header = parse_header(line, options_.year);
      // So that nothing of the parse is optimised away.
      checksum_ += static_cast<std::uint64_t>(header.time_us) + header.app.size() +
                   header.pid.size() + header.structured_data.size() + header.message_id.size() +
                   static_cast<std::uint64_t>(header.priority);
      auto sink = [&](std::uint32_t pattern, std::size_t) { hit(pattern, line, header); };
      scanner_.scan(line, sink);
    }
  }

  void feed_batch(std::string_view text) {
    std::fill(last_line_.begin(), last_line_.end(), nullptr);
    for (std::size_t at = 0; at < text.size();) {
      auto size = std::min<std::size_t>(64 * 1024, text.size() - at);
      size = text.rfind('\n', at + size - 1) + 1 - at;
      const auto chunk = text.substr(at, size);
      lines_ += static_cast<std::uint64_t>(std::count(chunk.begin(), chunk.end(), '\n'));
      auto sink = [&](std::uint32_t pattern, std::size_t to) {
        const auto before = chunk.rfind('\n', to - 1);
        const auto begin = before == std::string_view::npos ? 0 : before + 1;
        const auto line = chunk.substr(begin, chunk.find('\n', to) - begin);
        if (last_line_[pattern] == line.data()) return;
        last_line_[pattern] = line.data();
        hit(pattern, line, parse_header(line, options_.year));
      };
      scanner_.scan(chunk, sink);
      at += size;
    }
  }

  void hit(std::uint32_t pattern, std::string_view line, const Header& header) {
    ++hit_count_;
    fmt::print(hits_, "{} {}\n", pattern, line);
    const auto correlation = pattern / per_correlation_;
    if (correlation >= options_.correlations) return;
    if (windows_.add(correlation, header.host, header.time_us)) {
      ++alert_count_;
      fmt::print(alerts_, "{} {} {}\n", correlation, header.host, header.time_us);
    }
  }

  Options options_;
  Scanner scanner_;
  Windows windows_;
  std::vector<const char*> last_line_;  // by pattern: the line it was last seen in
  std::uint32_t per_correlation_;
  std::FILE* hits_;
  std::FILE* alerts_;
  std::chrono::steady_clock::time_point started_;
  double cpu_started_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t hit_count_ = 0;
  std::uint64_t alert_count_ = 0;
  std::uint64_t checksum_ = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, StrawMan& straw_man)
      : socket_(std::move(socket)), straw_man_(straw_man), buffer_(kReadBytes) {}

  void read() {
    socket_.async_read_some(
        asio::buffer(buffer_.data() + kept_, buffer_.size() - kept_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
          if (error) return;
          self->kept_ += bytes;
          const auto left = self->straw_man_.feed({self->buffer_.data(), self->kept_});
          std::memmove(self->buffer_.data(), self->buffer_.data() + self->kept_ - left, left);
          self->kept_ = left;
          self->read();
        });
  }

 private:
  tcp::socket socket_;
  StrawMan& straw_man_;
  std::vector<char> buffer_;
  std::size_t kept_ = 0;  // bytes of an unfinished line at the front of buffer_
};

void accept(tcp::acceptor& acceptor, StrawMan& straw_man, std::uint32_t left) {
  if (left == 0) return;
  acceptor.async_accept([&, left](const boost::system::error_code& error, tcp::socket socket) {
    if (error) return;
    std::make_shared<Connection>(std::move(socket), straw_man)->read();
    accept(acceptor, straw_man, left - 1);
  });
}

void serve(const Options& options, StrawMan& straw_man) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, {asio::ip::make_address(options.address), options.port});
  std::cerr << "listening on port " << acceptor.local_endpoint().port() << std::endl;
  accept(acceptor, straw_man, options.connections);
  io.run();  // until the last connection has closed
}

void parse_options(CLI::App& app, Options& options) {
  app.add_option("--patterns", options.patterns, "file with one literal a line")->required();
  app.add_option("--out", options.out, "directory for straw_man.hits and straw_man.alerts")
      ->capture_default_str();
  app.add_option("--file", options.file, "read this file from memory instead of TCP");
  app.add_option("--port", options.port, "TCP port on loopback; 0: any")->capture_default_str();
  app.add_option("--connections", options.connections, "stop after so many have closed")
      ->capture_default_str();
  app.add_option("--correlations", options.correlations)->capture_default_str();
  app.add_option("--threshold", options.threshold)->capture_default_str();
  app.add_option("--window", options.window_s, "seconds")->capture_default_str();
  app.add_option("--year", options.year, "of RFC 3164 times")->capture_default_str();
  app.add_flag("--batch", options.batch, "scan 64 KiB at once, parse the headers of hits only");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The barest program that does the work of the syslog benchmark; prints its rate.");
  parse_options(app, options);
  CLI11_PARSE(app, argc, argv);

  std::vector<std::string> patterns;
  std::ifstream input(options.patterns);
  for (std::string line; std::getline(input, line);) patterns.push_back(line);
  if (patterns.empty() || options.correlations == 0) {
    std::cerr << "bench_straw_man: no patterns in " << options.patterns << '\n';
    return 1;
  }
  StrawMan straw_man(options, patterns);
  if (options.file.empty()) {
    serve(options, straw_man);
  } else {
    std::ifstream log(options.file, std::ios::binary);
    if (!log) {
      std::cerr << "bench_straw_man: cannot read " << options.file << '\n';
      return 1;
    }
    std::ostringstream text;
    text << log.rdbuf();
    const auto all = std::move(text).str();
    for (std::size_t at = 0; at < all.size();) {
      const auto chunk = std::string_view(all).substr(at, kReadBytes);
      const auto left = straw_man.feed(chunk);
      if (left == chunk.size()) break;
      at += chunk.size() - left;
    }
  }
  straw_man.report();
  return 0;
}
