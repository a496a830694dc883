// A made-up history of commits that uses everything a commit can hold, and a plain model of what a
// store must give back after the first k of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "store/incident_codec.h"
#include "store/store.h"

namespace vakt::store {

inline constexpr Time kEpoch = from_unix_seconds(1'700'000'000);

inline std::string noise(std::uint64_t seed, std::size_t bytes) {
  std::mt19937_64 random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

inline std::string encoded(const incident::Incident& incident) {
  std::string bytes;
  encode_incident(incident, bytes);
  return bytes;
}

inline access::User made_up_user(std::string name, Time changed) {
  access::User user;
  user.name = std::move(name);
  user.display_name = "A Person";
  user.roles = {access::Role::analyst};
  user.created = kEpoch;
  user.changed = changed;
  return user;
}

inline access::Token made_up_token(std::string id, std::string owner, Time last_used) {
  access::Token token;
  token.id = std::move(id);
  token.name = "a script";
  token.owner = std::move(owner);
  token.scopes = {access::Permission::read_incidents};
  token.secret_hash = access::sha256("secret");
  token.created = kEpoch;
  token.last_used = last_used;
  return token;
}

struct Made {
  std::unique_ptr<event::Batch> batch;
  Commit commit;
};

// Adds `count` events with texts that name their sequence.
inline void fill_batch(event::Batch& batch, std::uint64_t first, std::size_t count, Time now,
                       std::size_t noise_bytes) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t sequence = first + i;
    event::Event& e =
        batch.add("event " + std::to_string(sequence) + " " + noise(sequence, noise_bytes));
    e.received_time = now + std::chrono::microseconds(i);
    e.event_time = now - std::chrono::seconds(sequence % 100);
    e.flags = static_cast<std::uint16_t>(sequence % 128);
    e.listener = static_cast<std::uint16_t>(sequence % 2);
    e.source = batch.add_source("host-" + std::to_string(sequence % 5), sequence % 3 == 0);
  }
}

class History {
 public:
  explicit History(std::size_t noise_bytes = 10) : noise_bytes_(noise_bytes) {}

  // The next commit. The caller keeps what it needs; the model keeps a copy of its effects.
  Made next() {
    Made made;
    Commit& c = made.commit;
    c.number = ++number_;
    c.now = kEpoch + std::chrono::seconds(10) * number_;
    c.log_record = "record-" + std::to_string(number_);
    const std::size_t events = number_ % 4 == 3 ? 0 : (number_ * 7) % 20 + 1;
    made.batch = std::make_unique<event::Batch>((noise_bytes_ + 64) * 32, 32);
    if (events > 0) {
      fill_batch(*made.batch, sequence_, events, c.now, noise_bytes_);
      c.batch = made.batch.get();
      c.first_sequence = sequence_;
      c.listener_names = {"syslog", "http"};
    }
    for (std::size_t i = 0; i < events; i += 2)
      for (std::uint32_t ordinal = 0; ordinal < 1 + (i % 3); ++ordinal)
        c.hits.push_back({sequence_ + i, ordinal,
                          "hit-" + std::to_string(sequence_ + i) + "." + std::to_string(ordinal)});
    sequence_ += events;
    add_incident(c);
    if (number_ % 2 == 0)
      c.idempotency = Idempotency{"source/key-" + std::to_string(number_),
                                  {number_, 7},
                                  "answer " + std::to_string(number_),
                                  c.now};
    if (number_ % 5 == 0) c.checkpoint = "state-" + std::to_string(number_);
    change_access(c);
    remember(made);
    return made;
  }

  std::uint64_t number() const { return number_; }
  std::uint64_t sequence() const { return sequence_; }

