#include "store/audit_writer.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <utility>

#include "audit/sha256.h"
#include "base/text.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

// Not an input of the engine: nothing that Vakt concludes depends on it.
Result<audit::Salt> new_salt() {
  audit::Salt salt{};
  if (::getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size()))
    return fail(Errc::io, "the system gave no random number");
  return salt;
}

std::string payload_of(const incident::TimelineEntry& entry) {
  std::string out = fmt::format("{{\"entry\":{},\"text\":", entry.index);
  append_json(out, entry.text);
  return out + "}";
}

}  // namespace

Result<void> AuditWriter::add(const Commit& commit) {
  audit::Entry entry;
  entry.commit = commit.number;
  entry.at = commit.now;
  for (const incident::TimelineEntry& of : commit.timeline) {
    entry.actor = of.actor;
    entry.role = of.role;
    entry.action = std::string(kIncidentAction) + of.kind;
    entry.subject = to_hex(of.incident);
    database_.put(batch_, Family::audit, audit_subject_key(of.incident, frontier_.size()), "");
    if (auto ok = add(entry, payload_of(of)); !ok) return ok;
  }
  for (const AuditNote& note : commit.notes)
    if (auto ok = add(entry, note); !ok) return ok;
  return commit.access.note ? add(entry, *commit.access.note) : Result<void>{};
}

Result<void> AuditWriter::add(audit::Entry entry, const AuditNote& note) {
  entry.actor = note.actor;
  entry.role = note.role;
  entry.action = note.action;
  entry.subject = note.subject;
  return add(std::move(entry), note.payload);
}

Result<void> AuditWriter::add(audit::Entry entry, std::string payload) {
  const auto salt = new_salt();
  if (!salt) return tl::make_unexpected(salt.error());
  entry.index = frontier_.size();
  if (auto ok = audit::seal(entry, {*salt, std::move(payload)}); !ok) return ok;
  database_.put(batch_, Family::audit, number_key(kAuditEntryKind, entry.index),
                audit::encode_entry(entry));
  for (const audit::Node& node : frontier_.append(audit::leaf_of(entry)))
    database_.put(batch_, Family::audit, audit_node_key(node.level, node.index),
                  audit::view(node.digest));
  grown_ = true;
  return {};
}

void AuditWriter::finish() {
  if (grown_) database_.put(batch_, Family::audit, kAuditFrontierKey, frontier_.encode());
}

}  // namespace vakt::store
