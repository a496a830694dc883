#include "access/role.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace vakt::access {
namespace {

struct Row {
  Permission permission;
  std::string_view name;
  Roles roles;  // exactly those that have it
};

constexpr Roles kEverybody = Roles::all();

// Written down a second time, by permission: whoever changes the product's table says it here too.
const Row kRows[] = {
    {Permission::read_incidents, "read-incidents", kEverybody},
    {Permission::read_rules, "read-rules", kEverybody},
    {Permission::read_metrics, "read-metrics", kEverybody},
    {Permission::work_incidents, "work-incidents", {Role::analyst}},
    {Permission::approve_containment, "approve-containment", {Role::analyst}},
    {Permission::change_rules, "change-rules", {Role::rule_admin}},
    {Permission::reload_rules, "reload-rules", {Role::rule_admin}},
    {Permission::assert_awareness, "assert-awareness", {Role::reporter}},
    {Permission::assert_significance, "assert-significance", {Role::reporter}},
    {Permission::submit_reports, "submit-reports", {Role::reporter}},
    {Permission::manage_users, "manage-users", {Role::admin}},
    {Permission::manage_tokens, "manage-tokens", {Role::admin}},
    {Permission::change_config, "change-config", {Role::admin}},
    {Permission::read_audit, "read-audit", {Role::reporter, Role::admin}},
    {Permission::verify_audit, "verify-audit", kEverybody},
    {Permission::ingest_events, "ingest-events", {Role::admin}},
};

TEST(Role, Table) {
  ASSERT_EQ(std::size(kRows), kPermissions);
  for (const Row& row : kRows)
    for (std::size_t i = 0; i < kRoles; ++i) {
      const auto role = static_cast<Role>(i);
      EXPECT_EQ(allowed({role}, row.permission), row.roles.contains(role))
          << to_string(role) << ' ' << row.name;
    }
}

TEST(Role, RolesAdd) {
  EXPECT_TRUE(permissions_of({}).empty());
  EXPECT_EQ(permissions_of(kEverybody), Permissions::all());
  const Permissions both = permissions_of({Role::analyst, Role::rule_admin});
  EXPECT_EQ(both, permissions_of({Role::analyst}) | permissions_of({Role::rule_admin}));
  EXPECT_TRUE(both.contains(Permission::work_incidents));
  EXPECT_TRUE(both.contains(Permission::change_rules));
  EXPECT_FALSE(both.contains(Permission::manage_users));
}

TEST(Role, Names) {
  const std::pair<Role, std::string_view> roles[] = {{Role::viewer, "viewer"},
                                                     {Role::analyst, "analyst"},
                                                     {Role::rule_admin, "rule-admin"},
                                                     {Role::reporter, "reporter"},
                                                     {Role::admin, "admin"}};
  ASSERT_EQ(std::size(roles), kRoles);
  for (const auto& [role, name] : roles) {
    EXPECT_EQ(to_string(role), name);
    EXPECT_EQ(parse_role(name), role);
  }
  for (const std::string_view bad : {"", "Admin", "rule_admin", "admin ", "root"})
    EXPECT_EQ(parse_role(bad), std::nullopt) << bad;
  for (const Row& row : kRows) {
    EXPECT_EQ(to_string(row.permission), row.name);
    EXPECT_EQ(parse_permission(row.name), row.permission);
  }
  for (const std::string_view bad : {"", "read", "READ-RULES", "read-rules "})
    EXPECT_EQ(parse_permission(bad), std::nullopt) << bad;
}

TEST(Role, Sets) {
  Roles roles{Role::viewer, Role::admin};
  EXPECT_EQ(roles.bits(), 0b10001u);
  EXPECT_EQ(Roles::from_bits(0b10001), roles);
  EXPECT_EQ(Roles::from_bits(0b110001), roles);  // bits of no role are dropped
  EXPECT_EQ(Roles::from_bits(UINT64_MAX), Roles::all());
  EXPECT_TRUE(roles.contains_all({Role::admin}));
  EXPECT_FALSE(roles.contains_all({Role::admin, Role::analyst}));
  EXPECT_EQ(roles & Roles({Role::admin, Role::analyst}), Roles{Role::admin});
}

// The documentation shows the table that is in force.
TEST(Role, ReadmeShowsTheTable) {
  std::ifstream file(VAKT_SOURCE_DIR "/lib/access/README.md");
  const std::string readme((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(readme.find("\n" + role_table()), std::string::npos) << role_table();
}

}  // namespace
}  // namespace vakt::access
