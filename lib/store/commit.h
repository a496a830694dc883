// What one commit holds. The engine produces it, the store writes it in one atomic WriteBatch:
// all of it, or nothing (DESIGN promise 1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/token.h"
#include "access/user.h"
#include "base/time.h"
#include "event/batch.h"
#include "incident/incident.h"
#include "store/block.h"
#include "store/group_rows.h"

namespace vakt::store {

// A hit as it is kept: searchable detection, evidence, and what recovery replays.
struct HitRow {
  std::uint64_t sequence = 0;  // of its event
  std::uint32_t ordinal = 0;   // 0, 1, … among the hits of one event
  std::string value;           // hit_codec.h
};

struct EvidenceRow {
  incident::IncidentId incident;
  std::uint32_t index = 0;     // from 0, without gaps, per incident
  std::uint64_t sequence = 0;  // the hit it copies: from this commit, or stored earlier
  std::uint32_t ordinal = 0;
};

// The answer to a request that carried an Idempotency-Key.
struct Idempotency {
  std::string key;  // source name and key, as the caller composed it
  Hash128 body_hash;
  std::string answer;  // what the first request got
  Time received_time;  // kept 24 h from here
};

// What somebody did that is no incident's history, for the audit log.
struct AuditNote {
  std::string actor;
  std::string role;
  std::string action;   // "rules.changed"
  std::string subject;  // what it was done to
  std::string payload;  // JSON
};

// Who may do what, as it is from this commit on. The last of several records of one user or token
// counts; removing goes first.
struct AccessChanges {
  std::vector<access::User> users;
  std::vector<access::Token> tokens;
  std::vector<std::string> removed_users;   // names
  std::vector<std::string> removed_tokens;  // ids
  std::optional<AuditNote> note;            // who changes it; none for mere use
  bool empty() const {
    return users.empty() && tokens.empty() && removed_users.empty() && removed_tokens.empty();
  }
};

struct Commit {
  std::uint64_t number = 0;  // of the input, from 1, without gaps
  Time now;                  // of the input
  std::string log_record;    // the input without its hits, for recovery (engine/input_codec.h)

  // Raw events; null: none. `first_sequence` is the sequence of the batch's first event.
  const event::Batch* batch = nullptr;
  std::uint64_t first_sequence = 0;
  std::vector<std::string> listener_names;  // indexed by Event::listener
  // The batch as a raw block, where somebody compressed it ahead of the commit, so that compression
  // and the disk work at the same time. Else the store does it.
  std::optional<EncodedBlock> block;

  std::vector<HitRow> hits;
  std::vector<incident::Incident> incidents;      // latest record of each that changed
  std::vector<incident::TimelineEntry> timeline;  // each goes into the audit log too
  std::vector<AuditNote> notes;
  std::vector<EvidenceRow> evidence;
  std::optional<Idempotency> idempotency;
  std::optional<std::string> checkpoint;  // engine state after this input, for recovery
  GroupChanges groups;                    // with it: what is not in memory
  std::optional<std::string> statistics;  // replaces what Store::statistics() gives
  AccessChanges access;
};

}  // namespace vakt::store
