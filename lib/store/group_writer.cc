#include "store/group_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "store/access_codec.h"
#include "store/incident_codec.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

using HitPosition = std::pair<std::uint64_t, std::uint32_t>;

HitPosition position(const HitRow& row) { return {row.sequence, row.ordinal}; }

std::uint64_t event_count(const Commit& commit) {
  return commit.batch != nullptr ? commit.batch->size() : 0;
}

}  // namespace

void put_block(const Database& database, rocksdb::WriteBatch& batch, std::uint64_t first_sequence,
               const BlockHead& head, const std::string& bytes, bool in_tail, StateRow& state) {
  const std::string key = number_key(first_sequence);
  database.put(batch, in_tail ? Family::tail : Family::raw, key, bytes);
  const BlockRow row{in_tail,           head.event_count,  bytes.size(),   head.raw_bytes,
                     head.received_min, head.received_max, head.event_min, head.event_max};
  std::string encoded;
  encode_block_row(row, encoded);
  database.put(batch, Family::blocks, key, encoded);
  ++state.raw_blocks;
  state.raw_block_bytes += bytes.size();
}

Result<void> GroupWriter::add(std::span<const Commit* const> group) {
  add_log(group);
  for (const Commit* commit : group) {
    if (auto ok = check_order(*commit); !ok) return ok;
    add_minute(*commit);
    if (auto ok = add_events(*commit); !ok) return ok;
    add_hits(*commit);
    for (const incident::TimelineEntry& entry : commit->timeline) {
      row_.clear();
      encode_timeline(entry, row_);
      database_.put(batch_, Family::timeline, incident_row_key(entry.incident, entry.index), row_);
    }
    if (auto ok = audit_.add(*commit); !ok) return ok;
    if (auto ok = add_evidence(*commit); !ok) return ok;
    if (commit->idempotency) add_answer(*commit->idempotency);
    add_access(commit->access);
    state_.last_commit = commit->number;
    state_.last_now = std::max(state_.last_now, commit->now);
    if (commit->checkpoint) {
      state_.checkpoint_sequence = state_.next_sequence;
      add_groups(commit->groups);
    }
  }
  if (auto ok = end_block(); !ok) return ok;
  add_incidents(group);
  audit_.finish();
  row_.clear();
  encode_state(state_, row_);
  database_.put(batch_, Family::meta, kStateKey, row_);
  return {};
}

Result<void> GroupWriter::check_order(const Commit& commit) const {
  if (commit.number != state_.last_commit + 1)
    return fail(Errc::invalid, fmt::format("commit {} does not follow commit {}", commit.number,
                                           state_.last_commit));
  const std::uint64_t events = event_count(commit);
  if (events != 0 && commit.first_sequence != state_.next_sequence)
    return fail(Errc::invalid, fmt::format("commit {} begins at event {}, not at {}", commit.number,
                                           commit.first_sequence, state_.next_sequence));
  const HitRow* before = nullptr;
  for (const HitRow& hit : commit.hits) {
    const bool inside =
        hit.sequence >= state_.next_sequence && hit.sequence - state_.next_sequence < events;
    if (!inside || (before != nullptr && position(*before) >= position(hit)))
      return fail(Errc::invalid, fmt::format("commit {} has a hit of event {} out of order",
                                             commit.number, hit.sequence));
    before = &hit;
  }
  return {};
}

// Entries up to the newest checkpoint are of no use any more: they are deleted with it, and those
// of this group are not written at all.
void GroupWriter::add_log(std::span<const Commit* const> group) {
  const auto newest = std::find_if(group.rbegin(), group.rend(),
                                   [](const Commit* c) { return c->checkpoint.has_value(); });
  if (newest != group.rend()) {
    const Commit& commit = **newest;
    row_.clear();
    encode_checkpoint(commit.number, *commit.checkpoint, row_);
    database_.put(batch_, Family::checkpoint, kCheckpointKey, row_);
    database_.remove_range(batch_, Family::log, number_key(state_.checkpoint_number + 1),
                           number_key(commit.number + 1));
    state_.checkpoint_number = commit.number;
  }
  for (const Commit* commit : group) {
    if (!commit->statistics) continue;
    row_.clear();
    encode_checkpoint(commit->number, *commit->statistics, row_);
    database_.put(batch_, Family::checkpoint, kStatisticsKey, row_);
  }
  std::uint64_t next = state_.next_sequence;
  for (const Commit* commit : group) {
    const std::uint64_t events = event_count(*commit);
    if (commit->number > state_.checkpoint_number) {
      row_.clear();
      encode_log({commit->now, next, events, commit->log_record}, row_);
      database_.put(batch_, Family::log, number_key(commit->number), row_);
    }
    next += events;
  }
}

void GroupWriter::add_groups(const GroupChanges& changes) {
  for (const auto& [lower, upper] : changes.removed_ranges)
    database_.remove_range(batch_, Family::groups, lower, upper);
  for (const std::string& key : changes.removed) database_.remove(batch_, Family::groups, key);
  for (const GroupRow& row : changes.put) database_.put(batch_, Family::groups, row.key, row.value);
}

// Says at which event each minute of `now` began, which is how retention finds old hits.
void GroupWriter::add_minute(const Commit& commit) {
  const std::int64_t minute =
      std::chrono::floor<std::chrono::minutes>(commit.now).time_since_epoch().count();
  if (minute <= state_.last_minute) return;
  state_.last_minute = minute;
  row_.clear();
  encode_number(state_.next_sequence, row_);
  const Time start{std::chrono::minutes(minute)};
  database_.put(batch_, Family::meta, number_key(kMinuteKind, sortable(start)), row_);
}

