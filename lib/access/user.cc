#include "access/user.h"

#include <fmt/format.h>

#include <algorithm>

#include "access/password.h"
#include "access/phc.h"
#include "access/record.h"

namespace vakt::access {
namespace {

constexpr std::uint8_t kUserVersion = 1;

enum UserFlag : std::uint8_t {
  kDisabled = 1 << 0,
  kHasEmail = 1 << 1,
  kHasPassword = 1 << 2,
};

// Enough to keep it out of mail headers and terminals; whether it reaches anybody only mail tells.
bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  return is_plain_text(text, 3, kEmailBytesMax) && at != std::string_view::npos && at > 0 &&
         at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos &&
         text.find_first_of(" \"'<>(),;:\\[]") == std::string_view::npos;
}

Result<void> check_fields(const NewUser& user) {
  if (!is_user_name(user.name))
    return fail(Errc::invalid,
                fmt::format("a user's name has 1 to {} lower-case letters, digits and . _ - @, "
                            "begins with a letter or a digit, and is not \"vakt\"",
                            kUserNameBytesMax));
  if (!is_plain_text(user.display_name, 1, kDisplayNameBytesMax))
    return fail(Errc::invalid,
                fmt::format("a display name is one line of 1 to {} bytes of UTF-8 without control "
                            "characters",
                            kDisplayNameBytesMax));
  if (user.email && !is_email(*user.email))
    return fail(Errc::invalid,
                fmt::format("an e-mail address is name@host, at most {} bytes", kEmailBytesMax));
  if (user.roles.empty())
    return fail(Errc::invalid, "a user has at least one role: disable whoever is to have none");
  return {};
}

bool is_active_admin(const User& user) {
  return !user.disabled && user.roles.contains(Role::admin);
}

Result<void> keep_an_admin(const User& user, Users everybody) {
  if (!is_active_admin(user)) return {};
  const bool another = std::any_of(everybody.begin(), everybody.end(), [&](const User& other) {
    return other.name != user.name && is_active_admin(other);
  });
  if (another) return {};
  return fail(
      Errc::conflict,
      fmt::format("{} is the last enabled administrator: make somebody else one first", user.name));
}

}  // namespace

bool is_user_name(std::string_view text) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view kFurther = "abcdefghijklmnopqrstuvwxyz0123456789._-@";
  return !text.empty() && text.size() <= kUserNameBytesMax &&
         kFirst.find(text[0]) != std::string_view::npos &&
         text.find_first_not_of(kFurther) == std::string_view::npos && text != "vakt";
}

Result<User> create_user(const NewUser& wanted, Users everybody, Time now) {
  if (const auto ok = check_fields(wanted); !ok) return tl::make_unexpected(ok.error());
  for (const User& other : everybody)
    if (other.name == wanted.name)
      return fail(Errc::conflict, fmt::format("there is a user {} already", wanted.name));
  User user;
  user.name = wanted.name;
  user.display_name = wanted.display_name;
  user.email = wanted.email;
  user.roles = wanted.roles;
  user.created = user.changed = now;
  return user;
}

Result<void> set_roles(User& user, Roles roles, Users everybody, Time now) {
  if (roles.empty())
    return fail(Errc::invalid, fmt::format("{} needs at least one role: disable whoever is to have "
                                           "none",
                                           user.name));
  if (!roles.contains(Role::admin))
    if (const auto ok = keep_an_admin(user, everybody); !ok) return ok;
  user.roles = roles;
  user.changed = now;
  return {};
}

Result<void> disable(User& user, Users everybody, Time now) {
  if (const auto ok = keep_an_admin(user, everybody); !ok) return ok;
  user.disabled = true;
  user.changed = now;
  return {};
}

void enable(User& user, Time now) {
  user.disabled = false;
  user.changed = now;
}

Result<void> set_password(User& user, std::string_view password, std::string_view salt, Time now) {
  if (const auto ok = check_policy(password, user.name); !ok) return ok;
  auto hash = hash_password(password, salt);
  if (!hash) return tl::make_unexpected(hash.error());
  user.password = std::move(*hash);
  user.changed = now;
  user.password_changed = now;
  return {};
}

Result<bool> matches(const User* user, std::string_view password) {
  if (user == nullptr || user->disabled || !user->password) return verify_nobody(password);
  return verify_password(*user->password, password);
}

std::string encode(const User& user) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(kUserVersion);
  writer.u8(static_cast<std::uint8_t>((user.disabled ? kDisabled : 0) |
                                      (user.email ? kHasEmail : 0) |
                                      (user.password ? kHasPassword : 0)));
  writer.bytes(user.name);
  writer.bytes(user.display_name);
  if (user.email) writer.bytes(*user.email);
  if (user.password) writer.bytes(*user.password);
  writer.varint(user.roles.bits());
  write_time(writer, user.created);
  write_time(writer, user.changed);
  write_optional_time(writer, user.password_changed);
  return out;
}

Result<User> decode_user(std::string_view bytes) {
  if (bytes.size() > kRecordBytesMax) return bad_record("user", bytes, kUserVersion);
  ByteReader reader(bytes);
  const bool known = reader.u8() == kUserVersion;
  const std::uint8_t flags = reader.u8();
  User user;
  user.disabled = (flags & kDisabled) != 0;
  user.name = reader.bytes();
  user.display_name = reader.bytes();
  if ((flags & kHasEmail) != 0) user.email = reader.bytes();
  if ((flags & kHasPassword) != 0) user.password = reader.bytes();
  user.roles = Roles::from_bits(reader.varint());
  user.created = read_time(reader);
  user.changed = read_time(reader);
  user.password_changed = read_optional_time(reader);
  // Encoding again finds what reading forgives: unknown flags and roles, longer numbers.
  if (!known || !reader.ok() || !reader.at_end() || encode(user) != bytes ||
      !check_fields({user.name, user.display_name, user.email, user.roles}) ||
      (user.password && !parse_phc(*user.password)))
    return bad_record("user", bytes, kUserVersion);
  return user;
}

}  // namespace vakt::access
