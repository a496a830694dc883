// bench_corpus: the log that the benchmarks run on, its rules, and what they must find in it.
//
// Deterministic: the same options give the same bytes on every machine. Lines come in the order of
// their times. A share of them carries one of the patterns, once; some of these come in bursts, so
// that windows fill and correlations fire. What a correct program finds is written beside the log,
// worked out here by plain counting over the finished list of hits.
#include <date/date.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

struct Options {
  std::string out;
  std::string kind = "mixed";
  std::uint64_t lines = 2'000'000;
  std::uint64_t seed = 1;
  std::uint32_t patterns = 1000;
  std::uint32_t sources = 2000;
  std::uint32_t correlations = 10;
  std::uint32_t threshold = 5;
  std::uint32_t window_s = 60;
  std::uint32_t lines_per_s = 555;
  double matching = 0.01;
};

// splitmix64: the same everywhere, which the distributions of <random> are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }
  bool chance(double share) { return static_cast<double>(next() >> 11) * 0x1p-53 < share; }
  template <class Range>
  const auto& pick(const Range& range) {
    return range[below(static_cast<std::uint32_t>(std::size(range)))];
  }

 private:
  std::uint64_t state_;
};

constexpr std::array<std::string_view, 32> kAttackWords{
    "payload", "beacon",   "shellcode", "dropper", "keylog",  "exfil",   "webshell", "rootkit",
    "miner",   "tunnel",   "injection", "implant", "stager",  "loader",  "backdoor", "scanner",
    "sprayer", "cracker",  "hijack",    "poison",  "spoof",   "replay",  "overflow", "escalate",
    "persist", "sideload", "hollow",    "dump",    "harvest", "phisher", "wiper",    "locker"};
constexpr std::array<std::string_view, 24> kPrograms{
    "nginx",   "postfix/smtpd", "postfix/qmgr", "kernel",        "systemd",    "CRON",
    "dhcpd",   "named",         "dockerd",      "haproxy",       "kubelet",    "containerd",
    "mysqld",  "postgres",      "redis-server", "slapd",         "squid",      "dovecot",
    "openvpn", "strongswan",    "chronyd",      "node_exporter", "vault-core", "app-backend"};
constexpr std::array<std::string_view, 48> kWords{
    "request",   "completed", "for",        "client",   "connection", "from",    "upstream",
    "timeout",   "while",     "reading",    "response", "header",     "status",  "queue",
    "active",    "message",   "delivered",  "to",       "mailbox",    "cache",   "refresh",
    "session",   "opened",    "closed",     "user",     "worker",     "started", "finished",
    "in",        "bytes",     "received",   "sent",     "lease",      "renewed", "interface",
    "link",      "up",        "checkpoint", "complete", "wrote",      "buffers", "transaction",
    "committed", "health",    "check",      "passed",   "replica",    "synced"};