// Batches of one group share a block, up to the target.
Result<void> GroupWriter::add_events(const Commit& commit) {
  if (event_count(commit) == 0) return {};
  if (commit.batch->raw().size() > kBlockRawBytesMax)
    return fail(Errc::too_large,
                fmt::format("commit {} has {} bytes of raw events; the limit is {}", commit.number,
                            commit.batch->raw().size(), kBlockRawBytesMax));
  if (commit.block) {
    if (auto ok = end_block(); !ok) return ok;
    put(commit.block->head, commit.block->bytes, state_.next_sequence);
    state_.next_sequence += commit.batch->size();
    return {};
  }
  if (!block_.empty() && block_.head().raw_bytes + commit.batch->raw().size() > target_)
    if (auto ok = end_block(); !ok) return ok;
  if (block_.empty()) block_first_ = state_.next_sequence;
  block_.add(*commit.batch, commit.listener_names);
  state_.next_sequence += commit.batch->size();
  return {};
}

Result<void> GroupWriter::end_block() {
  if (block_.empty()) return {};
  const BlockHead head = block_.head();
  const std::string* bytes = block_.finish();
  if (bytes == nullptr) return fail(Errc::unavailable, "no memory to compress a raw block");
  put(head, *bytes, block_first_);
  return {};
}

void GroupWriter::put(const BlockHead& head, const std::string& bytes, std::uint64_t first) {
  const bool in_tail = head.raw_bytes < small_block_bytes(target_);
  put_block(database_, batch_, first, head, bytes, in_tail, state_);
  if (in_tail) tail_.push_back({first, head.event_count, head.raw_bytes});
}

void GroupWriter::add_hits(const Commit& commit) {
  for (const HitRow& hit : commit.hits) {
    database_.put(batch_, Family::hits, hit_key(hit.sequence, hit.ordinal), hit.value);
    group_hits_.push_back(&hit);
  }
}

// The latest record of an incident wins, wherever in the group it changed.
void GroupWriter::add_incidents(std::span<const Commit* const> group) {
  std::unordered_map<std::uint64_t, const incident::Incident*> latest;
  std::vector<std::uint64_t> order;
  for (const Commit* commit : group)
    for (const incident::Incident& incident : commit->incidents) {
      const auto [it, added] = latest.emplace(incident.number, &incident);
      if (added)
        order.push_back(incident.number);
      else
        it->second = &incident;
    }
  for (const std::uint64_t number : order) {
    const incident::Incident& incident = *latest.at(number);
    row_.clear();
    encode_incident(incident, row_);
    database_.put(batch_, Family::incidents, number_key(kRecordKind, number), row_);
    row_.clear();
    encode_number(number, row_);
    database_.put(batch_, Family::incidents, id_key(kIdKind, incident.id), row_);
    const bool open = incident.state != incident::State::closed && !incident.merged_into &&
                      !incident.left_to_storm();
    const std::string open_key = number_key(kOpenKind, number);
    if (open)
      database_.put(batch_, Family::incidents, open_key, "");
    else
      database_.remove(batch_, Family::incidents, open_key);
    if (incident.storm)
      database_.put(batch_, Family::incidents, member_key(*incident.storm, number), "");
  }
}

Result<void> GroupWriter::add_evidence(const Commit& commit) {
  for (const EvidenceRow& row : commit.evidence) {
    const auto hit = find_hit(row);
    if (!hit) return tl::make_unexpected(hit.error());
    row_.clear();
    encode_evidence({{database_.origin(), row.sequence}, row.ordinal, *hit}, row_);
    database_.put(batch_, Family::evidence, incident_row_key(row.incident, row.index), row_);
  }
  return {};
}

// A hit that retention deleted before it became evidence leaves an empty value.
Result<std::string> GroupWriter::find_hit(const EvidenceRow& row) const {
  const HitPosition wanted{row.sequence, row.ordinal};
  const auto it =
      std::lower_bound(group_hits_.begin(), group_hits_.end(), wanted,
                       [](const HitRow* hit, const HitPosition& p) { return position(*hit) < p; });
  if (it != group_hits_.end() && position(**it) == wanted) return (*it)->value;
  auto stored = database_.get(Family::hits, hit_key(row.sequence, row.ordinal));
  if (!stored) return tl::make_unexpected(stored.error());
  if (*stored) return std::move(**stored);
  if (row.sequence < state_.hits_floor) return std::string();
  return fail(Errc::invalid, fmt::format("evidence names hit {}.{}, which is not stored",
                                         row.sequence, row.ordinal));
}

void GroupWriter::add_answer(const Idempotency& answer) {
  row_.clear();
  encode_answer(answer, row_);
  database_.put(batch_, Family::idempotency, text_key(kAnswerKind, answer.key), row_);
  database_.put(batch_, Family::idempotency, received_key(answer.received_time, answer.key), "");
}

void GroupWriter::add_access(const AccessChanges& changes) {
  const auto remove = [&](char kind, std::string_view key) {
    database_.remove(batch_, Family::access, text_key(kind, key));
  };
  const auto put = [&](char kind, std::string_view key) {
    database_.put(batch_, Family::access, text_key(kind, key), row_);
    row_.clear();
  };
  row_.clear();
  for (const std::string& name : changes.removed_users) remove(kUserKind, name);
  for (const std::string& id : changes.removed_tokens) remove(kTokenKind, id);
  for (const access::User& user : changes.users) {
    encode_user(user, row_);
    put(kUserKind, user.name);
  }
  for (const access::Token& token : changes.tokens) {
    encode_token(token, row_);
    put(kTokenKind, token.id);
  }
}

}  // namespace vakt::store
