// The reading half of Store. Each function is thread-safe: it holds no state and sees the store as
// of some moment during the call.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "store/impl.h"
#include "store/incident_codec.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

constexpr std::size_t kIncidentsPerPageMax = 1000;

tl::unexpected<Error> damaged(std::string_view what, std::uint64_t number) {
  return fail(Errc::corrupt, fmt::format("the {} {} is damaged", what, number));
}

bool matches(const IncidentHead& head, const IncidentQuery& query) {
  return (!query.state || head.state == *query.state) &&
         (!query.severity || head.severity == *query.severity) &&
         (query.rule_id.empty() || head.rule_id == query.rule_id) &&
         (query.include_merged || !head.merged) &&
         (query.include_members || query.storm || !head.left_to_storm) &&
         (query.include_closed || head.state != incident::State::closed);
}

// All rows of an incident are below this key and at or above the id alone.
std::string after_incident(incident::IncidentId id) {
  return incident_row_key(id, UINT32_MAX) + '\xff';
}

std::string incident_prefix(incident::IncidentId id) {
  std::string key;
  append_hash(key, id);
  return key;
}

}  // namespace

Result<incident::Incident> Store::Impl::load_incident(std::uint64_t number) const {
  const auto row = database->get(Family::incidents, number_key(kRecordKind, number));
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return fail(Errc::not_found, fmt::format("there is no incident INC-{}", number));
  auto incident = decode_incident(**row);
  if (!incident) return damaged("record of incident", number);
  return std::move(*incident);
}

Result<std::optional<Store::Checkpoint>> Store::checkpoint() const {
  const auto row = impl_->database->get(Family::checkpoint, kCheckpointKey);
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return std::optional<Checkpoint>();
  auto checkpoint = decode_checkpoint(**row);
  if (!checkpoint) return fail(Errc::corrupt, "the checkpoint of the store is damaged");
  return checkpoint;
}

Result<std::vector<std::optional<std::string>>> Store::group_rows(
    std::span<const std::string> keys) const {
  return impl_->database->get(Family::groups, keys);
}

Result<std::vector<GroupRow>> Store::scan_group_rows(std::string_view lower, std::string_view upper,
                                                     std::size_t limit) const {
  std::vector<GroupRow> rows;
  Scan scan(*impl_->database, Family::groups, std::string(lower), std::string(upper),
            Scan::Direction::forward, true);
  for (; scan.valid() && rows.size() < limit; scan.next())
    rows.push_back({std::string(scan.key()), std::string(scan.value())});
  if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
  return rows;
}

Result<std::optional<std::string>> Store::statistics() const {
  auto row = impl_->database->get(Family::checkpoint, kStatisticsKey);
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return std::optional<std::string>();
  auto statistics = decode_checkpoint(**row);
  if (!statistics) return fail(Errc::corrupt, "the statistics of the store are damaged");
  return std::optional(std::move(statistics->state));
}

Result<void> Store::read_log(std::uint64_t after,
                             const std::function<bool(const LogEntry&)>& each) const {
  if (after == UINT64_MAX) return {};
  const Database& database = *impl_->database;
  Scan log(database, Family::log, number_key(after + 1), number_key(UINT64_MAX),
           Scan::Direction::forward, true);
  if (!log.valid()) return log.status();
  // Made after the log's: it has the hits of everything the log shows.
  Scan hits(database, Family::hits, hit_key(0, 0), hit_key(UINT64_MAX, 0), Scan::Direction::forward,
            true);
  std::uint64_t expected = ByteReader(log.key()).be64();
  for (; log.valid(); log.next(), ++expected) {
    LogEntry entry;
    entry.number = ByteReader(log.key()).be64();
    const auto row = decode_log(log.value());
    if (!row || entry.number != expected) return damaged("log entry", expected);
    entry.now = row->now;
    entry.record = row->record;
    entry.first_sequence = row->first_sequence;
    entry.event_count = row->event_count;
    const std::uint64_t end = entry.first_sequence + entry.event_count;
    if (entry.event_count > 0) {
      for (hits.seek(hit_key(entry.first_sequence, 0)); hits.valid(); hits.next()) {
        ByteReader key(hits.key());
        const std::uint64_t sequence = key.be64();
        if (sequence >= end) break;
        entry.hits.push_back({sequence, key.be32(), std::string(hits.value())});
      }
      if (!hits.valid())
        if (auto read = hits.status(); !read) return read;
    }
    if (!each(entry)) return {};
  }
  return log.status();
}

