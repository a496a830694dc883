// Decoding allocates nothing for lines as programs write them, and survives what attackers write.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "lib/normalise/counted_new.h"
#include "lib/normalise/decode_fixture.h"
#include "normalise/decoder.h"

namespace vakt::normalise {
namespace {

const Loaded& shipped() {
  static const auto loaded = Loaded::shipped();
  return *loaded;
}

void fill(event::Batch& batch, std::string_view program, std::string_view message) {
  batch.add(message);
  batch.add_field(event::kProcessName, event::ValueKind::string, program);
  batch.add_field(event::kMessage, event::ValueKind::string, message);
  shipped().decoders->decode(batch, 0);
}

TEST(DataPlane, DecodingAllocatesNothingAfterWarmUp) {
  const std::vector<std::pair<const char*, const char*>> lines{
      {"sshd", "Failed password for root from 203.0.113.9 port 51022 ssh2"},
      {"sshd", "Failed password for invalid user admin from 2001:db8::7 port 51022 ssh2"},
      {"sshd", "message repeated 5 times: [ Failed password for x from 203.0.113.9 port 5 ssh2]"},
      {"sshd", "Accepted password for alice from 203.0.113.9 port 51022 ssh2"},
      {"sshd", "Connection closed by 203.0.113.9 port 51022 [preauth]"},
      {"sshd", "Received disconnect from 203.0.113.9 port 51022:11: Bye Bye [preauth]"},
      {"sshd", "Disconnected from 203.0.113.9 port 51022"},
      {"sshd", "Server listening on 0.0.0.0 port 22."},
      {"CRON", "pam_unix(cron:session): session opened for user root by (uid=0)"},
      {"CRON", "pam_unix(cron:session): session closed for user root"},
      {"su", "Successful su for root by alice"},
      {"sudo", "  alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id"},
      {"kernel", "Linux version 6.1"},
  };
  event::Batch batch(1 << 16, 1000);
  const auto pass = [&] {
    batch.clear();
    for (int i = 0; i < 20; ++i)
      for (const auto& [program, message] : lines) fill(batch, program, message);
  };
  pass();
  pass();
  for (const auto& [program, message] : lines) {
    batch.clear();
    const std::size_t before = allocations();
    fill(batch, program, message);
    EXPECT_EQ(allocations(), before) << program << ": " << message;
  }
}

TEST(DataPlane, CapturesAreViewsConstantsAreTheBatchs) {
  const std::string message = "Failed password for root from 203.0.113.9 port 51022 ssh2";
  event::Batch batch(1024, 1);
  fill(batch, "sshd", message);
  for (const event::Field& f : batch.fields(batch.events().front())) {
    if (f.id != event::kSourceIp && f.id != event::kUserName) continue;
    EXPECT_GE(f.text.data(), message.data());
    EXPECT_LE(f.text.data() + f.text.size(), message.data() + message.size());
  }
}

TEST(DataPlane, TheBatchOutlivesTheDecoders) {
  auto loaded = Loaded::shipped();
  const std::string message = "Failed password for root from 203.0.113.9 port 51022 ssh2";
  event::Batch batch(1024, 1);
  batch.add(message);
  batch.add_field(event::kProcessName, event::ValueKind::string, "sshd");
  batch.add_field(event::kMessage, event::ValueKind::string, message);
  loaded->decoders->decode(batch, 0);
  loaded.reset();
  EXPECT_EQ(batch.find(batch.events().front(), event::kEventAction)->text, "ssh_login");
}

TEST(DataPlane, EventsWithoutProgramOrMessageOnlyGetTheirRoute) {
  event::Batch batch(1024, 3);
  batch.add("a");
  shipped().decoders->decode(batch, 0);
  batch.add("b");
  batch.add_field(event::kProcessName, event::ValueKind::string, "sshd");
  shipped().decoders->decode(batch, 0);
  batch.add("c");
  batch.add_field(event::kMessage, event::ValueKind::string, "Failed password for");
  shipped().decoders->decode(batch, 0);
  for (const event::Event& e : batch.events()) {
    EXPECT_EQ(e.route, 0u);
    EXPECT_LE(e.field_count, 1u);
  }
}

TEST(DataPlaneDeathTest, ARouteInternedAfterLoadingIsABug) {
  event::Batch batch(64, 1);
  batch.add("a");
  const auto unknown = static_cast<event::RouteId>(shipped().routes.size());
  EXPECT_DEATH(shipped().decoders->decode(batch, unknown), "interned before decoders are loaded");
}

TEST(Unwrap, OnlyTheExactWrapper) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"message repeated 2 times: [ x y]", "x y"},
      {"message repeated 12 times: [x]", "x"},
      {"message repeated 2 times: [  x]", " x"},
      {"message repeated 2 times: []", ""},
      {"message repeated 2 times: [", "message repeated 2 times: ["},
      {"message repeated 2 times: [ x", "message repeated 2 times: [ x"},
      {"message repeated  times: [ x]", "message repeated  times: [ x]"},
      {"message repeated 2x times: [ x]", "message repeated 2x times: [ x]"},
      {"message repeated 2]", "message repeated 2]"},
      {"message repeated ]", "message repeated ]"},
      {"", ""},
      {"]", "]"},
  };
  for (const auto& [in, out] : rows) {
    const auto block = std::make_unique<char[]>(in.size());
    std::memcpy(block.get(), in.data(), in.size());
    EXPECT_EQ(unwrap_repeated({block.get(), in.size()}), out);
  }
}

// Long and nasty, but linear: a quadratic decoder would run for minutes here.
TEST(DataPlane, HostileMessages) {
  const auto repeated = [](std::string_view piece, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += piece;
    return out;
  };
  const std::size_t size = 256 * 1024;
  for (const std::string& message :
       {"Failed password for invalid user " + repeated(" from 1.2.3.4 port 22 ssh2", size),
        "Failed password for " + repeated("a", size), "Failed " + repeated(" for  from ", size),
        "Invalid user " + repeated(" from 1", size) + " from 1.2.3.4 port 5",
        "pam_unix(sshd:auth): authentication failure; " + repeated("rhost=1.2.3.4 user=", size),
        "Disconnected from user " + repeated(" 1.2.3.4 port 1", size),
        repeated(" ", size) + "a : x ; TTY=1", " a : " + repeated("b ; TTY=c ; PWD=", size),
        "message repeated 2 times: [" + repeated("message repeated 2 times: [", size) + "]",
        std::string("Failed \xFF\xFE for \x80 from \xC3 port 1"), std::string(size, '\0')}) {
    for (const char* program : {"sshd", "sudo", "su", "x"}) decode(shipped(), program, message);
  }
  const std::string user = repeated(" from 1.2.3.4 port 22 ssh2", 100'000);
  const Decoded got = decode(shipped(), "sshd",
                             "Failed password for invalid user " + user + " from 5.6.7.8 port 9");
  EXPECT_EQ(got.fields.at("source.ip"), "5.6.7.8");
  EXPECT_EQ(got.fields.at("user.name"), user);
}

}  // namespace
}  // namespace vakt::normalise