constexpr std::array<std::string_view, 12> kUsers{"root",  "admin",  "alice",  "bob",
                                                  "carol", "dave",   "erik",   "frida",
                                                  "git",   "backup", "oracle", "ubuntu"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

using Micros = std::chrono::sys_time<std::chrono::microseconds>;

struct Line {
  Micros time;
  std::string host;
  std::string program;
  std::string message;
  std::uint32_t pid = 0;
  std::uint32_t priority = 0;
};

struct MatchingLine {
  std::uint32_t pattern = 0;
  std::uint32_t source = 0;
  std::int64_t second = 0;
};

// A group on its way over its threshold.
struct Burst {
  std::uint32_t correlation = 0;
  std::uint32_t source = 0;
  std::uint32_t left = 0;
};

template <class... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

std::string address(std::uint32_t index) {
  return fmt::format("10.{}.{}.{}", 20 + index / 62500, index / 250 % 250, 1 + index % 250);
}

// Ends in a token of its own, so that no pattern is part of another or of any other text.
std::vector<std::string> make_patterns(const Options& options) {
  Random random(options.seed ^ 0xA77AC4);
  std::vector<std::string> patterns;
  std::set<std::uint32_t> tokens;
  while (patterns.size() < options.patterns) {
    const auto token = random.below(1U << 24);
    if (!tokens.insert(token).second) continue;
    std::string pattern;
    for (std::uint32_t i = 0, words = 1 + random.below(3); i < words; ++i) {
      append(pattern, "{}{}", random.pick(kAttackWords), random.chance(0.2) ? "-" : " ");
    }
    append(pattern, "x{:06x}", token);
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

class Corpus {
 public:
  explicit Corpus(const Options& options)
      : options_(options), random_(options.seed), patterns_(make_patterns(options)) {}

  void write_lines(std::ostream& out);
  const std::vector<std::string>& patterns() const { return patterns_; }
  const std::vector<MatchingLine>& matching() const { return matching_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  Line make_line(Micros time);
  void make_matching(Line& line);
  void fill_words(std::string& message, std::size_t length);
  void make_auth(Line& line);
  void append_line(std::string& out, const Line& line, bool matching);
  void append_rfc3164(std::string& out, const Line& line);
  void append_rfc5424(std::string& out, const Line& line, bool matching);

  Options options_;
  Random random_;
  std::vector<std::string> patterns_;
  std::vector<MatchingLine> matching_;
  std::array<Burst, 8> bursts_{};
  std::uint64_t bytes_ = 0;
};

void Corpus::fill_words(std::string& message, std::size_t length) {
  while (message.size() < length) {
    const auto kind = random_.below(16);
    if (kind == 0) {
      append(message, "{} ", random_.below(1'000'000));
    } else if (kind == 1) {
      append(message, "id={:08x} ", static_cast<std::uint32_t>(random_.next()));
    } else if (kind == 2 && random_.chance(0.3)) {
      append(message, "{} ", random_.pick(kAttackWords));  // near a pattern, but none
    } else {
      append(message, "{} ", random_.pick(kWords));
    }
  }
  message.pop_back();
}

// What sshd, sudo and su write, in the proportions of a host on the open Internet.
void Corpus::make_auth(Line& line) {
  const auto user = random_.pick(kUsers);
  const auto from = address(random_.below(options_.sources));
  const auto port = 1024 + random_.below(60000);
  const auto kind = random_.below(100);
  auto& m = line.message;
  line.program = kind < 80 ? "sshd" : kind < 94 ? "sudo" : "su";
  line.priority = 38;
  if (kind < 30) {
    append(m, "Failed password for {} from {} port {} ssh2", user, from, port);
  } else if (kind < 45) {
    append(m, "Failed password for invalid user {} from {} port {} ssh2", user, from, port);
  } else if (kind < 55) {
    append(m, "Invalid user {} from {} port {}", user, from, port);
  } else if (kind < 62) {
    append(m, "Accepted publickey for {} from {} port {} ssh2: ED25519 SHA256:{:016x}{:016x}", user,
           from, port, random_.next(), random_.next());
  } else if (kind < 66) {
    append(m, "Accepted password for {} from {} port {} ssh2", user, from, port);
  } else if (kind < 74) {
    append(m, "Connection closed by authenticating user {} {} port {} [preauth]", user, from, port);
  } else if (kind < 80) {
    append(m, "Disconnected from user {} {} port {}", user, from, port);
  } else if (kind < 92) {
    append(m,
           "{:>8} : TTY=pts/{} ; PWD=/home/{} ; USER=root ; COMMAND=/usr/bin/systemctl status {}",
           user, random_.below(8), user, random_.pick(kPrograms));
  } else if (kind < 94) {
    append(m,
           "{:>8} : {} incorrect password attempts ; TTY=pts/0 ; PWD=/home/{} ; USER=root ; "
           "COMMAND=/bin/bash",
           user, 1 + random_.below(3), user);
  } else {
    append(m, "pam_unix(su:session): session opened for user root(uid=0) by {}(uid={})", user,
           1000 + random_.below(50));
  }
}

void Corpus::make_matching(Line& line) {
  MatchingLine match;
  match.second = std::chrono::floor<std::chrono::seconds>(line.time).time_since_epoch().count();
  const auto per_correlation = options_.patterns / options_.correlations;
  if (random_.chance(0.6)) {
    auto& burst = bursts_[random_.below(bursts_.size())];
    if (burst.left == 0) {
      burst = {random_.below(options_.correlations), random_.below(options_.sources),
               options_.threshold + 1 + random_.below(7)};
    }
    --burst.left;
    match.pattern = burst.correlation * per_correlation + random_.below(per_correlation);
    match.source = burst.source;
  } else {
    match.pattern = random_.below(options_.patterns);
    match.source = random_.below(options_.sources);
  }
  line.host = address(match.source);
  auto pattern = patterns_[match.pattern];
  if (random_.chance(0.2)) {
    std::transform(pattern.begin(), pattern.end(), pattern.begin(),
                   [](char c) { return 'a' <= c && c <= 'z' ? static_cast<char>(c - 32) : c; });
  }
  // Somewhere in the words, never glued to them.
  const auto space = line.message.find(' ', random_.below(60));
  if (space == std::string::npos) {
    line.message += ' ' + pattern;
  } else {
    line.message.insert(space, ' ' + pattern);
  }
  matching_.push_back(match);
}

Line Corpus::make_line(Micros time) {
  Line line;
  line.time = time;
  line.host =
      fmt::format("{}-{:03}.example.net", random_.chance(0.5) ? "web" : "db", random_.below(500));
  line.pid = 300 + random_.below(60000);
  if (options_.kind == "auth" || random_.chance(0.05)) {
    make_auth(line);
  } else {
    line.program = random_.pick(kPrograms);
    line.priority = 8 * (1 + random_.below(20)) + 3 + random_.below(4);
    // A long tail, with a mean that makes whole lines about 180 bytes.
    const auto length = random_.chance(0.1) ? 160 + random_.below(280) : 45 + random_.below(90);
    fill_words(line.message, length);
  }
  return line;
}

void Corpus::append_rfc3164(std::string& out, const Line& line) {
  const auto day = std::chrono::floor<date::days>(line.time);
  const date::year_month_day ymd{day};
  const date::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(line.time) - day};
  append(out, "<{}>{} {:2} {:02}:{:02}:{:02} {} {}[{}]: {}\n", line.priority,
         kMonths[static_cast<unsigned>(ymd.month()) - 1], static_cast<unsigned>(ymd.day()),
         clock.hours().count(), clock.minutes().count(), clock.seconds().count(), line.host,
         line.program, line.pid, line.message);
}

void Corpus::append_rfc5424(std::string& out, const Line& line, bool matching) {
  const auto second = std::chrono::floor<std::chrono::seconds>(line.time);
  const auto day = std::chrono::floor<date::days>(second);
  const date::year_month_day ymd{day};
  const date::hh_mm_ss clock{second - day};
  // Matching lines keep to whole seconds, as all RFC 3164 lines do, so that hits arrive in the
  // order of their times and a program need not sort to count right.
  const auto micros = matching ? 0 : (line.time - second).count();
  append(out, "<{}>1 {:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z {} {} {} ", line.priority,
         static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
         static_cast<unsigned>(ymd.day()), clock.hours().count(), clock.minutes().count(),
         clock.seconds().count(), micros, line.host, line.program, line.pid);
  if (random_.chance(0.3)) {
    append(out, "ID{} [meta@32473 sequenceId=\"{}\" sysUpTime=\"{}\"] {}\n", random_.below(100),
           random_.below(1'000'000), random_.below(10'000'000), line.message);
  } else {
    append(out, "- - {}\n", line.message);
  }
}

void Corpus::write_lines(std::ostream& out) {
  const Micros start = date::sys_days{date::year{2026} / 11 / 2} + std::chrono::hours(10);
  std::string buffer;
  for (std::uint64_t i = 0; i < options_.lines; ++i) {
    auto line = make_line(start + std::chrono::microseconds(i * 1'000'000 / options_.lines_per_s));
    const bool matching = random_.chance(options_.matching);
    if (matching) make_matching(line);
    if (random_.chance(0.65)) {
      append_rfc3164(buffer, line);
    } else {
      append_rfc5424(buffer, line, matching);
    }
    if (buffer.size() > (1U << 20) || i + 1 == options_.lines) {
      out.write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      bytes_ += buffer.size();
      buffer.clear();
    }
  }
}

// Incidents: a run of a group's hits without a gap of a window or more, in which some trailing
// window (t - W, t] holds at least `threshold` of them, is one.
std::uint64_t expected_incidents(const Options& options, std::span<const MatchingLine> matching) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::int64_t>> groups;
  const auto per_correlation = options.patterns / options.correlations;
  for (const auto& m : matching) {
    const auto correlation = m.pattern / per_correlation;
    if (correlation < options.correlations) groups[{correlation, m.source}].push_back(m.second);
  }
  std::uint64_t incidents = 0;
  for (auto& [group, times] : groups) {
    std::sort(times.begin(), times.end());
    bool fired = false;
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (i > 0 && times[i] - times[i - 1] >= options.window_s) fired = false;
      const auto count = static_cast<std::uint32_t>(
          std::count_if(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                        [&](std::int64_t t) { return t > times[i] - options.window_s; }));
      if (!fired && count >= options.threshold) {
        fired = true;
        ++incidents;
      }
    }
  }
  return incidents;
}

void write_rules(std::ostream& out, const Options& options, std::span<const std::string> patterns) {
  std::string text;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    append(text, "title: Literal {0}\nid: 00000000-0000-4000-8000-{0:012}\nname: literal_{0:05}\n",
           i);
    append(text, "status: test\nlogsource:\n  product: linux\n");
    append(text, "detection:\n  selection:\n    message|contains: '{}'\n", patterns[i]);
    append(text, "  condition: selection\nlevel: low\n---\n");
  }
  const auto per_correlation = patterns.size() / options.correlations;
  for (std::size_t c = 0; c < options.correlations; ++c) {
    append(text, "title: Burst {0}\nid: 00000000-0000-4000-9000-{0:012}\nname: burst_{0:05}\n", c);
    append(text, "status: test\ncorrelation:\n  type: event_count\n  rules:\n");
    for (std::size_t i = c * per_correlation; i < (c + 1) * per_correlation; ++i) {
      append(text, "    - literal_{:05}\n", i);
    }
    append(text, "  group-by:\n    - host.name\n  timespan: {}s\n  condition:\n    gte: {}\n",
           options.window_s, options.threshold);
    append(text, "level: high\n{}", c + 1 < options.correlations ? "---\n" : "");
  }
  out << text;
}

