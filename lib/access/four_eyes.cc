#include "access/four_eyes.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "access/record.h"

namespace vakt::access {
namespace {

constexpr std::uint8_t kApprovalVersion = 1;

struct ActionRow {
  Action action;
  std::string_view name;
  Permission permission;
};

// In the order of Action.
constexpr std::array<ActionRow, kActions> kActionTable{{
    {Action::raise_threshold, "raise-threshold", Permission::change_rules},
    {Action::disable_rule, "disable-rule", Permission::change_rules},
    {Action::long_exception, "long-exception", Permission::change_rules},
    {Action::destructive_run, "destructive-run", Permission::approve_containment},
    {Action::grant_role, "grant-role", Permission::manage_users},
    {Action::change_aware_time, "change-aware-time", Permission::assert_awareness},
    {Action::send_early_warning, "send-early-warning", Permission::submit_reports},
}};

constexpr std::array<std::string_view, 3> kPolicyNames{"off", "warn", "enforce"};
constexpr std::array<std::string_view, 3> kDecisionNames{"pending", "approved", "rejected"};
constexpr std::array<std::string_view, 8> kGapNames{
    "none", "no_approval", "other_act", "pending", "rejected", "same_person", "expired", "used"};

Result<void> check_permission(const User& user, Action action) {
  if (user.disabled) return fail(Errc::invalid, fmt::format("{} is disabled", user.name));
  if (allowed(user.roles, permission_for(action))) return {};
  return fail(Errc::invalid, fmt::format("{} may not {}: that needs the permission {}", user.name,
                                         to_string(action), to_string(permission_for(action))));
}

// What request_approval, decide and use keep true of every approval.
bool are_fields(const Approval& a) {
  const bool decided = a.decision != Decision::pending;
  return is_plain_text(a.subject, 1, kSubjectBytesMax) &&
         is_plain_text(a.reason, 1, kReasonBytesMax) && is_user_name(a.requested_by) &&
         a.expires > a.requested_at && a.expires <= plus(a.requested_at, kApprovalLifetimeMax) &&
         decided == a.decided_at.has_value() && decided == is_user_name(a.decided_by) &&
         a.decided_by != a.requested_by && (!a.used_at || a.decision == Decision::approved);
}

Gap gap_of(const Act& act, const Approval* approval, Time now) {
  if (approval == nullptr) return Gap::no_approval;
  if (approval->action != act.action || approval->subject != act.subject ||
      approval->requested_by != act.actor)
    return Gap::other_act;
  if (approval->decision == Decision::pending) return Gap::pending;
  if (approval->decision == Decision::rejected) return Gap::rejected;
  if (approval->decided_by == act.actor) return Gap::same_person;
  if (now >= approval->expires) return Gap::expired;
  if (approval->used_at) return Gap::used;
  return Gap::none;
}

}  // namespace

std::string_view to_string(Policy policy) { return kPolicyNames[static_cast<int>(policy)]; }

std::optional<Policy> parse_policy(std::string_view text) {
  for (std::size_t i = 0; i < kPolicyNames.size(); ++i)
    if (kPolicyNames[i] == text) return static_cast<Policy>(i);
  return std::nullopt;
}

std::string_view to_string(Action action) { return kActionTable[static_cast<int>(action)].name; }

std::optional<Action> parse_action(std::string_view text) {
  for (const ActionRow& row : kActionTable)
    if (row.name == text) return row.action;
  return std::nullopt;
}

Permission permission_for(Action action) {
  return kActionTable[static_cast<int>(action)].permission;
}

std::string_view to_string(Decision decision) { return kDecisionNames[static_cast<int>(decision)]; }

std::string_view to_string(Gap gap) { return kGapNames[static_cast<int>(gap)]; }

Result<Approval> request_approval(const Request& wanted, const User& requester, Time now) {
  if (const auto ok = check_permission(requester, wanted.action); !ok)
    return tl::make_unexpected(ok.error());
  if (!is_plain_text(wanted.subject, 1, kSubjectBytesMax))
    return fail(Errc::invalid, fmt::format("an approval names its subject in one line of 1 to {} "
                                           "bytes",
                                           kSubjectBytesMax));
  if (!is_plain_text(wanted.reason, 1, kReasonBytesMax))
    return fail(Errc::invalid, fmt::format("an approval needs a reason: one line of 1 to {} bytes",
                                           kReasonBytesMax));
  if (wanted.lifetime <= Duration(0) || wanted.lifetime > kApprovalLifetimeMax)
    return fail(Errc::invalid, fmt::format("an approval lasts more than nothing and at most {}",
                                           format_duration(kApprovalLifetimeMax)));
  Approval out;
  out.action = wanted.action;
  out.subject = wanted.subject;
  out.requested_by = requester.name;
  out.reason = wanted.reason;
  out.requested_at = now;
  out.expires = plus(now, wanted.lifetime);
  return out;
}

Result<void> decide(Approval& approval, const User& approver, Decision decision, Time now) {
  if (decision == Decision::pending)
    return fail(Errc::invalid, "a decision is approved or rejected");
  if (const auto ok = check_permission(approver, approval.action); !ok) return ok;
  if (approver.name == approval.requested_by)
    return fail(Errc::invalid,
                fmt::format("{} asked for this approval: another person decides", approver.name));
  if (approval.decision != Decision::pending)
    return fail(Errc::conflict,
                fmt::format("{} has {} this at {}", approval.decided_by,
                            to_string(approval.decision), format_rfc3339(*approval.decided_at)));
  if (now >= approval.expires)
    return fail(Errc::conflict,
                fmt::format("this expired at {}: ask again", format_rfc3339(approval.expires)));
  approval.decision = decision;
  approval.decided_by = approver.name;
  approval.decided_at = now;
  return {};
}

Ruling judge(Policy policy, const Act& act, const Approval* approval, Time now) {
  if (policy == Policy::off) return {true, false, Gap::none};
  const Gap gap = gap_of(act, approval, now);
  const bool goes =
      gap == Gap::none || policy == Policy::warn || act.action == Action::send_early_warning;
  return {goes, goes && gap != Gap::none, gap};
}

Result<void> use(Approval& approval, Time now) {
  if (approval.decision != Decision::approved)
    return fail(Errc::conflict,
                fmt::format("this is {}, not approved", to_string(approval.decision)));
  if (now >= approval.expires)
    return fail(Errc::conflict,
                fmt::format("this expired at {}: ask again", format_rfc3339(approval.expires)));
  if (approval.used_at)
    return fail(Errc::conflict,
                fmt::format("this was used at {}: ask again", format_rfc3339(*approval.used_at)));
  approval.used_at = now;
  return {};
}

std::string encode(const Approval& approval) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(kApprovalVersion);
  writer.u8(static_cast<std::uint8_t>(approval.action));
  writer.bytes(approval.subject);
  writer.bytes(approval.requested_by);
  writer.bytes(approval.reason);
  write_time(writer, approval.requested_at);
  write_time(writer, approval.expires);
  writer.u8(static_cast<std::uint8_t>(approval.decision));
  writer.bytes(approval.decided_by);
  write_optional_time(writer, approval.decided_at);
  write_optional_time(writer, approval.used_at);
  return out;
}

Result<Approval> decode_approval(std::string_view bytes) {
  if (bytes.size() > kRecordBytesMax) return bad_record("approval", bytes, kApprovalVersion);
  ByteReader reader(bytes);
  const bool known = reader.u8() == kApprovalVersion;
  const std::uint8_t action = reader.u8();
  Approval approval;
  approval.action = static_cast<Action>(action);
  approval.subject = reader.bytes();
  approval.requested_by = reader.bytes();
  approval.reason = reader.bytes();
  approval.requested_at = read_time(reader);
  approval.expires = read_time(reader);
  const std::uint8_t decision = reader.u8();
  approval.decision = static_cast<Decision>(decision);
  approval.decided_by = reader.bytes();
  approval.decided_at = read_optional_time(reader);
  approval.used_at = read_optional_time(reader);
  // Encoding again finds what reading forgives.
  if (!known || !reader.ok() || !reader.at_end() || action >= kActions ||
      decision >= kDecisionNames.size() || encode(approval) != bytes || !are_fields(approval))
    return bad_record("approval", bytes, kApprovalVersion);
  return approval;
}

}  // namespace vakt::access
