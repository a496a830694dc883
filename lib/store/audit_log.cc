// Reading the audit log. Each function reads as of one moment, whatever is committed meanwhile.
#include <fmt/format.h>
#include <rocksdb/snapshot.h>

#include <bit>
#include <memory>
#include <utility>

#include "audit/sha256.h"
#include "store/audit_writer.h"
#include "store/impl.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

class AuditSnapshot {
 public:
  explicit AuditSnapshot(const Database& database)
      : database_(database), snapshot_(&database.db()) {
    options_.snapshot = snapshot_.snapshot();
    options_.fill_cache = false;
  }

  // Empty: there is none, or it could not be read; see status().
  std::string get(std::string_view key) {
    std::string value;
    const auto status = database_.db().Get(options_, database_.family(Family::audit),
                                           rocksdb::Slice(key.data(), key.size()), &value);
    if (!status.ok() && !status.IsNotFound()) status_ = status;
    return status.ok() ? value : std::string();
  }
  audit::NodeSource nodes() {
    return [this](std::uint32_t level, std::uint64_t index) {
      return audit::to_digest(get(audit_node_key(level, index)));
    };
  }
  // Rows whose keys begin with `kind`, from `key` on.
  std::unique_ptr<rocksdb::Iterator> rows(std::string_view key) {
    std::unique_ptr<rocksdb::Iterator> rows(
        database_.db().NewIterator(options_, database_.family(Family::audit)));
    rows->Seek(rocksdb::Slice(key.data(), key.size()));
    return rows;
  }
  Result<audit::TreeHead> head() {
    const std::string bytes = get(kAuditFrontierKey);
    if (auto ok = status(); !ok) return tl::make_unexpected(ok.error());
    if (bytes.empty()) return audit::Frontier().head();
    const auto frontier = audit::Frontier::decode(bytes);
    if (!frontier) return fail(Errc::corrupt, "the head of the audit log is damaged");
    return frontier->head();
  }
  Result<void> status() const {
    if (status_.ok()) return {};
    return tl::make_unexpected(to_error(status_, "reading the audit log"));
  }
  void note(const rocksdb::Status& status) {
    if (!status.ok()) status_ = status;
  }

 private:
  const Database& database_;
  rocksdb::ManagedSnapshot snapshot_;
  rocksdb::ReadOptions options_;
  rocksdb::Status status_;
};

bool is_entry(const rocksdb::Iterator& rows) {
  return rows.Valid() && rows.key().size() == 9 && rows.key()[0] == kAuditEntryKind;
}

std::uint64_t index_of(const rocksdb::Iterator& rows) {
  return ByteReader(rows.key().ToStringView().substr(1)).be64();
}

Result<audit::Entry> entry_of(std::string_view bytes, std::uint64_t index) {
  auto entry = audit::decode_entry(bytes);
  if (!entry || entry->index != index)
    return fail(
        Errc::corrupt,
        fmt::format("entry {} of the audit log is damaged: vakt audit verify says more", index));
  return std::move(*entry);
}

audit::Finding strange_row(std::string_view what, std::uint64_t index = 0) {
  return {audit::Problem::entry_extra, index, fmt::format("{}: somebody wrote it past Vakt", what)};
}

// What the tree does not say: that there are no other rows, and that the index by incident has each
// of the entries of incidents, or a dossier would leave some out.
Result<std::optional<audit::Finding>> check_rows(AuditSnapshot& snapshot, std::uint64_t leaves,
                                                 std::uint64_t of_incidents) {
  std::uint64_t nodes = 0;
  std::uint64_t subjects = 0;
  const auto rows = snapshot.rows({});
  for (; rows->Valid(); rows->Next()) {
    const std::string_view key = rows->key().ToStringView();
    if (is_entry(*rows) || key == kAuditFrontierKey) continue;
    ByteReader in(key);
    const char kind = static_cast<char>(in.u8());
    if (kind == kAuditNodeKind) {
      ++nodes;
      continue;
    }
    const std::uint64_t high = in.be64();
    const Hash128 id{high, in.be64()};
    const std::uint64_t index = in.be64();
    const auto entry = audit::decode_entry(snapshot.get(number_key(kAuditEntryKind, index)));
    if (kind != kAuditSubjectKind || !in.ok() || !in.at_end() || !rows->value().empty() || !entry ||
        entry->subject != to_hex(id))
      return strange_row("a row of the audit log is none of its entries, nodes or indexes", index);
    ++subjects;
  }
  snapshot.note(rows->status());
  const auto complete = 2 * leaves - static_cast<std::uint64_t>(std::popcount(leaves));
  if (nodes != complete)
    return strange_row(fmt::format("the tree has {} nodes, not {}", nodes, complete));
  if (subjects == of_incidents) return std::nullopt;
  return audit::Finding{audit::Problem::entry_missing, 0,
                        fmt::format("the index of incidents has {} of {} entries: it was changed",
                                    subjects, of_incidents)};
}

}  // namespace

