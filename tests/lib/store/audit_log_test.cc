// The audit log as the store keeps it: what every kind of meddling with its rows looks like.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <map>
#include <memory>
#include <random>

#include "audit/checkpoint.h"
#include "fault_env.h"
#include "history.h"
#include "store/store.h"

namespace vakt::store {
namespace {

constexpr const char* kPath = "/store";

Options options_of(FaultEnv& disk) {
  Options options;
  options.path = kPath;
  options.env = &disk;
  return options;
}

// The rows of the audit family, changed behind the store's back.
class Rows {
 public:
  explicit Rows(FaultEnv& disk) {
    rocksdb::Options options;
    options.env = &disk;
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(options, kPath, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, kPath, families, &handles_, &db).ok());
    db_.reset(db);
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == "audit") audit_ = handles_[i];
  }
  ~Rows() {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }

  std::map<std::string, std::string> all() {
    std::map<std::string, std::string> out;
    std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator({}, audit_));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next())
      out[rows->key().ToString()] = rows->value().ToString();
    return out;
  }
  // From one state to another.
  void change(const std::map<std::string, std::string>& from,
              const std::map<std::string, std::string>& to) {
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : from)
      if (!to.contains(key)) {
        EXPECT_TRUE(batch.Delete(audit_, key).ok());
      }
    for (const auto& [key, value] : to)
      if (const auto old = from.find(key); old == from.end() || old->second != value) {
        EXPECT_TRUE(batch.Put(audit_, key, value).ok());
      }
    EXPECT_TRUE(db_->Write({}, &batch).ok());
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* audit_ = nullptr;
};

// A store with so many commits.
History fill(FaultEnv& disk, int commits) {
  History history;
  auto store = Store::open(options_of(disk));
  EXPECT_TRUE(store) << store.error().message;
  for (int i = 0; i < commits; ++i) {
    const auto made = history.next();
    EXPECT_TRUE(commit_one(**store, made.commit));
  }
  return history;
}

// What verification says of the store as it lies on the disk; "" when all is well.
std::string verdict(FaultEnv& disk, const std::optional<audit::SignedHeads>& heads = {}) {
  const auto store = Store::open(options_of(disk));
  if (!store) return store.error().message;
  const auto verified = (*store)->verify_audit(heads);
  if (!verified) return verified.error().message;
  return verified->finding ? std::string(to_string(verified->finding->problem)) : "";
}

TEST(AuditLog, GrowsWithEveryCommitAndProvesEachEntry) {
  FaultEnv disk;
  const History history = fill(disk, 40);
  const auto store = Store::open(options_of(disk));
  ASSERT_TRUE(store);
  history.verify(**store, 40);
  const auto head = (*store)->audit_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->size, 40u);
  std::uint64_t proved = 0;
  const auto read = (*store)->read_audit(0, [&](const audit::Entry& entry) {
    const auto proof = (*store)->audit_inclusion(entry.index, head->size);
    EXPECT_TRUE(proof);
    proved += proof && audit::verify_inclusion(*proof, audit::leaf_of(entry), *head) ? 1 : 0;
    return true;
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(proved, 40u);
  const auto incident = (*store)->find_incident("3");
  ASSERT_TRUE(incident);
  const auto of_incident = (*store)->audit_of(incident->id);
  ASSERT_TRUE(of_incident);
  ASSERT_EQ(of_incident->size(), incident->timeline_entries);
  for (const audit::Entry& entry : *of_incident) EXPECT_EQ(entry.subject, to_hex(incident->id));
}

TEST(AuditLog, NotesOfACommitAreInIt) {
  FaultEnv disk;
  History history = fill(disk, 3);
  auto store = Store::open(options_of(disk));
  ASSERT_TRUE(store);
  auto made = history.next();
  made.commit.notes = {{"eve", "admin", "user.created", "bo", "{\"roles\":[\"viewer\"]}"}};
  ASSERT_TRUE(commit_one(**store, made.commit));
  std::vector<audit::Entry> entries;
  ASSERT_TRUE((*store)->read_audit(3, [&](const audit::Entry& entry) {
    entries.push_back(entry);
    return true;
  }));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].action, "user.created");
  EXPECT_EQ(entries[1].role, "admin");
  EXPECT_EQ(entries[1].content->payload, "{\"roles\":[\"viewer\"]}");
  EXPECT_EQ(entries[1].commit, 4u);
}

TEST(AuditLog, EveryMeddlingWithARowIsFound) {
  FaultEnv disk;
  fill(disk, 30);
  ASSERT_EQ(verdict(disk), "");
  std::mt19937 random(7);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::map<std::string, std::string> whole = Rows(disk).all();
  ASSERT_GT(whole.size(), 30u * 3);
  for (int round = 0; round < 40; ++round) {
    auto rows = whole;
    auto row = rows.begin();
    std::advance(row, static_cast<std::ptrdiff_t>(pick(rows.size())));
    auto other = rows.begin();
    std::advance(other, static_cast<std::ptrdiff_t>(pick(rows.size())));
    switch (round % 4) {
      case 0:
        if (row->second.empty()) continue;
        row->second[pick(row->second.size())] ^= static_cast<char>(1 << pick(8));
        break;
      case 1:
        rows.erase(row);
        break;
      case 2: {  // stored under another key of its kind as well
        std::string key = row->first;
        if (key.size() == 1) continue;
        key[1 + pick(key.size() - 1)] ^= static_cast<char>(1 << pick(8));
        if (!rows.emplace(key, row->second).second) continue;
        break;
      }
      default:
        if (row->first[0] != other->first[0] || row->second == other->second) continue;
        std::swap(row->second, other->second);
    }
    {
      Rows raw(disk);
      raw.change(whole, rows);
    }
    EXPECT_NE(verdict(disk), "") << "round " << round;
    Rows raw(disk);
    raw.change(rows, whole);
  }
  EXPECT_EQ(verdict(disk), "");
}

audit::SigningKey key() {
  audit::Seed seed{};
  seed[0] = 7;
  return *audit::SigningKey::make("vakt.example/audit", seed);
}

TEST(AuditLog, ACheckpointFindsWhatWasRewrittenOrCutOff) {
  FaultEnv disk;
  fill(disk, 20);
  audit::SignedHeads heads{key().verifier(), {}};
  {
    const auto store = Store::open(options_of(disk));
    ASSERT_TRUE(store);
    heads.notes = {audit::sign_checkpoint(*(*store)->audit_head(), kEpoch, key())};
  }
  EXPECT_EQ(verdict(disk, heads), "");
  FaultEnv shorter;
  fill(shorter, 15);
  EXPECT_EQ(verdict(shorter), "") << "consistent by itself";
  EXPECT_EQ(verdict(shorter, heads), "log_truncated");
  FaultEnv rewritten;  // other salts, so other leaves
  fill(rewritten, 25);
  EXPECT_EQ(verdict(rewritten), "");
  EXPECT_EQ(verdict(rewritten, heads), "history_rewritten");
}

}  // namespace
}  // namespace vakt::store
