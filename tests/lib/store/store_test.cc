#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "fault_env.h"
#include "folder.h"
#include "history.h"
#include "store/database.h"
#include "store/row_codec.h"

namespace vakt::store {
namespace {

struct Disk {
  std::unique_ptr<rocksdb::Env> env{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  Options options() const {
    Options o;
    o.path = "/store";
    o.env = env.get();
    o.memory_bytes = 8 << 20;
    return o;
  }
};

std::unique_ptr<Store> open(const Options& options) {
  auto store = Store::open(options);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

TEST(Store, StartsEmptyAndKeepsItsOrigin) {
  Disk disk;
  auto store = open(disk.options());
  const std::uint64_t origin = store->origin();
  EXPECT_NE(origin, 0u);
  EXPECT_EQ(store->last_commit(), 0u);
  EXPECT_EQ(store->next_sequence(), 0u);
  EXPECT_FALSE(store->checkpoint()->has_value());
  EXPECT_FALSE(*store->maintain(kEpoch));
  store.reset();
  EXPECT_EQ(open(disk.options())->origin(), origin);
  Disk other;
  EXPECT_NE(open(other.options())->origin(), origin);
}

TEST(Store, GivesBackWhatWasCommitted) {
  Disk disk;
  History history;
  std::vector<Made> made;
  for (int i = 0; i < 23; ++i) made.push_back(history.next());
  {
    auto store = open(disk.options());
    for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(commit_one(*store, made[i].commit));
    history.verify(*store, 3);
    std::vector<const Commit*> group;
    for (std::size_t i = 3; i < made.size(); ++i) group.push_back(&made[i].commit);
    ASSERT_TRUE(store->commit(group));
    history.verify(*store, made.size());
    ASSERT_TRUE(store->commit({}));
  }
  history.verify(*open(disk.options()), made.size());
}

TEST(Store, RefusesCommitsOutOfOrder) {
  const auto refused = [](const std::function<void(Commit&)>& spoil) {
    Disk disk;
    History history;
    const Made first = history.next();
    Made second = history.next();
    auto store = open(disk.options());
    EXPECT_TRUE(commit_one(*store, first.commit));
    spoil(second.commit);
    const auto result = commit_one(*store, second.commit);
    EXPECT_FALSE(result);
    EXPECT_EQ(store->last_commit(), 1u);
    EXPECT_FALSE(commit_one(*store, second.commit)) << "a failed commit stops the store";
    return !result && result.error().code == Errc::invalid;
  };
  EXPECT_TRUE(refused([](Commit& c) { c.number = 3; }));
  EXPECT_TRUE(refused([](Commit& c) { c.number = 1; }));
  EXPECT_TRUE(refused([](Commit& c) { ++c.first_sequence; }));
  EXPECT_TRUE(refused([](Commit& c) { c.hits.back().sequence += 100; }));
  EXPECT_TRUE(refused([](Commit& c) { std::swap(c.hits.front(), c.hits.back()); }));
  EXPECT_TRUE(refused([](Commit& c) { c.evidence.back().ordinal += 7; }));
}

TEST(Store, RefusesOtherFormats) {
  Disk disk;
  open(disk.options()).reset();
  const auto write = [&](std::string_view key, std::string_view value) {
    rocksdb::Options options;
    options.env = disk.env.get();
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, "/store", &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, "/store", families, &handles, &db).ok());
    if (value.empty()) {
      rocksdb::ColumnFamilyHandle* added = nullptr;
      ASSERT_TRUE(db->CreateColumnFamily({}, std::string(key), &added).ok());
      handles.push_back(added);
    } else {
      ASSERT_TRUE(db->Put({}, key, value).ok());
    }
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  };
  std::string version;
  encode_number(kFormatVersion + 1, version);
  write("format", version);
  auto newer = Store::open(disk.options());
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Errc::invalid);
  EXPECT_NE(newer.error().message.find(fmt::format("format {}", kFormatVersion + 1)),
            std::string::npos)
      << newer.error().message;
  EXPECT_NE(newer.error().message.find("newer"), std::string::npos);

