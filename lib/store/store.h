// Store: everything Vakt keeps, in one RocksDB. Keys, codecs and the format version: README.md.
//
// Threads: commit() and maintain() belong to one thread (the committer); the reading functions may
// be called from any thread at any time. Errors are values. A commit is there whole or not at all,
// in the order of the numbers, whatever fails (README.md, "What a failed commit may leave").
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/entry.h"
#include "audit/verify.h"
#include "base/result.h"
#include "store/commit.h"
#include "store/hit_codec.h"

namespace rocksdb {
class Env;
}

namespace vakt::store {

enum class Durability : std::uint8_t {
  fsync,   // a commit is on stable storage when commit() returns
  os,      // handed to the operating system: survives a kill, not a power cut
  memory,  // no write-ahead log: survives an orderly stop
};

struct Options {
  std::string path;
  Durability durability = Durability::fsync;
  std::uint64_t raw_bytes_max = 20ull << 30;  // compressed raw blocks; oldest go first
  std::optional<Duration> raw_age_max;        // of raw blocks, by received time; none: no limit
  std::optional<Duration> hit_age_max;        // of hits that no incident holds as evidence
  std::size_t block_bytes_target = 1 << 20;   // small blocks are merged up to about this many
                                              // bytes of raw text
  std::size_t memory_bytes = 64 << 20;        // memtables + block cache, all together; >= 8 MiB
  rocksdb::Env* env = nullptr;                // null: the real one. Tests: memory, faults
};

// A raw event as it was received.
struct StoredEvent {
  std::uint64_t sequence = 0;
  Time event_time;
  Time received_time;
  std::uint16_t flags = 0;
  std::string listener;
  std::string source;
  std::string raw;
};

struct LogEntry {
  std::uint64_t number = 0;
  Time now;
  std::string record;  // Commit::log_record
  std::uint64_t first_sequence = 0;
  std::uint64_t event_count = 0;
  std::vector<HitRow> hits;  // in order of (sequence, ordinal)
};

struct IncidentQuery {
  std::optional<incident::State> state;
  std::optional<rule::Level> severity;
  std::string rule_id;                        // empty: any
  std::optional<incident::IncidentId> storm;  // its members, also those left to it
  bool include_merged = false;
  bool include_closed = true;
  bool include_members = false;              // incidents left to their storm
  std::uint64_t before_number = UINT64_MAX;  // for paging: newest first, numbers below this
  std::size_t limit = 100;                   // 1..1,000
};

struct Stats {
  std::uint64_t next_sequence = 0;
  std::uint64_t last_commit = 0;
  std::uint64_t raw_blocks = 0;
  std::uint64_t raw_block_bytes = 0;     // compressed
  std::uint64_t raw_blocks_deleted = 0;  // by retention, since start
  std::uint64_t raw_blocks_merged = 0;   // since start
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t write_stall_micros = 0;
};

class Store {
 public:
  // Creates the store when there is none. Refuses a newer format by name; cuts a torn tail of the
  // write-ahead log and says so in `notes`.
  static Result<std::unique_ptr<Store>> open(const Options& options,
                                             std::vector<std::string>* notes = nullptr);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::uint64_t origin() const;

  // All of them in one WriteBatch, in order, numbers without gaps after the last committed one.
  // On error nothing of the group is visible, and everything that writes fails until the store is
  // reopened. The reopened store has the group whole or not at all: its log record may have reached
  // the disk although the sync reported an error. So last_commit() and next_sequence() of the
  // reopened store say where to go on, and what was not acknowledged may be there twice if its
  // sender repeats it without an Idempotency-Key.
  Result<void> commit(std::span<const Commit* const> group);

  // Housekeeping in small steps: merges small blocks, deletes what retention no longer keeps,
  // forgets idempotency keys older than 24 h. Returns true when there is more to do. Deletes in
  // portions: by bytes down to 63/64 of the limit, by age when 1/64 of the age (at least a minute)
  // is due.
  Result<bool> maintain(Time now);

  // Recovery. Log entries up to the newest checkpoint are deleted with the commit that carries it.
  struct Checkpoint {
    std::uint64_t number = 0;  // of the commit that carried it
    std::string state;
  };
  Result<std::optional<Checkpoint>> checkpoint() const;  // the newest
  // Groups that are not in it, as of it: see group_rows.h. In the order of the keys, nullopt where
  // there is none; the first `limit` rows with lower <= key < upper.
  Result<std::vector<std::optional<std::string>>> group_rows(
      std::span<const std::string> keys) const;
  Result<std::vector<GroupRow>> scan_group_rows(std::string_view lower, std::string_view upper,
                                                std::size_t limit) const;
  // What was counted of events so far (Commit::statistics), as somebody else encodes it.
  Result<std::optional<std::string>> statistics() const;
  // Entries with number > after, in order, until `each` returns false.
  Result<void> read_log(std::uint64_t after,
                        const std::function<bool(const LogEntry&)>& each) const;
  std::uint64_t last_commit() const;
  std::uint64_t next_sequence() const;
  Time last_now() const;  // largest `now` of a commit; the epoch when there is none

  // Incidents.
  Result<std::vector<incident::Incident>> incidents(const IncidentQuery& query) const;
  Result<incident::Incident> incident(incident::IncidentId id) const;
  // By number ("17", "INC-17") or by the first hexadecimal digits (6 or more) of the id. Digits
  // that are an incident's number mean that; several ids with these first digits are a conflict.
  Result<incident::Incident> find_incident(std::string_view reference) const;
  Result<std::vector<incident::TimelineEntry>> timeline(incident::IncidentId id) const;
  struct Evidence {
    std::uint32_t index = 0;
    event::Position position;
    std::string hit;  // hit_codec.h; empty: retention deleted the hit before it became evidence
  };
  Result<std::vector<Evidence>> evidence(incident::IncidentId id) const;

  // The audit log (audit/README.md): each timeline entry and note, in the order of the commits.
  // Every function reads as of one moment.
  Result<audit::TreeHead> audit_head() const;
  // Entries with index >= from, in order, until `each` returns false.
  Result<void> read_audit(std::uint64_t from,
                          const std::function<bool(const audit::Entry&)>& each) const;
  Result<std::vector<audit::Entry>> audit_of(incident::IncidentId id) const;
  Result<audit::InclusionProof> audit_inclusion(std::uint64_t index, std::uint64_t tree_size) const;
  Result<audit::ConsistencyProof> audit_consistency(std::uint64_t first,
                                                    std::uint64_t second) const;
  // Reads all of it.
  Result<audit::Verification> verify_audit(const std::optional<audit::SignedHeads>& heads) const;

  // Raw events with sequence >= first that were committed before the call, in order, until `each`
  // returns false. Gaps are what retention deleted. Pins nothing: it may run for hours.
  Result<void> events(std::uint64_t first,
                      const std::function<bool(const StoredEvent&)>& each) const;

  // Users by name and API tokens by id, in order; one of each: Errc::not_found. A damaged row is
  // Errc::corrupt, never left out: whoever is missing would be locked out in silence.
  Result<std::vector<access::User>> users() const;
  Result<std::vector<access::Token>> tokens() const;
  Result<access::User> user(std::string_view name) const;
  Result<access::Token> token(std::string_view id) const;

  Result<std::optional<Idempotency>> idempotency(std::string_view key) const;
  Stats stats() const;

 private:
  Store();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vakt::store
