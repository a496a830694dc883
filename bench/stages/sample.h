// The records that all stage benchmarks read, and how they report: events per second and
// nanoseconds per event of CPU time. About 180 bytes a syslog line and 780 a JSON record.
#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vakt::bench {

inline constexpr std::size_t kSampleRecords = 2000;  // more than fits the second-level cache

inline const std::vector<std::string>& syslog_lines() {
  static const auto lines = [] {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < kSampleRecords; ++i) {
      const auto message = fmt::format(
          "session {} of client {:08x} closed after {} ms: upstream timeout while reading response "
          "header",
          i, i * 2654435761U % 0xFFFFFFFF, i * 7919 % 10000);
      if (i % 100 < 65) {
        out.push_back(
            fmt::format("<134>Nov {:2} 10:{:02}:{:02} web-{:03}.example.net nginx[{}]: {}",
                        1 + i % 28, i / 60 % 60, i % 60, i % 500, 300 + i, message));
      } else {
        out.push_back(fmt::format(
            "<134>1 2026-11-{:02}T10:{:02}:{:02}.{:06}Z web-{:03}.example.net nginx {} ID{} "
            "[meta@32473 sequenceId=\"{}\"] {}",
            1 + i % 28, i / 60 % 60, i % 60, i * 499, i % 500, 300 + i, i % 100, i, message));
      }
    }
    return out;
  }();
  return lines;
}

// What sshd and sudo write: every line is decoded.
inline const std::vector<std::string>& auth_lines() {
  static const auto lines = [] {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < kSampleRecords; ++i) {
      const auto head = fmt::format("<38>Nov {:2} 10:{:02}:{:02} db-{:03}.example.net", 1 + i % 28,
                                    i / 60 % 60, i % 60, i % 500);
      switch (i % 5) {
        case 0:
          out.push_back(
              fmt::format("{} sshd[{}]: Failed password for invalid user u{} from "
                          "192.0.2.{} port {} ssh2",
                          head, i, i, i % 250, 1024 + i));
          break;
        case 1:
          out.push_back(
              fmt::format("{} sshd[{}]: Failed password for root from 192.0.2.{} port {} "
                          "ssh2",
                          head, i, i % 250, 1024 + i));
          break;
        case 2:
          out.push_back(
              fmt::format("{} sshd[{}]: Accepted publickey for alice from 192.0.2.{} port "
                          "{} ssh2: ED25519 SHA256:{:040x}",
                          head, i, i % 250, 1024 + i, i));
          break;
        case 3:
          out.push_back(fmt::format("{} sshd[{}]: Disconnected from user bob 192.0.2.{} port {}",
                                    head, i, i % 250, 1024 + i));
          break;
        default:
          out.push_back(
              fmt::format("{} sudo:    alice : TTY=pts/{} ; PWD=/home/alice ; USER=root ; "
                          "COMMAND=/usr/bin/systemctl status nginx",
                          head, i % 8));
      }
    }
    return out;
  }();
  return lines;
}

// Like Sysmon's process creation in ECS.
inline const std::vector<std::string>& json_records() {
  static const auto records = [] {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < kSampleRecords; ++i) {
      out.push_back(fmt::format(
          R"({{"@timestamp":"2026-11-{:02}T10:{:02}:{:02}.{:03}Z","event":{{"code":"1",)"
          R"("provider":"Microsoft-Windows-Sysmon","kind":"event","category":["process"],)"
          R"("action":"Process Create"}},"host":{{"name":"WS{:04}","os":{{"type":"windows"}}}},)"
          R"("process":{{"pid":{},"executable":"C:\\Windows\\System32\\svchost{}.exe",)"
          R"("command_line":"C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Task{}",)"
          R"("working_directory":"C:\\Windows\\system32\\","hash":{{"sha256":"{:064x}"}},)"
          R"("parent":{{"pid":{},"executable":"C:\\Windows\\System32\\services.exe",)"
          R"("command_line":"C:\\Windows\\system32\\services.exe"}}}},"user":{{"name":"SYSTEM",)"
          R"("domain":"NT AUTHORITY","id":"S-1-5-18"}},"winlog":{{"record_id":{},"task":)"
          R"("Process Create","channel":"Microsoft-Windows-Sysmon/Operational"}}}})",
          1 + i % 28, i / 60 % 60, i % 60, i % 1000, i % 5000, 400 + i, i % 40, i, i * 7919,
          300 + i, 100000 + i));
    }
    return out;
  }();
  return records;
}

inline std::uint64_t bytes_of(const std::vector<std::string>& records) {
  std::uint64_t bytes = 0;
  for (const auto& r : records) bytes += r.size();
  return bytes;
}

// `events` and `bytes` of the whole measurement.
inline void report(benchmark::State& state, std::uint64_t events, std::uint64_t bytes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["per_event"] = benchmark::Counter(
      static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

inline void report(benchmark::State& state, const std::vector<std::string>& records) {
  const auto rounds = static_cast<std::uint64_t>(state.iterations());
  report(state, rounds * records.size(), rounds * bytes_of(records));
}

}  // namespace vakt::bench
