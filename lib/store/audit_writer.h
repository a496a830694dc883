// Adds to the audit log what a commit says that people and detection did: in the commit's own
// WriteBatch, so that a change and its entry are there together or not at all.
#pragma once

#include <rocksdb/write_batch.h>

#include <string_view>

#include "audit/entry.h"
#include "audit/merkle.h"
#include "store/commit.h"
#include "store/database.h"

namespace vakt::store {

// Of the actions of entries about incidents; the rest is the kind of the timeline entry.
inline constexpr std::string_view kIncidentAction = "incident.";

class AuditWriter {
 public:
  AuditWriter(const Database& database, rocksdb::WriteBatch& batch, audit::Frontier frontier)
      : database_(database), batch_(batch), frontier_(std::move(frontier)) {}

  // Its timeline entries, in order, then its notes.
  Result<void> add(const Commit& commit);
  // The frontier, where it has grown. Last.
  void finish();
  const audit::Frontier& frontier() const { return frontier_; }

 private:
  Result<void> add(audit::Entry entry, std::string payload);
  Result<void> add(audit::Entry entry, const AuditNote& note);

  const Database& database_;
  rocksdb::WriteBatch& batch_;
  audit::Frontier frontier_;
  bool grown_ = false;
};

}  // namespace vakt::store