Result<audit::TreeHead> Store::audit_head() const { return AuditSnapshot(*impl_->database).head(); }

Result<void> Store::read_audit(std::uint64_t from,
                               const std::function<bool(const audit::Entry&)>& each) const {
  AuditSnapshot snapshot(*impl_->database);
  const auto rows = snapshot.rows(number_key(kAuditEntryKind, from));
  for (; is_entry(*rows); rows->Next()) {
    const auto entry = entry_of(rows->value().ToStringView(), index_of(*rows));
    if (!entry) return tl::make_unexpected(entry.error());
    if (!each(*entry)) return {};
  }
  snapshot.note(rows->status());
  return snapshot.status();
}

Result<std::vector<audit::Entry>> Store::audit_of(incident::IncidentId id) const {
  AuditSnapshot snapshot(*impl_->database);
  const std::string prefix = audit_subject_key(id, 0).substr(0, 1 + sizeof id);
  const auto rows = snapshot.rows(prefix);
  std::vector<audit::Entry> out;
  for (; rows->Valid() && rows->key().starts_with(prefix); rows->Next()) {
    const std::uint64_t index = ByteReader(rows->key().ToStringView().substr(prefix.size())).be64();
    auto entry = entry_of(snapshot.get(number_key(kAuditEntryKind, index)), index);
    if (!entry) return tl::make_unexpected(entry.error());
    out.push_back(std::move(*entry));
  }
  snapshot.note(rows->status());
  if (auto ok = snapshot.status(); !ok) return tl::make_unexpected(ok.error());
  return out;
}

Result<audit::InclusionProof> Store::audit_inclusion(std::uint64_t index,
                                                     std::uint64_t tree_size) const {
  AuditSnapshot snapshot(*impl_->database);
  auto proof = audit::prove_inclusion(index, tree_size, snapshot.nodes());
  if (auto ok = snapshot.status(); !ok) return tl::make_unexpected(ok.error());
  return proof;
}

Result<audit::ConsistencyProof> Store::audit_consistency(std::uint64_t first,
                                                         std::uint64_t second) const {
  AuditSnapshot snapshot(*impl_->database);
  auto proof = audit::prove_consistency(first, second, snapshot.nodes());
  if (auto ok = snapshot.status(); !ok) return tl::make_unexpected(ok.error());
  return proof;
}

Result<audit::Verification> Store::verify_audit(
    const std::optional<audit::SignedHeads>& heads) const {
  AuditSnapshot snapshot(*impl_->database);
  std::string frontier = snapshot.get(kAuditFrontierKey);
  if (auto ok = snapshot.status(); !ok) return tl::make_unexpected(ok.error());
  if (frontier.empty()) frontier = audit::Frontier().encode();
  const auto rows = snapshot.rows(number_key(kAuditEntryKind, 0));
  bool begun = false;
  std::uint64_t of_incidents = 0;
  audit::StoredLog log;
  log.next = [&]() -> std::optional<audit::StoredEntry> {
    if (std::exchange(begun, true)) rows->Next();
    if (!is_entry(*rows)) return std::nullopt;
    const auto entry = audit::decode_entry(rows->value().ToStringView());
    if (entry && entry->action.starts_with(kIncidentAction)) ++of_incidents;
    return audit::StoredEntry{index_of(*rows), rows->value().ToStringView()};
  };
  log.nodes = snapshot.nodes();
  log.frontier = frontier;
  auto verified = audit::verify_log(log, heads);
  if (!verified.finding) {
    auto found = check_rows(snapshot, verified.size, of_incidents);
    if (!found) return tl::make_unexpected(found.error());
    verified.finding = std::move(*found);
  }
  snapshot.note(rows->status());
  if (auto ok = snapshot.status(); !ok) return tl::make_unexpected(ok.error());
  return verified;
}

}  // namespace vakt::store
