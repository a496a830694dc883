// Changes of users and tokens happen one after the other, each decided on what is in the store.
#include "api/access_book.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace vakt::api {
namespace {

const Time kNow = from_unix_seconds(1'800'000'000);

// Commits when the test says so.
struct Bench {
  AccessBook book{[this](store::AccessChanges, AccessBook::Done done) {
    on_its_way.push_back(std::move(done));
  }};
  std::vector<AccessBook::Done> on_its_way;
  std::vector<Result<void>> answers;

  void commit(const Result<void>& result) {
    const auto done = std::move(on_its_way.at(0));
    on_its_way.erase(on_its_way.begin());
    done(result);
  }
  void ask(AccessBook::Decide decide) {
    book.change(std::move(decide), std::nullopt,
                [this](const Result<void>& done) { answers.push_back(done); });
  }
  void add(const std::string& name) {
    ask([name](const AccessBook::Contents& there) -> Result<store::AccessChanges> {
      auto user = access::create_user({name, name, {}, {access::Role::admin}}, there.users, kNow);
      if (!user) return tl::make_unexpected(user.error());
      return store::AccessChanges{{*user}, {}, {}, {}, {}};
    });
  }
  void disable(const std::string& name) {
    ask([name](const AccessBook::Contents& there) -> Result<store::AccessChanges> {
      access::User user = *there.user(name);
      if (auto ok = access::disable(user, there.users, kNow); !ok)
        return tl::make_unexpected(ok.error());
      return store::AccessChanges{{user}, {}, {}, {}, {}};
    });
  }
};

TEST(AccessBook, TwoAdministratorsCannotDisableEachOther) {
  Bench bench;
  for (const char* name : {"bo", "anna"}) {
    bench.add(name);
    bench.commit({});
  }
  ASSERT_EQ(bench.book.contents()->users.size(), 2u);
  EXPECT_EQ(bench.book.contents()->users[0].name, "anna") << "in order of the names";
  bench.disable("anna");
  bench.disable("bo");
  ASSERT_EQ(bench.on_its_way.size(), 1u) << "the second waits for the first";
  EXPECT_FALSE(bench.book.contents()->user("anna")->disabled) << "it may still be lost";
  bench.commit({});
  EXPECT_TRUE(bench.on_its_way.empty());
  ASSERT_EQ(bench.answers.size(), 4u);
  EXPECT_TRUE(bench.answers[2]);
  ASSERT_FALSE(bench.answers[3]);
  EXPECT_EQ(bench.answers[3].error().code, Errc::conflict);
  EXPECT_FALSE(bench.book.contents()->user("bo")->disabled);
}

TEST(AccessBook, AFailedCommitChangesNothingAndTheNextGoesOn) {
  Bench bench;
  bench.add("anna");
  bench.add("bo");
  bench.commit(fail(Errc::unavailable, "the store cannot be written"));
  ASSERT_EQ(bench.answers.size(), 1u);
  EXPECT_FALSE(bench.answers[0]);
  EXPECT_TRUE(bench.book.contents()->users.empty());
  bench.commit({});
  EXPECT_NE(bench.book.contents()->user("bo"), nullptr);
  EXPECT_EQ(bench.book.contents()->user("anna"), nullptr);
}

TEST(AccessBook, WhatWaitsIsBounded) {
  Bench bench;
  for (std::size_t i = 0; i < AccessBook::kWaitingMax + 1; ++i) bench.add("anna");
  EXPECT_TRUE(bench.answers.empty());
  bench.add("anna");
  ASSERT_EQ(bench.answers.size(), 1u);
  EXPECT_EQ(bench.answers[0].error().code, Errc::unavailable);
  bench.commit({});
  EXPECT_EQ(bench.answers.size(), AccessBook::kWaitingMax + 2) << "the others: the name is taken";
}

TEST(AccessBook, AUseIsNotedOnceAMinute) {
  Bench bench;
  access::Token token;
  token.id = "0123456789abcdef";
  bench.ask([&](const AccessBook::Contents&) -> Result<store::AccessChanges> {
    return store::AccessChanges{{}, {token}, {}, {}, {}};
  });
  bench.book.note_use(token.id, kNow);
  EXPECT_EQ(bench.on_its_way.size(), 1u) << "left out while something else is under way";
  bench.commit({});
  bench.book.note_use("another", kNow);
  EXPECT_TRUE(bench.on_its_way.empty());
  bench.book.note_use(token.id, kNow);
  ASSERT_EQ(bench.on_its_way.size(), 1u);
  bench.commit({});
  EXPECT_EQ(bench.book.contents()->token(token.id)->last_used, kNow);
  bench.book.note_use(token.id, kNow + std::chrono::seconds(59));
  EXPECT_TRUE(bench.on_its_way.empty());
  bench.book.note_use(token.id, kNow + std::chrono::seconds(61));
  EXPECT_EQ(bench.on_its_way.size(), 1u);
}

}  // namespace
}  // namespace vakt::api
