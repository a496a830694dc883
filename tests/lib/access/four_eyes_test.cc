#include "access/four_eyes.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iterator>

#include "support.h"

namespace vakt::access {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kSecret = "correct horse battery";
const User kAnna = user("anna", Roles::all());
const User kBert = user("bert", Roles::all());

Approval asked(Action action, const User& by = kAnna) {
  const auto out = request_approval({action, "what", "because"}, by, kNow);
  EXPECT_TRUE(out) << out.error().message;
  return *out;
}

Approval decided(Action action, Decision decision = Decision::approved) {
  Approval out = asked(action);
  EXPECT_TRUE(decide(out, kBert, decision, kNow + seconds(1)));
  return out;
}

TEST(FourEyes, NamesAndPermissions) {
  const std::tuple<Action, std::string_view, Permission> rows[] = {
      {Action::raise_threshold, "raise-threshold", Permission::change_rules},
      {Action::disable_rule, "disable-rule", Permission::change_rules},
      {Action::long_exception, "long-exception", Permission::change_rules},
      {Action::destructive_run, "destructive-run", Permission::approve_containment},
      {Action::grant_role, "grant-role", Permission::manage_users},
      {Action::change_aware_time, "change-aware-time", Permission::assert_awareness},
      {Action::send_early_warning, "send-early-warning", Permission::submit_reports},
  };
  ASSERT_EQ(std::size(rows), kActions);
  for (const auto& [action, name, permission] : rows) {
    EXPECT_EQ(to_string(action), name);
    EXPECT_EQ(parse_action(name), action);
    EXPECT_EQ(permission_for(action), permission);
  }
  EXPECT_EQ(parse_action("raise_threshold"), std::nullopt);
  const std::pair<Policy, std::string_view> policies[] = {
      {Policy::off, "off"}, {Policy::warn, "warn"}, {Policy::enforce, "enforce"}};
  for (const auto& [policy, name] : policies) {
    EXPECT_EQ(to_string(policy), name);
    EXPECT_EQ(parse_policy(name), policy);
  }
  EXPECT_EQ(parse_policy("on"), std::nullopt);
  EXPECT_EQ(to_string(Decision::rejected), "rejected");
}

// Policy x action x what there is of an approval.
TEST(FourEyes, Rulings) {
  for (std::size_t i = 0; i < kActions; ++i) {
    const auto action = static_cast<Action>(i);
    const Approval approved = decided(action);
    const Approval pending = asked(action);
    const Approval rejected = decided(action, Decision::rejected);
    Approval same = approved;
    same.decided_by = "anna";
    Approval used = approved;
    ASSERT_TRUE(use(used, kNow + seconds(2)));
    Approval other_action = approved;
    other_action.action = static_cast<Action>((i + 1) % kActions);
    Approval other_subject = approved;
    other_subject.subject = "What";
    Approval other_person = approved;
    other_person.requested_by = "carl";
    struct Row {
      const Approval* approval;
      Time now;
      Gap gap;
      std::string_view name;
    };
    const Row rows[] = {
        {&approved, kNow + seconds(2), Gap::none, "none"},
        {&approved, approved.expires - Duration(1), Gap::none, "none"},
        {&approved, approved.expires, Gap::expired, "expired"},
        {nullptr, kNow, Gap::no_approval, "no_approval"},
        {&pending, kNow, Gap::pending, "pending"},
        {&rejected, kNow, Gap::rejected, "rejected"},
        {&same, kNow, Gap::same_person, "same_person"},
        {&used, kNow, Gap::used, "used"},
        {&other_action, kNow, Gap::other_act, "other_act"},
        {&other_subject, kNow, Gap::other_act, "other_act"},
        {&other_person, kNow, Gap::other_act, "other_act"},
    };
    for (const Row& row : rows) {
      const Act act{action, "what", "anna"};
      SCOPED_TRACE(std::string(to_string(action)) + ' ' + std::string(row.name));
      EXPECT_EQ(to_string(row.gap), row.name);
      const bool whole = row.gap == Gap::none;

      const Ruling off = judge(Policy::off, act, row.approval, row.now);
      EXPECT_TRUE(off.allowed && !off.for_review && off.gap == Gap::none);

      const Ruling warn = judge(Policy::warn, act, row.approval, row.now);
      EXPECT_TRUE(warn.allowed);
      EXPECT_EQ(warn.for_review, !whole);
      EXPECT_EQ(warn.gap, row.gap);

      const bool warning = action == Action::send_early_warning;
      const Ruling enforce = judge(Policy::enforce, act, row.approval, row.now);
      EXPECT_EQ(enforce.allowed, whole || warning);
      EXPECT_EQ(enforce.for_review, !whole && warning);
      EXPECT_EQ(enforce.gap, row.gap);
    }
  }
}

TEST(FourEyes, WhoMayDecide) {
  for (std::size_t i = 0; i < kActions; ++i) {
    const auto action = static_cast<Action>(i);
    for (std::size_t r = 0; r < kRoles; ++r) {
      const User approver = user("carl", {static_cast<Role>(r)});
      Approval approval = asked(action);
      const auto result = decide(approval, approver, Decision::approved, kNow);
      EXPECT_EQ(result.has_value(), allowed(approver.roles, permission_for(action)));
      if (!result) {
        expect_refused(result, Errc::invalid, kSecret, "carl may not");
        EXPECT_EQ(approval.decision, Decision::pending);
      }
      const auto request = request_approval({action, "what", "because"}, approver, kNow);
      EXPECT_EQ(request.has_value(), result.has_value());
    }
  }
}

TEST(FourEyes, Decisions) {
  const User disabled = user("bert", Roles::all(), true);
  Approval settled = decided(Action::grant_role, Decision::rejected);
  Approval open = asked(Action::grant_role);
  struct Row {
    Approval approval;
    const User& approver;
    Decision decision;
    Time now;
    Errc code;
    std::string_view part;  // of the error; empty: decided
  };
  const Row rows[] = {
      {open, kBert, Decision::approved, kNow, {}, ""},
      {open, kBert, Decision::rejected, kNow, {}, ""},
      {open, kBert, Decision::approved, open.expires - Duration(1), {}, ""},
      {open, kBert, Decision::approved, open.expires, Errc::conflict, "expired at 2027-01-16"},
      {open, kBert, Decision::pending, kNow, Errc::invalid, "approved or rejected"},
      {open, kAnna, Decision::approved, kNow, Errc::invalid, "another person"},
      {open, kAnna, Decision::rejected, kNow, Errc::invalid, "another person"},
      {open, disabled, Decision::approved, kNow, Errc::invalid, "disabled"},
      {settled, kBert, Decision::approved, kNow, Errc::conflict, "bert has rejected this"},
  };
  for (const Row& row : rows) {
    Approval approval = row.approval;
    const auto result = decide(approval, row.approver, row.decision, row.now);
    if (row.part.empty()) {
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(approval.decision, row.decision);
      EXPECT_EQ(approval.decided_by, row.approver.name);
      EXPECT_EQ(approval.decided_at, row.now);
    } else {
      expect_refused(result, row.code, kSecret, row.part);
      EXPECT_EQ(encode(approval), encode(row.approval));
    }
  }
}

TEST(FourEyes, AnApprovalIsGoodOnce) {
  Approval approval = decided(Action::destructive_run);
  Approval late = approval;
  expect_refused(use(late, late.expires), Errc::conflict, kSecret, "expired");
  ASSERT_TRUE(use(approval, kNow + seconds(2)));
  EXPECT_EQ(approval.used_at, kNow + seconds(2));
  expect_refused(use(approval, kNow + seconds(3)), Errc::conflict, kSecret, "was used at");
  Approval pending = asked(Action::destructive_run);
  expect_refused(use(pending, kNow), Errc::conflict, kSecret, "pending, not approved");
  Approval rejected = decided(Action::destructive_run, Decision::rejected);
  expect_refused(use(rejected, kNow), Errc::conflict, kSecret, "rejected, not approved");
}

TEST(FourEyes, Requests) {
  const Request good{Action::disable_rule, "rule R", "too noisy", hours(2)};
  const auto made = request_approval(good, kAnna, kNow);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->requested_by, "anna");
  EXPECT_EQ(made->reason, "too noisy");
  EXPECT_EQ(made->requested_at, kNow);
  EXPECT_EQ(made->expires, kNow + hours(2));
  EXPECT_EQ(made->decision, Decision::pending);
  const auto with = [&](auto change) {
    Request wanted = good;
    change(wanted);
    return request_approval(wanted, kAnna, kNow);
  };
  EXPECT_TRUE(with([](Request& r) { r.lifetime = kApprovalLifetimeMax; }));
  const std::pair<Result<Approval>, std::string_view> rows[] = {
      {with([](Request& r) { r.subject = ""; }), "names its subject"},
      {with([](Request& r) { r.subject = std::string(257, 'a'); }), "names its subject"},
      {with([](Request& r) { r.subject = "a\nb"; }), "names its subject"},
      {with([](Request& r) { r.reason = ""; }), "needs a reason"},
      {with([](Request& r) { r.reason = std::string(1025, 'a'); }), "needs a reason"},
      {with([](Request& r) { r.lifetime = Duration(0); }), "at most 1w"},
      {with([](Request& r) { r.lifetime = Duration(-1); }), "at most 1w"},
      {with([](Request& r) { r.lifetime = kApprovalLifetimeMax + Duration(1); }), "at most 1w"},
  };
  for (const auto& [result, part] : rows) expect_refused(result, Errc::invalid, kSecret, part);
  expect_refused(request_approval(good, user("anna", Roles::all(), true), kNow), Errc::invalid,
                 kSecret, "disabled");
}