// What makes the lines of programs without a decoder "product: linux", as the rules ask for.
void write_decoders(std::ostream& out) {
  out << "# The programs of the benchmark's log that no shipped decoder knows.\nprogram:\n";
  for (const auto program : kPrograms) out << "  - " << program << '\n';
  out << "logsource: {product: linux, service: bench}\n";
}

void parse_options(CLI::App& app, Options& options) {
  app.add_option("--out", options.out,
                 "directory for corpus.log, patterns.txt, rules/, decoders/ and expected.json")
      ->required();
  app.add_option("--lines", options.lines, "log lines")->capture_default_str();
  app.add_option("--kind", options.kind,
                 "mixed: many programs; auth: only sshd, sudo and su, which decoders read")
      ->check(CLI::IsMember({"mixed", "auth"}))
      ->capture_default_str();
  app.add_option("--patterns", options.patterns, "literals, one rule each")->capture_default_str();
  app.add_option("--matching", options.matching, "share of lines that match")
      ->capture_default_str();
  app.add_option("--sources", options.sources, "hosts of matching lines")->capture_default_str();
  app.add_option("--correlations", options.correlations,
                 "event_count correlations; the rules are dealt out among them")
      ->capture_default_str();
  app.add_option("--threshold", options.threshold, "hits that open an incident")
      ->capture_default_str();
  app.add_option("--window", options.window_s, "seconds of a correlation")->capture_default_str();
  app.add_option("--seed", options.seed, "another log of the same kind")->capture_default_str();
}