  write("format", "garbage");
  auto garbled = Store::open(disk.options());
  ASSERT_FALSE(garbled);
  EXPECT_EQ(garbled.error().code, Errc::corrupt);

  write("from the future", "");
  auto future = Store::open(disk.options());
  ASSERT_FALSE(future);
  EXPECT_NE(future.error().message.find("from the future"), std::string::npos);
}

TEST(Store, RemembersAnswersForADay) {
  Disk disk;
  const auto commit_with = [](std::uint64_t number, Time now, std::string answer) {
    Commit c;
    c.number = number;
    c.now = now;
    c.idempotency = Idempotency{"host key", {1, number}, std::move(answer), now};
    return c;
  };
  auto store = open(disk.options());
  ASSERT_TRUE(commit_one(*store, commit_with(1, kEpoch, "first")));
  tidy(*store, kEpoch + std::chrono::hours(24));
  store.reset();
  store = open(disk.options());
  EXPECT_EQ((*store->idempotency("host key"))->answer, "first");
  EXPECT_EQ((*store->idempotency("host key"))->body_hash, (Hash128{1, 1}));
  EXPECT_FALSE(store->idempotency("host")->has_value());

  // Used again after its time but before it was forgotten: the new answer gets its own day.
  const Time later = kEpoch + std::chrono::hours(30);
  ASSERT_TRUE(commit_one(*store, commit_with(2, later, "second")));
  tidy(*store, later);
  EXPECT_EQ((*store->idempotency("host key"))->answer, "second");
  tidy(*store, later + std::chrono::hours(24) + std::chrono::nanoseconds(1));
  EXPECT_FALSE(store->idempotency("host key")->has_value());

  std::vector<Commit> many;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    many.push_back(commit_with(3 + i, later, "x"));
    many.back().idempotency->key = "k" + std::to_string(i);
  }
  std::vector<const Commit*> group;
  for (const Commit& c : many) group.push_back(&c);
  ASSERT_TRUE(store->commit(group));
  EXPECT_TRUE(*store->maintain(later + std::chrono::hours(25))) << "small steps";
  tidy(*store, later + std::chrono::hours(25));
  for (std::uint64_t i = 0; i < 1000; ++i)
    EXPECT_FALSE(store->idempotency("k" + std::to_string(i))->has_value());
}

// Incidents 1..n: every third closed, every seventh merged, levels and rules in turn.
void add_incidents(Store& store, std::uint64_t count) {
  std::uint64_t number = store.last_commit();
  for (std::uint64_t next = 1; next <= count;) {
    Commit c;
    c.number = ++number;
    c.now = kEpoch;
    for (int i = 0; i < 1000 && next <= count; ++i, ++next) {
      incident::Incident incident;
      incident.number = next;
      incident.id = hash128("id" + std::to_string(next));
      incident.detection.rule_id = "rule-" + std::to_string(next % 10);
      incident.detection.group = {{"source.ip", "10.0.0.1"}};
      incident.rule_title = "A title of usual length, more or less";
      incident.severity = static_cast<rule::Level>(next % 5);
      if (next % 3 == 0) incident.state = incident::State::closed;
      if (next % 7 == 0) incident.merged_into = Hash128{1, 1};
      c.incidents.push_back(std::move(incident));
    }
    ASSERT_TRUE(commit_one(store, c));
  }
}