TEST(FourEyes, RecordsRoundTrip) {
  Approval used = decided(Action::send_early_warning);
  ASSERT_TRUE(use(used, kNow + seconds(2)));
  for (const Approval& approval :
       {asked(Action::raise_threshold), decided(Action::grant_role, Decision::rejected), used}) {
    const auto back = decode_approval(encode(approval));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->action, approval.action);
    EXPECT_EQ(back->subject, approval.subject);
    EXPECT_EQ(back->requested_by, approval.requested_by);
    EXPECT_EQ(back->reason, approval.reason);
    EXPECT_EQ(back->requested_at, approval.requested_at);
    EXPECT_EQ(back->expires, approval.expires);
    EXPECT_EQ(back->decision, approval.decision);
    EXPECT_EQ(back->decided_by, approval.decided_by);
    EXPECT_EQ(back->decided_at, approval.decided_at);
    EXPECT_EQ(back->used_at, approval.used_at);
    expect_strict(encode(approval), decode_approval);
  }
}

// What decide() would never have made is not read back either.
TEST(FourEyes, ForgedRecordsAreRefused) {
  const auto changed = [](auto change) {
    Approval approval = decided(Action::grant_role);
    change(approval);
    return encode(approval);
  };
  const std::string rows[] = {
      changed([](Approval& a) { a.decided_by = a.requested_by; }),
      changed([](Approval& a) { a.decided_by = ""; }),
      changed([](Approval& a) { a.decided_at.reset(); }),
      changed([](Approval& a) { a.decision = Decision::pending; }),
      changed([](Approval& a) { a.decision = static_cast<Decision>(3); }),
      changed([](Approval& a) { a.action = static_cast<Action>(kActions); }),
      changed([](Approval& a) { a.expires = a.requested_at; }),
      changed([](Approval& a) { a.expires = kTimeMax; }),
      changed([](Approval& a) { a.requested_by = "Anna"; }),
      changed([](Approval& a) { a.reason = ""; }),
      changed([](Approval& a) {
        a.decision = Decision::rejected;
        a.used_at = kNow;
      }),
  };
  for (const std::string& row : rows)
    expect_refused(decode_approval(row), Errc::corrupt, kSecret, "damaged");
}

}  // namespace
}  // namespace vakt::access
