// Four eyes: some actions wait for a second person. A person asks, another who may do the same
// decides, and the approval is good for one act, until it expires. What is asked for and decided
// belongs in the audit log; that is the caller's. After reference/operations.md section 7.
//
// An early warning (NIS2 article 23(4)(a): within 24 hours) is never held up: without an approval
// it goes out and is marked for review. Pure; `now` is an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "access/role.h"
#include "access/user.h"
#include "base/result.h"
#include "base/time.h"

namespace vakt::access {

// off: nobody is asked. warn: everything goes, what lacks an approval is marked. enforce: it waits.
enum class Policy : std::uint8_t { off, warn, enforce };
std::string_view to_string(Policy policy);
std::optional<Policy> parse_policy(std::string_view text);

// The numbers are stored: append only.
enum class Action : std::uint8_t {
  raise_threshold,     // of a rule of level high or critical
  disable_rule,        // of level high or critical
  long_exception,      // which exceptions are long is the caller's setting
  destructive_run,     // a runbook that changes something which cannot be undone
  grant_role,          // any role to anybody
  change_aware_time,   // of the statutory clocks
  send_early_warning,  // never held up
};
inline constexpr std::size_t kActions = 7;
std::string_view to_string(Action action);
std::optional<Action> parse_action(std::string_view text);

// What both persons need.
Permission permission_for(Action action);

enum class Decision : std::uint8_t { pending, approved, rejected };
std::string_view to_string(Decision decision);

inline constexpr std::size_t kSubjectBytesMax = 256;
inline constexpr std::size_t kReasonBytesMax = 1024;
inline constexpr Duration kApprovalLifetimeMax = std::chrono::hours(7 * 24);

struct Approval {
  Action action = Action::raise_threshold;
  std::string subject;  // exactly what, so that nothing else is done with it: "rule R: 5 -> 50"
  std::string requested_by;
  std::string reason;  // one line
  Time requested_at;
  Time expires;  // the first moment at which it can be neither decided nor used
  Decision decision = Decision::pending;
  std::string decided_by;          // empty while pending; never requested_by
  std::optional<Time> decided_at;  // with decided_by
  std::optional<Time> used_at;     // only of an approved one
};

struct Request {
  Action action = Action::raise_threshold;
  std::string subject;
  std::string reason;
  Duration lifetime = std::chrono::hours(24);  // over zero, at most kApprovalLifetimeMax
};

Result<Approval> request_approval(const Request& wanted, const User& requester, Time now);

// `decision`: approved or rejected. Changes the approval, or says why not: the same person, without
// the permission, disabled, decided already, expired. Errors: invalid, conflict.
Result<void> decide(Approval& approval, const User& approver, Decision decision, Time now);

// What is missing for an act to have two persons behind it.
enum class Gap : std::uint8_t {
  none,
  no_approval,
  other_act,  // of another action, subject or person
  pending,
  rejected,
  same_person,  // a stored approval that decide() would not have made
  expired,
  used,
};
std::string_view to_string(Gap gap);

struct Act {
  Action action = Action::raise_threshold;
  std::string_view subject;
  std::string_view actor;  // User::name; has permission_for(action), which is not asked here
};

struct Ruling {
  bool allowed = false;
  bool for_review = false;  // it is done with a gap: somebody has to look at it afterwards
  Gap gap = Gap::none;
};

// May the act be done now? `approval` is the one it refers to, or null.
Ruling judge(Policy policy, const Act& act, const Approval* approval, Time now);

// After an act that had no gap: the approval is used up. Errors: conflict.
Result<void> use(Approval& approval, Time now);

// Version 1; the layout is in README.md. Decoding takes only what encode() writes: Errc::corrupt.
std::string encode(const Approval& approval);
Result<Approval> decode_approval(std::string_view bytes);

}  // namespace vakt::access