// A member is listed with its storm, and among the others once somebody has acted on it.
TEST(Incidents, MembersAreListedWithTheirStorm) {
  Disk disk;
  auto store = open(disk.options());
  Commit c;
  c.number = 1;
  c.now = kEpoch;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    incident::Incident incident;
    incident.number = number;
    incident.id = hash128("id" + std::to_string(number));
    if (number == 1) incident.members = 3;
    if (number > 1 && number < 5) incident.storm = hash128("id1");
    c.incidents.push_back(std::move(incident));
  }
  ASSERT_TRUE(commit_one(*store, c));
  c.incidents = {c.incidents[2]};
  c.incidents[0].state = incident::State::acknowledged;
  c.number = 2;
  ASSERT_TRUE(commit_one(*store, c));
  const auto numbers = [&](const std::function<void(IncidentQuery&)>& set) {
    IncidentQuery query;
    set(query);
    std::vector<std::uint64_t> out;
    const auto found = store->incidents(query).value();
    for (const auto& incident : found) out.push_back(incident.number);
    return out;
  };
  using Numbers = std::vector<std::uint64_t>;
  EXPECT_EQ(numbers([](auto&) {}), (Numbers{5, 3, 1}));
  EXPECT_EQ(numbers([](auto& q) { q.include_closed = false; }), (Numbers{5, 3, 1}));
  EXPECT_EQ(numbers([](auto& q) { q.include_members = true; }), (Numbers{5, 4, 3, 2, 1}));
  EXPECT_EQ(numbers([](auto& q) { q.storm = hash128("id1"); }), (Numbers{4, 3, 2}));
  EXPECT_EQ(numbers([](auto& q) {
              q.storm = hash128("id1");
              q.before_number = 4;
              q.limit = 1;
            }),
            Numbers{3});
  EXPECT_EQ(numbers([](auto& q) { q.storm = hash128("id5"); }), Numbers{});
}

