// The decoders that Vakt ships, on lines as programs write them and as attackers forge them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "lib/normalise/decode_fixture.h"
#include "normalise/decoder_file.h"
#include "parse/syslog.h"

namespace vakt::normalise {
namespace {

const Loaded& shipped() {
  static const auto loaded = Loaded::shipped();
  return *loaded;
}

Fields ssh(const char* outcome, const char* method, const char* user, const char* ip,
           const char* port) {
  return {{"event.action", "ssh_login"},
          {"event.outcome", outcome},
          {"event.category", "authentication"},
          {"sshd.method", method},
          {"user.name", user},
          {"source.ip", ip},
          {"source.port", port}};
}

struct Row {
  const char* program;
  std::string message;
  Fields fields;  // empty: not decoded
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    EXPECT_EQ(decode(shipped(), row.program, row.message).fields, row.fields)
        << row.program << ": " << row.message;
}

TEST(Shipped, LoadWithoutComplaint) { EXPECT_EQ(shipped().complaints(), ""); }

// Loading tries each example on its decoder; here each goes the whole way, under every program.
TEST(Shipped, EveryExampleIsDecodedForEveryProgramOfItsFile) {
  Diagnostics diagnostics;
  std::size_t examples = 0;
  const auto files = read_paths({std::string(VAKT_SOURCE_DIR) + "/rules/decoders"}, diagnostics);
  for (const DecoderSource& file : files) {
    for (const Section& section : read_sections(file, diagnostics)) {
      std::vector<std::string> programs = section.programs;
      if (section.all_programs) programs = {"sshd", "sudo", "su", "cron", "somethingelse"};
      for (const ReadDecoder& read : section.decoders) {
        EXPECT_FALSE(read.examples.empty()) << read.decoder.name;
        for (const Example& example : read.examples) {
          for (const std::string& program : programs) {
            const Decoded got = decode(shipped(), program, example.message);
            Captures captured;
            ASSERT_TRUE(read.decoder.match(unwrap_repeated(example.message), captured));
            for (const auto& c : read.decoder.captures) {
              if (captured[c.group].data() == nullptr)
                EXPECT_EQ(got.fields.count(c.field_name), 0u) << read.decoder.name;
              else
                EXPECT_EQ(got.fields.at(c.field_name), captured[c.group].as_string());
            }
            for (const auto& c : read.decoder.constants)
              EXPECT_EQ(got.fields.at(c.field_name),
                        read.decoder.constant_text.substr(c.begin, c.size));
            ++examples;
          }
        }
      }
    }
  }
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_GT(examples, 100u);
}

TEST(Shipped, Sshd) {
  check({
      {"sshd", "Failed password for root from 203.0.113.9 port 51022 ssh2",
       ssh("failure", "password", "root", "203.0.113.9", "51022")},
      {"SSHD", "Failed password for root from 203.0.113.9 port 51022",
       ssh("failure", "password", "root", "203.0.113.9", "51022")},
      {"sshd-session", "Failed none for invalid user  from 203.0.113.9 port 51022 ssh2",
       ssh("failure", "none", "", "203.0.113.9", "51022")},
      {"sshd", "Failed password for invalid user invalid user from 203.0.113.9 port 1 ssh2",
       ssh("failure", "password", "invalid user", "203.0.113.9", "1")},
      {"sshd", "Failed password for invalid from 203.0.113.9 port 1 ssh2",
       ssh("failure", "password", "invalid", "203.0.113.9", "1")},
      {"sshd", "Failed password for invalid user \xC3\xBCser from ::ffff:203.0.113.9 port 1 ssh2",
       ssh("failure", "password", "\xC3\xBCser", "::ffff:203.0.113.9", "1")},
      {"sshd",
       "Accepted publickey for git from 203.0.113.9 port 1 ssh2: RSA-CERT SHA256:aa ID some body "
       "(serial 0) CA RSA SHA256:bb",
       ssh("success", "publickey", "git", "203.0.113.9", "1")},
      {"sshd", "message repeated 3 times: [ Accepted password for git from 203.0.113.9 port 1]",
       ssh("success", "password", "git", "203.0.113.9", "1")},
      {"sshd", "Server listening on 0.0.0.0 port 22.", {}},
      {"sshd", "", {}},
      {"sshd", "Failed", {}},
      {"sshd", "Failed ", {}},
      {"sshd", "Connection closed by UNKNOWN port 65535 [preauth]", {}},
      {"sshdx", "Failed password for root from 203.0.113.9 port 51022 ssh2", {}},
      {"", "Failed password for root from 203.0.113.9 port 51022 ssh2", {}},
  });
}

TEST(Shipped, NobodyForgesAnAddress) {
  const std::string forged = "root from 1.2.3.4 port 22 ssh2";
  check({
      {"sshd", "Failed password for invalid user " + forged + " from 5.6.7.8 port 99 ssh2",
       ssh("failure", "password", forged.c_str(), "5.6.7.8", "99")},
      {"sshd",
       "message repeated 2 times: [ Failed password for invalid user " + forged +
           " from 5.6.7.8 port 99 ssh2]",
       ssh("failure", "password", forged.c_str(), "5.6.7.8", "99")},
      // The wrapper itself as a user name: what counts is the message's own start and end.
      {"sshd",
       "Failed password for invalid user message repeated 2 times: [ Failed password for x from "
       "1.2.3.4 port 2 ssh2] from 5.6.7.8 port 99 ssh2",
       ssh("failure", "password",
           "message repeated 2 times: [ Failed password for x from 1.2.3.4 port 2 ssh2]", "5.6.7.8",
           "99")},
      {"sshd",
       "Failed publickey for invalid user x from 1.2.3.4 port 22 ssh2: RSA SHA256:aa ID y from "
       "5.6.7.8 port 99 ssh2: RSA-CERT SHA256:cc ID z (serial 0) CA RSA SHA256:dd",
       ssh("failure", "publickey", "x from 1.2.3.4 port 22 ssh2: RSA SHA256:aa ID y", "5.6.7.8",
           "99")},
      // A line break in a name (a sender that does not escape) hides nothing behind it.
      {"sshd",
       "Failed password for invalid user a\nb from 1.2.3.4 port 1 ssh2\n from 5.6.7.8 port "
       "99 ssh2",
       ssh("failure", "password", "a\nb from 1.2.3.4 port 1 ssh2\n", "5.6.7.8", "99")},
      {"sshd",
       "Failed password for invalid user Accepted password for root from 1.2.3.4 port 1 "
       "ssh2 from 5.6.7.8 port 99 ssh2",
       ssh("failure", "password", "Accepted password for root from 1.2.3.4 port 1 ssh2", "5.6.7.8",
           "99")},
      // Nothing after the end that sshd writes.
      {"sshd", "Accepted password for root from 1.2.3.4 port 1 ssh2 and more", {}},
      {"sshd", " Accepted password for root from 1.2.3.4 port 1 ssh2", {}},
      {"sshd", "x Accepted password for root from 1.2.3.4 port 1 ssh2", {}},
  });
}

TEST(Shipped, Sudo) {
  const Fields refused{{"event.action", "sudo"},
                       {"event.outcome", "failure"},
                       {"event.category", "authentication"},
                       {"user.name", "alice"},
                       {"user.effective.name", "root"},
                       {"event.reason", "1 incorrect password attempt"},
                       {"process.command_line", "/bin/echo bob : TTY=x ; USER=eve ; COMMAND=y"}};
  check({
      {"sudo",
       "  alice : 1 incorrect password attempt ; TTY=pts/0 ; PWD=/ ; USER=root ; "
       "COMMAND=/bin/echo bob : TTY=x ; USER=eve ; COMMAND=y",
       refused},
      {"sudo", "pam_unix(sudo:auth): conversation failed", {}},
      {"sudo", "alice : problem with defaults entries ; TTY=pts/0 ; PWD=/ ; USER=root ; ", {}},
  });
}

TEST(Shipped, Su) {
  const auto su = [](const char* action, const char* outcome, const char* user,
                     const char* target) {
    return Fields{{"event.action", action},
                  {"event.outcome", outcome},
                  {"event.category", "authentication"},
                  {"user.name", user},
                  {"user.effective.name", target}};
  };
  check({
      {"su", "Successful su for root by alice", su("su", "success", "alice", "root")},
      {"su", "FAILED su for root by alice by bob", su("su", "failure", "bob", "root by alice")},
      {"su", "Successful su for root by alice by bob", {}},
      {"su", "(to root) alice", {}},
  });
}

std::vector<event::LogSource> labels_of(const char* program, const char* message = "hello") {
  return decode(shipped(), program, message).labels;
}

TEST(Shipped, LogSources) {
  const event::LogSource auth{"linux", "", "auth"};
  const event::LogSource sshd{"linux", "", "sshd"};
  const event::LogSource cron{"linux", "", "cron"};
  using Labels = std::vector<event::LogSource>;
  EXPECT_EQ(labels_of("sshd"), (Labels{auth, sshd}));
  EXPECT_EQ(labels_of("SSHD-Session"), (Labels{auth, sshd}));
  EXPECT_EQ(labels_of("CRON"), (Labels{cron}));
  EXPECT_EQ(labels_of("nginx"), Labels{});
  // PAM speaks under the program's name: the line has the labels of both.
  const char* pam = "pam_unix(x:session): session closed for user root";
  EXPECT_EQ(labels_of("cron", pam), (Labels{auth, cron}));
  EXPECT_EQ(labels_of("nginx", pam), (Labels{auth}));
  EXPECT_EQ(labels_of("sshd", pam), (Labels{auth, sshd}));
}

TEST(Shipped, LogSourcesAddToTheListeners) {
  const event::LogSource ours{"linux", "", "dmz"};
  const auto loaded = Loaded::shipped({ours});
  using Labels = std::vector<event::LogSource>;
  EXPECT_EQ(decode(*loaded, "nginx", "hello").labels, (Labels{ours}));
  EXPECT_EQ(decode(*loaded, "cron", "hello").labels, (Labels{{"linux", "", "cron"}, ours}));
}

TEST(Shipped, PresentValuesAreKept) {
  const Fields own{{"source.ip", "10.0.0.1"}, {"event.outcome", "unknown"}};
  const Decoded got =
      decode(shipped(), "sshd", "Failed password for root from 203.0.113.9 port 51022 ssh2", own);
  Fields want = ssh("failure", "password", "root", "203.0.113.9", "51022");
  want.erase("source.ip");
  want.erase("event.outcome");
  EXPECT_EQ(got.fields, want);
}

// Needs the test data: the real log of a server under attack.
TEST(Shipped, AuthLogOfARealServer) {
  const char* data = std::getenv("VAKT_TEST_DATA");
  const std::string folder =
      data != nullptr ? data : std::string(VAKT_SOURCE_DIR) + "/../shared/data";
  std::ifstream in(folder + "/logs/auth.log");
  if (!in) GTEST_SKIP() << "no test data in " << folder << " (set VAKT_TEST_DATA)";
  std::map<std::string, int> seen;
  std::string line;
  while (std::getline(in, line)) {
    const parse::SyslogContext context{from_unix_seconds(1'500'000'000), 2017, nullptr};
    const auto header = parse::parse_syslog(line, context);
    const Decoded got = decode(shipped(), header.app_name, header.message);
    const auto value = [&](const char* name) {
      const auto it = got.fields.find(name);
      return it == got.fields.end() ? std::string() : it->second;
    };
    if (value("event.action").empty()) continue;
    ++seen[value("event.action") + " " + value("event.outcome")];
    if (value("event.action") == "ssh_login") ++seen["with address " + value("event.outcome")];
  }
  EXPECT_EQ(seen["ssh_login failure"], 717);
  EXPECT_EQ(seen["with address failure"], 717);
  EXPECT_EQ(seen["su success"], 9);
  EXPECT_EQ(seen["su_terminal success"], 9);
  EXPECT_EQ(seen["sudo failure"], 0);
  EXPECT_GT(seen["ssh_login success"], 200);
  EXPECT_GT(seen["sudo success"], 150);
  EXPECT_GT(seen["pam_session_opened success"], 1200);
}

}  // namespace
}  // namespace vakt::normalise