  // Everything the store gives back is what the first `commits` of them put in, and no more.
  void verify(const Store& store, std::uint64_t commits) const {
    SCOPED_TRACE("after " + std::to_string(commits) + " commits");
    ASSERT_EQ(store.last_commit(), commits);
    verify_events(store, commits);
    verify_log(store, commits);
    verify_audit(store, commits);
    std::map<std::uint64_t, incident::Incident> incidents;
    std::map<incident::IncidentId, std::vector<std::string>> timeline, evidence;
    for (std::uint64_t k = 1; k <= commits; ++k) {
      for (const auto& i : effects_[k - 1].incidents) incidents[i.number] = i;
      for (const auto& t : effects_[k - 1].timeline) timeline[t.incident].push_back(t.text);
      for (const auto& e : effects_[k - 1].evidence)
        evidence[e.incident].push_back("hit-" + std::to_string(e.sequence) + "." +
                                       std::to_string(e.ordinal));
    }
    IncidentQuery query;
    query.limit = 1000;
    query.include_merged = true;
    const auto listed = store.incidents(query);
    ASSERT_TRUE(listed) << listed.error().message;
    ASSERT_EQ(listed->size(), incidents.size());
    for (const auto& found : *listed) {
      EXPECT_EQ(encoded(found), encoded(incidents.at(found.number)));
      std::vector<std::string> texts, hits;
      const auto entries = store.timeline(found.id);
      ASSERT_TRUE(entries);
      for (const auto& entry : *entries) texts.push_back(entry.text);
      EXPECT_EQ(texts, timeline[found.id]);
      const auto rows = store.evidence(found.id);
      ASSERT_TRUE(rows);
      for (const auto& row : *rows) {
        EXPECT_EQ(row.position.origin, store.origin());
        hits.push_back(row.hit);
      }
      EXPECT_EQ(hits, evidence[found.id]);
    }
    verify_access(store, commits);
    for (std::uint64_t k = 2; k <= number_; k += 2) {
      const auto answer = store.idempotency("source/key-" + std::to_string(k));
      ASSERT_TRUE(answer);
      ASSERT_EQ(answer->has_value(), k <= commits);
      if (*answer) {
        EXPECT_EQ((*answer)->answer, "answer " + std::to_string(k));
      }
    }
  }

 private:
  struct StoredText {
    std::uint64_t commit;
    StoredEvent event;
  };

  void add_incident(Commit& c) {
    incident::Incident& incident = incidents_[(number_ + 2) / 3];
    incident.number = (number_ + 2) / 3;
    incident.id = hash128("incident" + std::to_string(incident.number));
    incident.detection.rule_id = "rule-" + std::to_string(incident.number % 3);
    incident.detection.event_count = number_;
    ++incident.revision;
    c.timeline.push_back({incident.id, incident.timeline_entries++, c.now, "vakt", "", "opened",
                          "entry of commit " + std::to_string(number_)});
    if (!c.hits.empty()) last_hit_ = {c.hits.back().sequence, c.hits.back().ordinal};
    // Commits without hits refer to one stored earlier.
    if (last_hit_)
      c.evidence.push_back(
          {incident.id, incident.evidence_entries++, last_hit_->first, last_hit_->second});
    c.incidents.push_back(incident);
  }

  // A user and its token come, change and go within one commit each.
  void change_access(Commit& c) const {
    const std::string digit = std::to_string(number_ % 3);
    if (number_ % 7 == 6) {
      c.access.removed_users.push_back("user-" + digit);
      c.access.removed_tokens.push_back("000000000000000" + digit);
      return;
    }
    c.access.users.push_back(made_up_user("user-" + digit, c.now));
    if (number_ % 2 == 0)
      c.access.tokens.push_back(made_up_token("000000000000000" + digit, "user-" + digit, c.now));
  }

  void verify_access(const Store& store, std::uint64_t commits) const {
    std::map<std::string, std::string> wanted, found;
    for (std::uint64_t k = 1; k <= commits; ++k) {
      const AccessChanges& changes = effects_[k - 1].access;
      for (const auto& name : changes.removed_users) wanted.erase(name);
      for (const auto& id : changes.removed_tokens) wanted.erase(id);
      for (const auto& user : changes.users) wanted[user.name] = access::encode(user);
      for (const auto& token : changes.tokens) wanted[token.id] = access::encode(token);
    }
    const auto users = store.users();
    const auto tokens = store.tokens();
    ASSERT_TRUE(users && tokens);
    for (const auto& user : *users) found[user.name] = access::encode(user);
    for (const auto& token : *tokens) found[token.id] = access::encode(token);
    EXPECT_EQ(found, wanted);
  }

  void remember(const Made& made) {
    Commit copy = made.commit;
    copy.batch = nullptr;
    effects_.push_back(std::move(copy));
    counts_.push_back(made.commit.batch == nullptr ? 0 : made.commit.batch->size());
    if (made.commit.batch == nullptr) return;
    std::uint64_t sequence = made.commit.first_sequence;
    for (const event::Event& e : made.batch->events())
      events_.push_back({number_,
                         {sequence++, e.event_time, e.received_time, e.flags,
                          made.commit.listener_names[e.listener],
                          std::string(made.batch->sources()[e.source].name), std::string(e.raw)}});
  }

