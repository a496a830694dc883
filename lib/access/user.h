// Users: the stored record and what may be done to it. Nothing is changed when a change is refused.
// Pure; the caller stores what changed, and ends the user's sessions (session.h) after a new
// password and after disabling.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "access/role.h"
#include "base/result.h"
#include "base/time.h"

namespace vakt::access {

inline constexpr std::size_t kUserNameBytesMax = 64;
inline constexpr std::size_t kDisplayNameBytesMax = 128;
inline constexpr std::size_t kEmailBytesMax = 254;  // RFC 5321 section 4.5.3.1.3

struct User {
  std::string name;  // is_user_name(); never changes
  std::string display_name;
  std::optional<std::string> email;
  Roles roles;                          // at least one
  std::optional<std::string> password;  // PHC string (phc.h); none: cannot log in by password
  bool disabled = false;
  Time created;
  Time changed;  // anything but the last login
  std::optional<Time> password_changed;
};

// Lower-case letters, digits and ". _ - @", 1 to 64, a letter or a digit first. Not "vakt": under
// that name detection itself writes to timelines.
bool is_user_name(std::string_view text);

struct NewUser {
  std::string name;
  std::string display_name;  // 1 to 128 bytes, one line
  std::optional<std::string> email;
  Roles roles;
};

// `everybody` is all users as stored; the one to be changed may be among them.
using Users = std::span<const User>;

// Without a password. Errors: invalid, conflict (the name is taken).
Result<User> create_user(const NewUser& wanted, Users everybody, Time now);
// The last enabled administrator keeps that role, and stays enabled: Errc::conflict.
Result<void> set_roles(User& user, Roles roles, Users everybody, Time now);
Result<void> disable(User& user, Users everybody, Time now);
void enable(User& user, Time now);
// Checks the policy of password.h; takes as long as hashing does. `salt`: fresh random bytes.
Result<void> set_password(User& user, std::string_view password, std::string_view salt, Time now);

// Is this the password of the user, who may log in? Takes the same time for nobody (nullptr), for
// somebody disabled or without a password, and for a wrong password (see verify_nobody).
Result<bool> matches(const User* user, std::string_view password);

// Version 1; the layout is in README.md. Decoding takes only what encode() writes: Errc::corrupt.
std::string encode(const User& user);
Result<User> decode_user(std::string_view bytes);

}  // namespace vakt::access
