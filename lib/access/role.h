// Who may do what: roles, the permissions that the API asks for, and the one table between them.
// After reference/operations.md section 7. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "access/enum_set.h"

namespace vakt::access {

// A principal has a set of them. The numbers are stored: append only.
enum class Role : std::uint8_t { viewer, analyst, rule_admin, reporter, admin };
inline constexpr std::size_t kRoles = 5;
using Roles = EnumSet<Role, kRoles>;

// "viewer", "analyst", "rule-admin", "reporter", "admin".
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

// What a route, and a token's scope, asks for. The numbers are stored: append only.
enum class Permission : std::uint8_t {
  read_incidents,       // incidents, their timelines and evidence
  read_rules,           // rules and their statistics
  read_metrics,         // /metrics, where it is not open to all
  work_incidents,       // acknowledge, investigate, contain, restore, close, note
  approve_containment,  // runs that change something outside Vakt
  change_rules,         // rules, thresholds, exceptions
  reload_rules,         // read rules, decoders and field maps again
  assert_awareness,     // when the entity became aware: starts the statutory clocks
  assert_significance,  // that an incident has to be reported, or not
  submit_reports,       // to the authority
  manage_users,         // accounts and their roles
  manage_tokens,        // tokens of others
  change_config,        // sources, listeners, notification
  read_audit,           // who did what
  verify_audit,         // is the audit log whole? Tells nothing of what it holds
  ingest_events,        // send events over HTTP
};
inline constexpr std::size_t kPermissions = 16;
using Permissions = EnumSet<Permission, kPermissions>;

// "read-incidents", "work-incidents", …
std::string_view to_string(Permission permission);
std::optional<Permission> parse_permission(std::string_view text);

inline constexpr Permissions kReading{Permission::read_incidents, Permission::read_rules,
                                      Permission::read_metrics, Permission::verify_audit};

struct RoleRow {
  Role role;
  Permissions permissions;
};

// In the order of Role. An administrator has neither rules nor reports, so that nobody can both
// open an account and use it to hide an attack or to file for the entity. The audit log shows what
// colleagues do: it is for who answers for the accounts and who proves a report.
inline constexpr std::array<RoleRow, kRoles> kRoleTable{{
    {Role::viewer, kReading},
    {Role::analyst, kReading | Permissions{Permission::work_incidents,  //
                                           Permission::approve_containment}},
    {Role::rule_admin, kReading | Permissions{Permission::change_rules, Permission::reload_rules}},
    {Role::reporter,
     kReading | Permissions{Permission::assert_awareness, Permission::assert_significance,
                            Permission::submit_reports, Permission::read_audit}},
    {Role::admin, kReading | Permissions{Permission::manage_users, Permission::manage_tokens,
                                         Permission::change_config, Permission::read_audit,
                                         Permission::ingest_events}},
}};

Permissions permissions_of(Roles roles);
bool allowed(Roles roles, Permission permission);

// The table as Markdown, a permission a line: what lib/access/README.md shows.
std::string role_table();

}  // namespace vakt::access
