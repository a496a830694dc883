#include "access/role.h"

#include <fmt/format.h>

namespace vakt::access {
namespace {

constexpr std::array<std::string_view, kRoles> kRoleNames{"viewer", "analyst", "rule-admin",
                                                          "reporter", "admin"};
constexpr std::array<std::string_view, kPermissions> kPermissionNames{
    "read-incidents",      "read-rules",     "read-metrics", "work-incidents",
    "approve-containment", "change-rules",   "reload-rules", "assert-awareness",
    "assert-significance", "submit-reports", "manage-users", "manage-tokens",
    "change-config",       "read-audit",     "verify-audit", "ingest-events",
};

template <class Enum, std::size_t Count>
std::string_view name_of(const std::array<std::string_view, Count>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < Count ? names[index] : std::string_view();
}

template <class Enum, std::size_t Count>
std::optional<Enum> find(const std::array<std::string_view, Count>& names, std::string_view text) {
  for (std::size_t i = 0; i < Count; ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Role role) { return name_of(kRoleNames, role); }
std::optional<Role> parse_role(std::string_view text) { return find<Role>(kRoleNames, text); }

std::string_view to_string(Permission permission) { return name_of(kPermissionNames, permission); }
std::optional<Permission> parse_permission(std::string_view text) {
  return find<Permission>(kPermissionNames, text);
}

Permissions permissions_of(Roles roles) {
  Permissions out;
  for (const RoleRow& row : kRoleTable)
    if (roles.contains(row.role)) out = out | row.permissions;
  return out;
}

bool allowed(Roles roles, Permission permission) {
  return permissions_of(roles).contains(permission);
}

std::string role_table() {
  std::string out = "| Permission |";
  for (const RoleRow& row : kRoleTable) out += fmt::format(" {} |", to_string(row.role));
  out += "\n|---|";
  for (std::size_t i = 0; i < kRoles; ++i) out += "---|";
  for (std::size_t i = 0; i < kPermissions; ++i) {
    const auto permission = static_cast<Permission>(i);
    out += fmt::format("\n| {} |", to_string(permission));
    for (const RoleRow& row : kRoleTable)
      out += row.permissions.contains(permission) ? " yes |" : " |";
  }
  return out + "\n";
}

}  // namespace vakt::access