Result<std::vector<incident::Incident>> Store::incidents(const IncidentQuery& query) const {
  if (query.limit == 0 || query.limit > kIncidentsPerPageMax)
    return fail(Errc::invalid, fmt::format("a page has 1 to {} incidents, not {}",
                                           kIncidentsPerPageMax, query.limit));
  // Open incidents are few among many closed ones and have an index of their own.
  const bool only_closed = query.state == incident::State::closed;
  const bool only_open = !query.include_merged && !query.include_members && !only_closed &&
                         (!query.include_closed || query.state.has_value());
  const bool indexed = query.storm || only_open;
  const Database& database = *impl_->database;
  const auto key = [&](std::uint64_t number) {
    return query.storm ? member_key(*query.storm, number)
                       : number_key(indexed ? kOpenKind : kRecordKind, number);
  };
  Scan scan(database, Family::incidents, key(0), key(query.before_number),
            Scan::Direction::backward);
  std::vector<incident::Incident> found;
  for (; scan.valid() && found.size() < query.limit; scan.next()) {
    const std::uint64_t number = ByteReader(scan.key().substr(scan.key().size() - 8)).be64();
    std::optional<std::string> loaded;
    if (indexed) {
      auto row = database.get(Family::incidents, number_key(kRecordKind, number));
      if (!row) return tl::make_unexpected(row.error());
      if (!*row) return damaged("record of incident", number);
      loaded = std::move(*row);
    }
    const std::string_view record = loaded ? std::string_view(*loaded) : scan.value();
    const auto head = decode_incident_head(record);
    if (!head) return damaged("record of incident", number);
    if (!matches(*head, query)) continue;
    auto incident = decode_incident(record);
    if (!incident) return damaged("record of incident", number);
    found.push_back(std::move(*incident));
  }
  if (!scan.valid())
    if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
  return found;
}

Result<incident::Incident> Store::incident(incident::IncidentId id) const {
  const auto row = impl_->database->get(Family::incidents, id_key(kIdKind, id));
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return fail(Errc::not_found, "there is no incident " + to_hex(id));
  const auto number = decode_number(**row);
  if (!number)
    return fail(Errc::corrupt, "the index row of incident " + to_hex(id) + " is damaged");
  return impl_->load_incident(*number);
}

Result<std::vector<incident::TimelineEntry>> Store::timeline(incident::IncidentId id) const {
  std::vector<incident::TimelineEntry> entries;
  Scan scan(*impl_->database, Family::timeline, incident_prefix(id), after_incident(id));
  for (; scan.valid(); scan.next()) {
    const std::uint32_t index = ByteReader(scan.key().substr(16)).be32();
    auto entry = decode_timeline(id, index, scan.value());
    if (!entry) return damaged("timeline of incident " + to_hex(id) + ", entry", index);
    entries.push_back(std::move(*entry));
  }
  if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
  return entries;
}

Result<std::vector<Store::Evidence>> Store::evidence(incident::IncidentId id) const {
  std::vector<Evidence> rows;
  Scan scan(*impl_->database, Family::evidence, incident_prefix(id), after_incident(id));
  for (; scan.valid(); scan.next()) {
    const std::uint32_t index = ByteReader(scan.key().substr(16)).be32();
    const auto row = decode_evidence(scan.value());
    if (!row) return damaged("evidence of incident " + to_hex(id) + ", row", index);
    rows.push_back({index, row->position, std::string(row->hit)});
  }
  if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
  return rows;
}

Result<std::optional<Idempotency>> Store::idempotency(std::string_view key) const {
  const auto row = impl_->database->get(Family::idempotency, text_key(kAnswerKind, key));
  if (!row) return tl::make_unexpected(row.error());
  if (!*row) return std::optional<Idempotency>();
  auto answer = decode_answer(key, **row);
  if (!answer) return fail(Errc::corrupt, "the stored answer to an Idempotency-Key is damaged");
  return answer;
}

}  // namespace vakt::store