  void verify_events(const Store& store, std::uint64_t commits) const {
    std::size_t next = 0;
    const auto read = store.events(0, [&](const StoredEvent& got) {
      EXPECT_LT(next, events_.size());
      if (next >= events_.size()) return false;
      const StoredEvent& want = events_[next].event;
      EXPECT_LE(events_[next].commit, commits);
      EXPECT_EQ(got.sequence, want.sequence);
      EXPECT_EQ(got.raw, want.raw);
      EXPECT_EQ(got.event_time, want.event_time);
      EXPECT_EQ(got.received_time, want.received_time);
      EXPECT_EQ(got.flags, want.flags);
      EXPECT_EQ(got.listener, want.listener);
      EXPECT_EQ(got.source, want.source);
      ++next;
      return !testing::Test::HasFailure();
    });
    ASSERT_TRUE(read) << read.error().message;
    const bool all = next == events_.size() || events_[next].commit > commits;
    EXPECT_TRUE(all) << "only " << next << " events";
    EXPECT_EQ(store.next_sequence(), next);
  }

  // Each timeline entry is in the audit log, in order, and nothing else.
  void verify_audit(const Store& store, std::uint64_t commits) const {
    const auto verified = store.verify_audit(std::nullopt);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_FALSE(verified->finding) << verified->finding->message;
    std::vector<std::pair<std::uint64_t, std::string>> wanted, found;
    for (std::uint64_t k = 1; k <= commits; ++k)
      for (const auto& t : effects_[k - 1].timeline)
        wanted.emplace_back(k, to_hex(t.incident) + " " + t.kind + " " + t.text);
    const auto read = store.read_audit(0, [&](const audit::Entry& entry) {
      const std::string text =
          entry.content->payload.substr(entry.content->payload.find("\"text\":\"") + 8);
      found.emplace_back(entry.commit, entry.subject + " " + entry.action.substr(9) + " " +
                                           text.substr(0, text.size() - 2));
      return true;
    });
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(found, wanted);
  }

  void verify_log(const Store& store, std::uint64_t commits) const {
    std::uint64_t checkpoint = 0;
    for (std::uint64_t k = 1; k <= commits; ++k)
      if (effects_[k - 1].checkpoint) checkpoint = k;
    const auto stored = store.checkpoint();
    ASSERT_TRUE(stored);
    ASSERT_EQ(stored->has_value(), checkpoint != 0);
    if (checkpoint != 0) {
      EXPECT_EQ((*stored)->number, checkpoint);
      EXPECT_EQ((*stored)->state, "state-" + std::to_string(checkpoint));
    }
    std::uint64_t next = checkpoint + 1;
    const auto read = store.read_log(0, [&](const LogEntry& entry) {
      EXPECT_EQ(entry.number, next);
      EXPECT_LE(next, commits);
      if (next > commits) return false;
      const Commit& want = effects_[next - 1];
      EXPECT_EQ(entry.now, want.now);
      EXPECT_EQ(entry.record, want.log_record);
      EXPECT_EQ(entry.event_count, counts_[next - 1]);
      EXPECT_EQ(entry.hits.size(), want.hits.size());
      for (std::size_t i = 0; i < std::min(entry.hits.size(), want.hits.size()); ++i) {
        EXPECT_EQ(entry.hits[i].sequence, want.hits[i].sequence);
        EXPECT_EQ(entry.hits[i].ordinal, want.hits[i].ordinal);
        EXPECT_EQ(entry.hits[i].value, want.hits[i].value);
      }
      ++next;
      return true;
    });
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(next, commits + 1);
  }

  std::size_t noise_bytes_;
  std::uint64_t number_ = 0;
  std::uint64_t sequence_ = 0;
  std::map<std::uint64_t, incident::Incident> incidents_;
  std::optional<std::pair<std::uint64_t, std::uint32_t>> last_hit_;
  std::vector<Commit> effects_;
  std::vector<std::uint64_t> counts_;
  std::vector<StoredText> events_;
};

inline Result<void> commit_one(Store& store, const Commit& commit) {
  const Commit* const group[] = {&commit};
  return store.commit(group);
}

// Runs maintain until there is nothing left to do.
inline void tidy(Store& store, Time now) {
  for (int i = 0; i < 10'000; ++i) {
    const auto more = store.maintain(now);
    ASSERT_TRUE(more) << more.error().message;
    if (!*more) return;
  }
  FAIL() << "maintain() never ends";
}

}  // namespace vakt::store
