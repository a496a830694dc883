// A store with some incidents, and the API over it on a port of its own: for tests of the API and
// of the command line. Commands go through incident/lifecycle.h and the store, as in the daemon,
// and so do changes of users and tokens. The gate's clock stands still until a test moves it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/api.h"
#include "api/random.h"
#include "api/token.h"
#include "folder.h"
#include "incident/lifecycle.h"

namespace vakt::api {

inline constexpr const char* kToken = "vakt_test-token";
// What an attacker would put into a name: an escape sequence, broken UTF-8, markup.
inline const std::string kHostile = "root\x1b[31m\xff<script>\"";

class Rig {
 public:
  Rig() {
    store::Options options;
    options.path = folder() + "/store";
    options.durability = store::Durability::os;
    auto opened = store::Store::open(options);
    EXPECT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    for (std::uint64_t number = 1; number <= 3; ++number) put(make(number), true);
    serve();
  }
  ~Rig() {
    server_->close();
    work_.reset();
    thread_.join();
    passwords_.reset();
    store_.reset();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  std::uint16_t port() const { return server_->port(); }
  const std::string& folder() const { return folder_.path; }
  AccessBook& book() { return book_; }
  const store::Store& store() const { return *store_; }
  Time now() const { return from_unix_seconds(seconds); }

  void add_user(const std::string& name, access::Roles roles) {
    change([&](const AccessBook::Contents& there) -> Result<store::AccessChanges> {
      auto user = access::create_user({name, name, {}, roles}, there.users, now());
      if (!user) return tl::make_unexpected(user.error());
      return store::AccessChanges{{*user}, {}, {}, {}, {}};
    });
  }
  // Returns the token's text. No scopes: all that the owner may do.
  std::string add_token(const std::string& owner, access::Permissions scopes = {},
                        std::optional<Time> expires = {}) {
    const auto contents = book_.contents();
    const access::User& user = *contents->user(owner);
    if (scopes.empty()) scopes = access::permissions_of(user.roles);
    const auto issued = access::issue_token(random_bytes(access::kTokenRandomBytes),
                                            {"of a test", scopes, expires}, user, {}, now());
    EXPECT_TRUE(issued) << issued.error().message;
    change([&](const AccessBook::Contents&) -> Result<store::AccessChanges> {
      return store::AccessChanges{{}, {issued->record}, {}, {}, {}};
    });
    return issued->text;
  }
  // A user with one role and its name, and the user's token.
  std::string add_role(access::Role role) {
    const std::string name(to_string(role));
    add_user(name, {role});
    return add_token(name);
  }
  // Shared with the server's thread.
  std::atomic<bool> ready{true};
  std::atomic<bool> rules_are_good{true};
  std::atomic<int> auth_failures{0};
  std::atomic<std::int64_t> seconds{1'700'002'000};  // of the gate's clock, since 1970

 private:
  static incident::Incident make(std::uint64_t number) {
    incident::Incident i;
    i.id = {number << 56 | 0xABCDEF, number};
    i.number = number;
    i.detection.rule_id = number == 3 ? "rule-b" : "rule-a";
    i.detection.group = {{"source.ip", "192.0.2." + std::to_string(number)},
                         {"user.name", kHostile}};
    i.detection.first_event_time = from_unix_seconds(1'700'000'000);
    i.detection.last_event_time = from_unix_seconds(1'700'000'060);
    i.detection.opened_event_time = from_unix_seconds(1'700'000'030);
    i.detection.opened_by = {0xFEDCBA9876543210u, 4};
    i.detection.event_count = 12;
    i.detection.peak = 10;
    i.rule_title = "SSH Brute Force";
    i.rule_author = "Ada";
    i.severity = number == 2 ? rule::Level::critical : rule::Level::high;
    i.threshold = 5;
    i.window = std::chrono::minutes(5);
    i.opened_at = from_unix_seconds(1'700'000'100);
    i.deciding_received_time = i.opened_at;
    return i;
  }

  void change(const AccessBook::Decide& decide) {
    book_.change(decide, std::nullopt,
                 [](const Result<void>& done) { EXPECT_TRUE(done) << done.error().message; });
  }

  Result<void> commit(store::Commit& commit) {
    const std::lock_guard lock(commit_mutex_);
    commit.number = store_->last_commit() + 1;
    commit.first_sequence = store_->next_sequence();
    for (store::HitRow& hit : commit.hits) hit.sequence += commit.first_sequence;
    for (store::EvidenceRow& row : commit.evidence) row.sequence += commit.first_sequence;
    const std::array<const store::Commit*, 1> group{&commit};
    return store_->commit(group);
  }

  void commit_access(store::AccessChanges changes, const AccessBook::Done& done) {
    store::Commit made;
    made.now = now();
    made.log_record = "test";
    made.access = std::move(changes);
    done(commit(made));
  }

  // With one event, its hit and the hit as evidence when `fresh`.
  void put(incident::Incident i, bool fresh, std::optional<incident::TimelineEntry> entry = {}) {
    event::Batch batch(4'096, 4);
    store::Commit made;
    made.now = i.opened_at;
    made.log_record = "test";
    if (fresh) {
      entry = incident::entry(i, i.opened_at, "vakt", "opened", "opened by " + kHostile);
      event::Event& event = batch.add("Failed password for " + kHostile);
      event.event_time = event.received_time = i.opened_at;
      event.source = batch.add_source("web1", false);
      made.batch = &batch;
      made.listener_names = {"test"};
      made.hits.push_back({0, 0, encoded_hit(batch)});
      made.evidence.push_back({i.id, 0, 0, 0});
      i.evidence_entries = 1;
    }
    if (entry) made.timeline.push_back(*entry);
    made.incidents.push_back(std::move(i));
    const auto done = commit(made);
    EXPECT_TRUE(done) << done.error().message;
  }

  static std::string encoded_hit(const event::Batch& batch) {
    const event::FieldNames names;
    const std::array<event::Field, 2> fields{
        {{event::kUserName, event::ValueKind::string, kHostile},
         {event::kSourcePort, event::ValueKind::number, "4022"}}};
    event::Hit hit;
    hit.event_time = hit.received_time = from_unix_seconds(1'700'000'100);
    hit.source = "web1";
    hit.raw = batch.events().front().raw;
    hit.flags = event::kBadUtf8;
    hit.fields = fields;
    std::string out;
    store::encode_hit(hit, "rule-a", {}, names, out);
    return out;
  }

  void serve() {
    Backend backend;
    backend.store = store_.get();
    backend.command = [this](engine::Command command, auto done) {
      incident::Incident incident = *command.loaded;
      const auto entry =
          incident::apply(incident, command.action, from_unix_seconds(1'700'001'000));
      if (!entry) return done(tl::make_unexpected(entry.error()));
      put(incident, false, *entry);
      done(incident);
    };
    backend.reload = [this](const auto& done) {
      ReloadReport report;
      report.done = rules_are_good;
      report.rules = 7;
      report.changed = 1;
      if (!report.done) {
        report.error = "1 new error";
        report.diagnostics.push_back(
            {Severity::error, "rules/" + kHostile + ".yml", 3, 5, "no condition", "add one"});
      }
      done(report);
    };
    backend.pipeline = [] {
      const auto empty = std::make_shared<engine::Pipeline>();
      empty->carried = std::make_shared<match::Carried>(0, 0);
      return empty;
    };
    backend.metrics = [] { return std::string("vakt_up 1\n"); };
    backend.ready = [this](std::string& why) {
      if (!ready) why = "the store failed";
      return ready.load();
    };
    const auto loaded = book_.load(*store_);
    EXPECT_TRUE(loaded) << loaded.error().message;
    backend.gate = &gate_;
    backend.passwords = passwords_.get();
    backend.version = "0.0.1";
    backend.audit_checkpoint = [] { return Result<std::string>("checkpoint"); };
    backend.audit_key = "key";
    backend.verify_audit = [](const auto&, const auto& done) { done(audit::Verification{}); };
    backend.auth_failed = [this] { ++auth_failures; };
    backend.auth_failure_delay_ms = 1;
    server_ = std::make_unique<http::Server>(io_, http::Options{});
    add_routes(*server_, io_, backend);
    const auto listening = server_->listen();
    EXPECT_TRUE(listening);
    work_.emplace(io_.get_executor());
    thread_ = std::thread([this] { io_.run(); });
  }

  test::Folder folder_;
  std::unique_ptr<store::Store> store_;
  boost::asio::io_context io_{1};
  std::mutex commit_mutex_;  // the API's thread and the passwords' commit
  AccessBook book_{[this](store::AccessChanges changes, const AccessBook::Done& done) {
    commit_access(std::move(changes), done);
  }};
  Gate gate_{sha256_hex(kToken), book_, [this] { return now(); }};
  std::unique_ptr<PasswordWorker> passwords_ = std::make_unique<PasswordWorker>();
  std::unique_ptr<http::Server> server_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread thread_;
};

}  // namespace vakt::api
