#include "access/user.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "access/password.h"
#include "support.h"

namespace vakt::access {
namespace {

using std::chrono::seconds;

constexpr std::string_view kPassword = "correct horse battery";
const Time kLater = kNow + seconds(60);

TEST(User, Names) {
  for (const std::string& good :
       {std::string("a"), std::string("0"), std::string("anna.lindberg"), std::string("a_b-c@d.se"),
        std::string("vakt2"), std::string(64, 'a')})
    EXPECT_TRUE(is_user_name(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("Anna"), std::string("anna lindberg"), std::string("ånna"),
        std::string(".anna"), std::string("-rf"), std::string("_x"), std::string("@x"),
        std::string("a/b"), std::string("a\n"), std::string("a\0", 2), std::string(65, 'a'),
        std::string("vakt")})
    EXPECT_FALSE(is_user_name(bad)) << bad;
}

TEST(User, Create) {
  const std::vector<User> everybody{user("anna", {Role::admin})};
  const NewUser good{"bert", "Bert Ek", "bert@example.se", {Role::viewer}};
  const auto made = create_user(good, everybody, kNow);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->name, "bert");
  EXPECT_EQ(made->display_name, "Bert Ek");
  EXPECT_EQ(made->email, "bert@example.se");
  EXPECT_EQ(made->roles, Roles{Role::viewer});
  EXPECT_EQ(made->created, kNow);
  EXPECT_EQ(made->changed, kNow);
  EXPECT_FALSE(made->disabled || made->password || made->password_changed);

