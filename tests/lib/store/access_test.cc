// Users and API tokens come back as they were, or are refused by name. That a crash leaves them
// whole or not at all is in crash_test.cc: every made-up history changes some.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "history.h"
#include "store/access_codec.h"
#include "store/settings.h"

namespace vakt::store {
namespace {

struct Disk {
  std::unique_ptr<rocksdb::Env> env{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  Options options() const {
    Options o;
    o.path = "/store";
    o.env = env.get();
    return o;
  }
  // Writes behind the store's back.
  void put(Family family, const std::string& key, const std::string& value) const {
    rocksdb::Options all;
    all.env = env.get();
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(all, "/store", &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(all, "/store", families, &handles, &db).ok());
    for (auto* handle : handles)
      if (handle->GetName() == family_name(family)) {
        EXPECT_TRUE(db->Put({}, handle, key, value).ok());
      }
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
};

access::User full_user() {
  access::User user = made_up_user("anna", kEpoch + std::chrono::hours(1));
  user.email = "anna@example.org";
  user.password = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + std::string(43, 'A');
  user.disabled = true;
  user.password_changed = kEpoch;
  return user;
}

access::Token full_token() {
  access::Token token = made_up_token("0123456789abcdef", "anna", kEpoch);
  token.expires = kTimeMax;
  token.revoked = kEpoch;
  return token;
}

void commit_access(Store& store, AccessChanges changes) {
  Commit commit;
  commit.number = store.last_commit() + 1;
  commit.now = kEpoch;
  commit.first_sequence = store.next_sequence();
  commit.access = std::move(changes);
  const auto done = commit_one(store, commit);
  ASSERT_TRUE(done) << done.error().message;
}

TEST(Access, RowsAreWhatAnEncoderWroteOrRefused) {
  std::string user, token;
  encode_user(full_user(), user);
  encode_token(full_token(), token);
  const auto decoded = decode_user("anna", user);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(access::encode(*decoded), access::encode(full_user()));
  EXPECT_TRUE(decode_token("0123456789abcdef", token));
  EXPECT_FALSE(decode_user("eve", user)) << "the record of somebody else";
  EXPECT_FALSE(decode_token("0123456789abcdee", token));
  for (std::size_t at = 0; at < user.size(); ++at) {
    std::string changed = user;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(decode_user("anna", changed)) << at;
    EXPECT_FALSE(decode_user("anna", user.substr(0, at))) << at;
  }
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(decode_token("0123456789abcdef", changed)) << at;
    EXPECT_FALSE(decode_token("0123456789abcdef", token.substr(0, at))) << at;
  }
}

TEST(Access, OneAndAllAreReadAfterReopening) {
  const Disk disk;
  {
    auto store = Store::open(disk.options());
    ASSERT_TRUE(store);
    EXPECT_TRUE((*store)->users()->empty());
    ASSERT_NO_FATAL_FAILURE(commit_access(
        **store, {{full_user(), made_up_user("bo", kEpoch)}, {full_token()}, {}, {}, {}}));
    ASSERT_NO_FATAL_FAILURE(commit_access(**store, {{}, {}, {"bo"}, {}, {}}));
  }
  auto store = Store::open(disk.options());
  ASSERT_TRUE(store);
  ASSERT_EQ((*store)->users()->size(), 1u);
  EXPECT_EQ(access::encode(*(*store)->user("anna")), access::encode(full_user()));
  EXPECT_EQ(access::encode((*store)->tokens()->at(0)), access::encode(full_token()));
  EXPECT_TRUE((*store)->token(full_token().id));
  const auto gone = (*store)->user("bo");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::not_found);
  EXPECT_EQ((*store)->token("none").error().code, Errc::not_found);
}

TEST(Access, ADamagedRowIsNamedAndNeverLeftOut) {
  const Disk disk;
  std::string of_another;
  encode_user(made_up_user("eve", kEpoch), of_another);
  ASSERT_TRUE(Store::open(disk.options()));
  ASSERT_NO_FATAL_FAILURE(disk.put(Family::access, "uanna", of_another));
  ASSERT_NO_FATAL_FAILURE(disk.put(Family::access, "t0123456789abcdef", "garbage"));
  auto store = Store::open(disk.options());
  ASSERT_TRUE(store);
  for (const auto& error :
       {(*store)->users().error(), (*store)->user("anna").error(), (*store)->tokens().error(),
        (*store)->token("0123456789abcdef").error()})
    EXPECT_EQ(error.code, Errc::corrupt) << error.message;
  EXPECT_NE((*store)->users().error().message.find("user anna is damaged"), std::string::npos);
}

}  // namespace
}  // namespace vakt::store