TEST(Incidents, PagesAreCompleteAndNewestFirst) {
  Disk disk;
  auto store = open(disk.options());
  constexpr std::uint64_t kCount = 2500;
  add_incidents(*store, kCount);
  struct Row {
    const char* name;
    IncidentQuery query;
    std::function<bool(std::uint64_t)> wanted;
  };
  const auto query = [](const std::function<void(IncidentQuery&)>& set) {
    IncidentQuery q;
    q.limit = 7;
    set(q);
    return q;
  };
  const auto merged = [](std::uint64_t n) { return n % 7 == 0; };
  const auto closed = [](std::uint64_t n) { return n % 3 == 0; };
  const Row rows[] = {
      {"all but merged", query([](auto&) {}), [&](auto n) { return !merged(n); }},
      {"all", query([](auto& q) { q.include_merged = true; }), [](auto) { return true; }},
      {"open", query([](auto& q) { q.include_closed = false; }),
       [&](auto n) { return !merged(n) && !closed(n); }},
      {"new", query([](auto& q) { q.state = incident::State::fresh; }),
       [&](auto n) { return !merged(n) && !closed(n); }},
      {"closed", query([](auto& q) { q.state = incident::State::closed; }),
       [&](auto n) { return !merged(n) && closed(n); }},
      {"none acknowledged", query([](auto& q) { q.state = incident::State::acknowledged; }),
       [](auto) { return false; }},
      {"open, merged too", query([](auto& q) {
         q.include_closed = false;
         q.include_merged = true;
       }),
       [&](auto n) { return !closed(n); }},
      {"closed but not closed", query([](auto& q) {
         q.state = incident::State::closed;
         q.include_closed = false;
       }),
       [](auto) { return false; }},
      {"high, rule 8", query([](auto& q) {
         q.severity = rule::Level::high;
         q.rule_id = "rule-8";
       }),
       [&](auto n) { return !merged(n) && n % 5 == 3 && n % 10 == 8; }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    std::vector<std::uint64_t> wanted, got;
    for (std::uint64_t n = kCount; n >= 1; --n)
      if (row.wanted(n)) wanted.push_back(n);
    IncidentQuery q = row.query;
    while (true) {
      const auto page = store->incidents(q);
      ASSERT_TRUE(page) << page.error().message;
      for (const auto& incident : *page) got.push_back(incident.number);
      if (page->size() < q.limit) break;
      q.before_number = page->back().number;
    }
    EXPECT_EQ(got, wanted);
  }
  IncidentQuery bad;
  bad.limit = 0;
  EXPECT_FALSE(store->incidents(bad));
  bad.limit = 1001;
  EXPECT_FALSE(store->incidents(bad));
}

TEST(Incidents, ClosingAndReopeningMovesThemBetweenLists) {
  Disk disk;
  auto store = open(disk.options());
  incident::Incident incident;
  incident.number = 1;
  incident.id = {1, 2};
  IncidentQuery open_ones;
  open_ones.include_closed = false;
  std::uint64_t number = 0;
  for (const auto state : {incident::State::fresh, incident::State::closed,
                           incident::State::investigating, incident::State::closed}) {
    Commit c;
    c.number = ++number;
    incident.state = incident::State::fresh;
    c.incidents.push_back(incident);  // superseded within the same commit
    incident.state = state;
    c.incidents.push_back(incident);
    ASSERT_TRUE(commit_one(*store, c));
    EXPECT_EQ(store->incidents(open_ones)->size(), state == incident::State::closed ? 0u : 1u);
    EXPECT_EQ(store->incident({1, 2})->state, state);
  }
}

TEST(Incidents, HundredThousandAreListedAtOnce) {
  Disk disk;
  auto store = open(disk.options());
  add_incidents(*store, 100'000);
  using Clock = std::chrono::steady_clock;
  const auto milliseconds = [&](IncidentQuery q) {
    const auto start = Clock::now();
    EXPECT_TRUE(store->incidents(q));
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  };
  IncidentQuery newest;
  IncidentQuery open_ones;
  open_ones.include_closed = false;
  IncidentQuery nothing;
  nothing.rule_id = "no such rule";
  const double times[] = {milliseconds(newest), milliseconds(open_ones), milliseconds(nothing)};
  RecordProperty("newest_100_us", static_cast<int>(times[0] * 1000));
  RecordProperty("open_100_us", static_cast<int>(times[1] * 1000));
  RecordProperty("scan_all_us", static_cast<int>(times[2] * 1000));
  // Generous, for sanitizers and busy machines: it is the order of magnitude that matters.
  EXPECT_LT(times[0], 200);
  EXPECT_LT(times[1], 200);
  EXPECT_LT(times[2], 5000);
}

TEST(FindIncident, ByNumberOrPrefix) {
  Disk disk;
  auto store = open(disk.options());
  Commit c;
  c.number = 1;
  const std::pair<std::uint64_t, Hash128> ids[] = {
      {17, {0xabcdef0000000000, 0x1}},     {18, {0xabcdef0000000000, 0x2}},
      {19, {0xabcdff0000000000, 0x3}},     {20, {0x1234567000000000, 0x4}},
      {123456, {0xfffffffffffffffe, 0x5}}, {21, {UINT64_MAX, UINT64_MAX}},
  };
  for (const auto& [number, id] : ids) {
    incident::Incident i;
    i.number = number;
    i.id = id;
    c.incidents.push_back(i);
  }
  ASSERT_TRUE(commit_one(*store, c));
  const std::pair<std::string, std::uint64_t> found[] = {
      {"17", 17},
      {"INC-17", 17},
      {"inc-18", 18},
      {"abcdff", 19},
      {"ABCDFF0", 19},
      {"abcdef00000000000000000000000002", 18},
      {"123456", 123456},  // a number first
      {"1234567", 20},
      {"ffffffffffff", 0},
      {"fffffffffffffffff", 21},
      {"ffffffffffffffffffffffffffffffff", 21},
  };
  for (const auto& [reference, number] : found) {
    const auto incident = store->find_incident(reference);
    if (number == 0) {
      EXPECT_FALSE(incident);
      continue;
    }
    ASSERT_TRUE(incident) << reference << ": " << incident.error().message;
    EXPECT_EQ(incident->number, number) << reference;
  }
  const std::pair<std::string, Errc> errors[] = {
      {"", Errc::invalid},
      {"abcde", Errc::invalid},
      {"xyzxyz", Errc::invalid},
      {"INC-", Errc::invalid},
      {"-17", Errc::invalid},
      {"17 ", Errc::invalid},
      {"99", Errc::not_found},
      {"abcdee", Errc::not_found},
      {"abcdef", Errc::conflict},
      {"abcdef00000000000000000000000001f", Errc::invalid},  // 33 digits
      {"18446744073709551616", Errc::not_found},             // no number, but may be an id
  };
  for (const auto& [reference, code] : errors) {
    const auto incident = store->find_incident(reference);
    ASSERT_FALSE(incident) << reference;
    EXPECT_EQ(incident.error().code, code) << reference << ": " << incident.error().message;
  }
  const std::string message = store->find_incident("abcdef").error().message;
  EXPECT_NE(message.find("abcdef"), std::string::npos);
  EXPECT_NE(message.find("INC-17"), std::string::npos) << message;
  EXPECT_NE(message.find("INC-18"), std::string::npos) << message;
}

class RealDisk : public testing::Test {
 protected:
  void SetUp() override {
    options_.path = root_ + "/store";
    options_.memory_bytes = 8 << 20;
  }
  test::Folder folder_;
  const std::string& root_ = folder_.path;
  Options options_;
};

TEST_F(RealDisk, KeepsEverythingAndStaysPrivate) {
  History history(1000);
  std::vector<Made> made;
  for (int i = 0; i < 30; ++i) made.push_back(history.next());
  {
    auto store = open(options_);
    for (const Made& m : made) ASSERT_TRUE(commit_one(*store, m.commit));
    tidy(*store, kEpoch);
    EXPECT_GT(store->stats().disk_free_bytes, 0u);
    history.verify(*store, made.size());
  }
  struct stat status {};
  ASSERT_EQ(::stat(options_.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  std::vector<std::string> notes;
  auto store = Store::open(options_, &notes);
  ASSERT_TRUE(store);
  EXPECT_TRUE(notes.empty()) << notes[0];
  history.verify(**store, made.size());
}

void expect_locked(const Options& options) {
  auto second = Store::open(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
  EXPECT_NE(second.error().message.find("holds " + options.path + "/LOCK"), std::string::npos)
      << second.error().message;
}

TEST_F(RealDisk, IsOpenedOnceAtATime) {
  auto store = open(options_);
  expect_locked(options_);
  store.reset();
  open(options_).reset();
}

// Another process that does what RocksDB does: it takes a POSIX lock on the file LOCK.
TEST_F(RealDisk, TwoProcessesCannotShareIt) {
  open(options_).reset();
  const std::string lock_path = options_.path + "/LOCK";
  int ready[2], stop[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(stop), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  char byte = 'x';
  if (child == 0) {
    ::close(stop[1]);
    const int fd = ::open(lock_path.c_str(), O_RDWR);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    const bool locked = fd >= 0 && ::fcntl(fd, F_SETLK, &lock) == 0;
    const bool told = locked && ::write(ready[1], &byte, 1) == 1;
    ::_exit(told && ::read(stop[0], &byte, 1) == 0 ? 0 : 1);
  }
  ::close(ready[1]);
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  expect_locked(options_);
  ::close(stop[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  open(options_).reset();
  for (const int fd : {ready[0], stop[0]}) ::close(fd);
}

TEST_F(RealDisk, SaysWhatIsWrongWithThePath) {
  options_.path = root_ + "/a/b";
  auto missing = Store::open(options_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::io);
  EXPECT_NE(missing.error().message.find("parent"), std::string::npos) << missing.error().message;
  options_.path = "/proc/version";
  EXPECT_FALSE(Store::open(options_));
}

}  // namespace
}  // namespace vakt::store