bool write_all(const Options& options) {
  const std::filesystem::path out(options.out);
  std::filesystem::create_directories(out / "rules");
  std::ofstream log(out / "corpus.log", std::ios::binary);
  Corpus corpus(options);
  corpus.write_lines(log);
  std::ofstream patterns(out / "patterns.txt");
  for (const auto& p : corpus.patterns()) patterns << p << '\n';
  std::ofstream rules(out / "rules" / "literals.yml");
  write_rules(rules, options, corpus.patterns());
  std::filesystem::create_directories(out / "decoders");
  std::ofstream decoders(out / "decoders" / "programs.yaml");
  write_decoders(decoders);
  std::ofstream expected(out / "expected.json");
  expected << fmt::format(
      "{{\"lines\": {}, \"bytes\": {}, \"matching\": {}, \"incidents\": {}, \"patterns\": {}, "
      "\"correlations\": {}, \"threshold\": {}, \"window_s\": {}, \"year\": 2026}}\n",
      options.lines, corpus.bytes(), corpus.matching().size(),
      expected_incidents(options, corpus.matching()), options.patterns, options.correlations,
      options.threshold, options.window_s);
  for (auto* file : {&log, &patterns, &rules, &decoders, &expected}) {
    file->flush();
    if (!*file) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Writes a deterministic log, Sigma rules for it, and what they must find.");
  parse_options(app, options);
  CLI11_PARSE(app, argc, argv);
  if (options.correlations == 0 || options.correlations > options.patterns) {
    std::cerr << "bench_corpus: --correlations must be between 1 and --patterns\n";
    return 2;
  }
  if (!write_all(options)) {
    std::cerr << "bench_corpus: cannot write to " << options.out << ": is the disk full?\n";
    return 1;
  }
  return 0;
}
