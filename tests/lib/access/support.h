// Users, random-looking bytes and checks that the tests of this folder share.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "access/user.h"
#include "base/result.h"
#include "base/time.h"

namespace vakt::access {

inline const Time kNow = from_unix_seconds(1'800'000'000);

// Bytes that look random and are the same in every run.
inline std::string noise(std::size_t size, unsigned seed = 1) {
  std::uint64_t state = 0x9E3779B97F4A7C15u * (seed + 1);
  std::string out;
  while (out.size() < size) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    out += static_cast<char>(state >> 56);
  }
  return out;
}

inline User user(std::string name, Roles roles, bool disabled = false) {
  User out;
  out.name = std::move(name);
  out.display_name = "A Person";
  out.roles = roles;
  out.disabled = disabled;
  out.created = out.changed = kNow;
  return out;
}

// An error of this kind, with a text for people that does not hold `secret`.
template <class T>
void expect_refused(const Result<T>& result, Errc code, std::string_view secret,
                    std::string_view part = "") {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_GE(result.error().message.size(), 15u);
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  ASSERT_FALSE(secret.empty());
  EXPECT_EQ(result.error().message.find(secret), std::string::npos) << result.error().message;
}

// Decodes from an exact-size heap block, so that a read past the end is seen by ASan.
template <class Decode>
auto decoded(const Decode& decode, std::string_view bytes) {
  const std::unique_ptr<char[]> copy(new char[bytes.size()]);
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return decode(std::string_view(copy.get(), bytes.size()));
}

// Every proper prefix, every other version and every suffix are refused; a changed byte is refused
// or is another record that encodes to those very bytes.
template <class Decode>
void expect_strict(const std::string& bytes, const Decode& decode) {
  const auto back = decoded(decode, bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(encode(*back), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(decoded(decode, bytes.substr(0, size))) << "prefix " << size;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bits = 1; bits < 256; ++bits) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ bits);
      const auto other = decoded(decode, changed);
      ASSERT_TRUE(!other || (at > 0 && encode(*other) == changed)) << at << " ^ " << bits;
      if (!other) {
        ASSERT_EQ(other.error().code, Errc::corrupt);
      }
    }
  }
  ASSERT_FALSE(decoded(decode, bytes + '\0'));
  const auto newer = decoded(decode, '\x02' + bytes.substr(1));
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().message.find("version 2, this program reads 1"), std::string::npos);
  EXPECT_FALSE(decoded(decode, bytes + std::string(100'000, '\0')));
}

}  // namespace vakt::access