  struct Row {
    std::string_view part;
    Errc code;
    NewUser wanted;
  };
  const auto with = [&](auto change) {
    NewUser wanted = good;
    change(wanted);
    return wanted;
  };
  const Row rows[] = {
      {"user anna already", Errc::conflict, with([](NewUser& u) { u.name = "anna"; })},
      {"user's name", Errc::invalid, with([](NewUser& u) { u.name = "Bert"; })},
      {"display name", Errc::invalid, with([](NewUser& u) { u.display_name = ""; })},
      {"display name", Errc::invalid, with([](NewUser& u) { u.display_name = "a\x1b[2J"; })},
      {"display name", Errc::invalid, with([](NewUser& u) { u.display_name = "\xff"; })},
      {"display name", Errc::invalid, with([](NewUser& u) { u.display_name = "\u202Ebert"; })},
      {"display name", Errc::invalid,
       with([](NewUser& u) { u.display_name = std::string(129, 'a'); })},
      {"e-mail", Errc::invalid, with([](NewUser& u) { u.email = "bert"; })},
      {"e-mail", Errc::invalid, with([](NewUser& u) { u.email = "a@b@c"; })},
      {"e-mail", Errc::invalid, with([](NewUser& u) { u.email = "@b"; })},
      {"e-mail", Errc::invalid, with([](NewUser& u) { u.email = "bert@"; })},
      {"e-mail", Errc::invalid, with([](NewUser& u) { u.email = "a@b\r\nBcc: c@d"; })},
      {"e-mail", Errc::invalid, with([](NewUser& u) { u.email = "a@b,c"; })},
      {"e-mail", Errc::invalid, with([](NewUser& u) { u.email = std::string(254, 'a') + "@b"; })},
      {"at least one role", Errc::invalid, with([](NewUser& u) { u.roles = {}; })},
  };
  for (const Row& row : rows)
    expect_refused(create_user(row.wanted, everybody, kNow), row.code, kPassword, row.part);
}

// One who could take the others' accounts back has to stay.
TEST(User, LastAdministratorStays) {
  const User anna = user("anna", {Role::admin, Role::analyst});
  const User bert = user("bert", {Role::admin});
  const User gone = user("carl", {Role::admin}, true);
  const User dora = user("dora", {Role::analyst, Role::rule_admin, Role::reporter});
  struct Row {
    std::vector<User> everybody;
    const User& changed;
    bool fine;
  };
  const Row rows[] = {
      {{anna}, anna, false},       {{}, anna, false},
      {{anna, dora}, anna, false}, {{anna, gone, dora}, anna, false},
      {{anna, bert}, anna, true},  {{anna, bert, dora}, dora, true},
      {{anna, gone}, gone, true},
  };
  for (const Row& row : rows) {
    User changed = row.changed;
    const auto disabled = disable(changed, row.everybody, kLater);
    EXPECT_EQ(disabled.has_value(), row.fine);
    EXPECT_EQ(changed.disabled, row.fine || row.changed.disabled);
    changed = row.changed;
    const auto demoted = set_roles(changed, {Role::viewer}, row.everybody, kLater);
    EXPECT_EQ(demoted.has_value(), row.fine);
    EXPECT_EQ(changed.roles, row.fine ? Roles{Role::viewer} : row.changed.roles);
    EXPECT_EQ(changed.changed, row.fine ? kLater : kNow);
    if (!row.fine) {
      expect_refused(disabled, Errc::conflict, kPassword, "anna is the last enabled administrator");
      expect_refused(demoted, Errc::conflict, kPassword, "anna is the last enabled administrator");
    }
    // Other roles may change as long as that one stays.
    changed = row.changed;
    EXPECT_TRUE(set_roles(changed, {Role::admin, Role::reporter}, row.everybody, kLater));
    expect_refused(set_roles(changed, {}, row.everybody, kLater), Errc::invalid, kPassword,
                   "at least one role");
  }
}

TEST(User, DisabledAndEnabledAgain) {
  User dora = user("dora", {Role::viewer});
  ASSERT_TRUE(disable(dora, {}, kLater));
  EXPECT_TRUE(dora.disabled);
  EXPECT_EQ(dora.changed, kLater);
  enable(dora, kLater + seconds(1));
  EXPECT_FALSE(dora.disabled);
  EXPECT_EQ(dora.changed, kLater + seconds(1));
}

TEST(User, Password) {
  User dora = user("dora", {Role::viewer});
  const std::string salt = noise(kSaltBytes);
  expect_refused(set_password(dora, "short secre", salt, kLater), Errc::invalid, "short secre",
                 "12 characters");
  EXPECT_FALSE(dora.password || dora.password_changed);
  EXPECT_EQ(dora.changed, kNow);
  ASSERT_TRUE(set_password(dora, kPassword, salt, kLater));
  EXPECT_EQ(dora.changed, kLater);
  EXPECT_EQ(dora.password_changed, kLater);
  EXPECT_EQ(encode(dora).find(kPassword), std::string::npos);
  EXPECT_TRUE(*matches(&dora, kPassword));
  EXPECT_FALSE(*matches(&dora, "correct horse batterx"));
  const auto before = dora.password;
  expect_refused(set_password(dora, "doradoradora", salt, kLater), Errc::invalid, "doradoradora");
  EXPECT_EQ(dora.password, before);
}

TEST(User, WhoCannotLogInByPassword) {
  User dora = user("dora", {Role::viewer});
  ASSERT_TRUE(set_password(dora, kPassword, noise(kSaltBytes), kNow));
  EXPECT_FALSE(*matches(nullptr, kPassword));
  User without = dora;
  without.password.reset();
  EXPECT_FALSE(*matches(&without, kPassword));
  User disabled = dora;
  disabled.disabled = true;
  EXPECT_FALSE(*matches(&disabled, kPassword));
  User tampered = dora;
  tampered.password = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$AAAA";
  expect_refused(matches(&tampered, kPassword), Errc::corrupt, kPassword);
}

User full() {
  User out = user("dora@example.se", {Role::viewer, Role::reporter}, true);
  out.display_name = "Døra Ek";
  out.email = "dora@example.se";
  out.password =
      "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"
      "69I7qCjDTsQwhQqFvpQJiqEI0lGQvxC84fXE0Ktxca4";
  out.created = kTimeMin;
  out.changed = kTimeMax;
  out.password_changed = kNow;
  return out;
}

TEST(User, RecordsRoundTrip) {
  for (const User& one : {user("a", {Role::admin}), full()}) {
    const auto back = decode_user(encode(one));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->name, one.name);
    EXPECT_EQ(back->display_name, one.display_name);
    EXPECT_EQ(back->email, one.email);
    EXPECT_EQ(back->roles, one.roles);
    EXPECT_EQ(back->password, one.password);
    EXPECT_EQ(back->disabled, one.disabled);
    EXPECT_EQ(back->created, one.created);
    EXPECT_EQ(back->changed, one.changed);
    EXPECT_EQ(back->password_changed, one.password_changed);
    expect_strict(encode(one), decode_user);
  }
}

TEST(User, DamagedRecordsAreRefused) {
  const auto changed = [](auto change) {
    User one = full();
    change(one);
    return encode(one);
  };
  const std::string rows[] = {
      changed([](User& u) { u.name = "Dora"; }),
      changed([](User& u) { u.name = "vakt"; }),
      changed([](User& u) { u.display_name = ""; }),
      changed([](User& u) { u.email = "x"; }),
      changed([](User& u) { u.roles = {}; }),
      changed([](User& u) { u.password = std::string(kPassword); }),
      changed([](User& u) { u.password = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$AAAA"; }),
      "",
  };
  for (const std::string& row : rows)
    expect_refused(decode_user(row), Errc::corrupt, kPassword, "damaged");
}

}  // namespace
}  // namespace vakt::access
