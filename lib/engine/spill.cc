#include "engine/spill.h"

#include <algorithm>

#include "store/sortable_time.h"

namespace vakt::engine {
namespace {

using store::kGroupRow;
using store::kIncidentRow;
using store::kTimerRow;

std::string prefix(char kind, std::uint8_t lane) { return {kind, static_cast<char>(lane)}; }

void add(std::string& out, Hash128 hash) {
  ByteWriter writer(out);
  writer.be64(hash.high);
  writer.be64(hash.low);
}

Hash128 read_hash(ByteReader& in) {
  const std::uint64_t high = in.be64();
  return {high, in.be64()};
}

std::string of_detector(bool historic, Hash128 detector) {
  std::string key = prefix(kGroupRow, historic);
  add(key, detector);
  return key;
}

std::pair<std::string, std::string> range_of(std::string lower) {
  std::string upper = lower;
  while (upper.back() == '\xff') upper.pop_back();  // kinds are letters: something is left
  ++upper.back();
  return {std::move(lower), std::move(upper)};
}

}  // namespace

std::string Spill::group_row(const Place& place) {
  std::string key = of_detector(place.historic, place.detector);
  add(key, place.group);
  return key;
}

std::string Spill::timer_row(Clock clock, const Timer& timer) {
  std::string key = prefix(kTimerRow, clock);
  ByteWriter out(key);
  out.be64(store::sortable(timer.time));
  out.be32(timer.level);
  out.be64(timer.id);
  return key;
}

std::string Spill::incident_row(Hash128 incident) {
  std::string key(1, kIncidentRow);
  add(key, incident);
  return key;
}

std::optional<Spill::Place> Spill::place_of(std::string_view group_row) {
  ByteReader in(group_row);
  Place place;
  const bool kind = in.u8() == static_cast<std::uint8_t>(kGroupRow);
  place.historic = in.u8() != 0;
  place.detector = read_hash(in);
  place.group = read_hash(in);
  return kind && in.at_end() ? std::optional(place) : std::nullopt;
}

std::uint64_t Spill::groups() const {
  std::uint64_t rows = 0;
  for (const auto& [part, until] : until_) rows += until.rows;
  return rows;
}

std::vector<std::optional<std::string>> Spill::get(std::vector<std::string>& keys) {
  std::erase_if(keys, [&](const std::string& key) { return is_void(key); });
  if (keys.empty()) return {};
  auto rows = rows_->get(keys);
  if (rows) return std::move(*rows);
  failure_ = rows.error();
  return std::vector<std::optional<std::string>>(keys.size());
}

std::optional<std::string> Spill::get(const std::string& key) {
  std::vector<std::string> keys = {key};
  auto rows = get(keys);
  return rows.empty() ? std::nullopt : std::move(rows.front());
}

std::vector<store::GroupRow> Spill::scan(std::string_view lower, std::string_view upper,
                                         std::size_t limit) {
  auto rows = rows_->scan(lower, upper, limit);
  if (rows) return std::move(*rows);
  failure_ = rows.error();
  return {};
}

std::vector<store::GroupRow> Spill::rows_of(bool historic, Hash128 detector,
                                            const std::string& after, std::size_t limit) {
  auto [lower, upper] = range_of(of_detector(historic, detector));
  if (!after.empty()) lower = after + '\0';
  return scan(lower, upper, limit);
}

Spill::Due Spill::due(Clock clock, Time until, std::size_t limit) {
  Due out;
  Timers& timers = timers_[clock];
  if (!attached() || timers.next > until) return out;
  auto [lower, upper] = range_of(prefix(kTimerRow, clock));
  std::string& from = timers.from;
  if (from.empty()) from = lower;
  const auto rows = scan(from, upper, limit);
  timers.next = kTimeMax;
  for (const store::GroupRow& row : rows) {
    ByteReader in(std::string_view(row.key).substr(lower.size()));
    Timer timer;
    timer.time = store::from_sortable(in.be64());
    timer.level = in.be32();
    timer.id = in.be64();
    if (timer.time > until) {
      timers.next = timer.time;
      from = row.key;
      return out;
    }
    out.timers.push_back(timer);
    out.rows.push_back(row.value);
  }
  from = rows.empty() ? upper : rows.back().key + '\0';
  out.more = rows.size() == limit;
  if (out.more) timers.next = out.timers.back().time;
  return out;
}

void Spill::make_void(const Place& place, std::vector<std::string> others) {
  std::string key = group_row(place);
  if (!void_.insert(key).second) return;
  for (Parts* parts : {&until_, &put_until_}) {
    const auto part = parts->find({place.historic, place.detector});
    if (part == parts->end() || part->second.rows == 0) continue;
    --part->second.rows;
    break;
  }
  changes_.removed.push_back(std::move(key));
  for (std::string& other : others) changes_.removed.push_back(std::move(other));
}

void Spill::clear(bool historic) {
  if (!attached()) return;
  const auto of_lane = [&](const auto& part) { return part.first.first == historic; };
  std::erase_if(put_until_, of_lane);
  std::erase_if(until_, of_lane);
  changes_.removed_ranges.push_back(range_of(prefix(kGroupRow, historic)));
  for (const bool received : {false, true}) {
    timers_[clock(historic, received)] = {};
    changes_.removed_ranges.push_back(range_of(prefix(kTimerRow, clock(historic, received))));
  }
}

void Spill::clear(bool historic, Hash128 detector) {
  until_.erase({historic, detector});
  put_until_.erase({historic, detector});
  changes_.removed_ranges.push_back(range_of(of_detector(historic, detector)));
}

void Spill::clear_passed(bool historic, Time watermark, Time now) {
  for (auto it = until_.begin(); it != until_.end();) {
    const auto& [part, until] = *it++;
    if (part.first != historic || until.event > watermark || until.late > now) continue;
    // What is on its way to the store may be of later groups.
    if (!put_until_.contains(part)) clear(historic, part.second);
  }
}

void Spill::put(const Place& place, std::string value, const Until& until) {
  combine(put_until_, {{{place.historic, place.detector}, until}});
  changes_.put.push_back({group_row(place), std::move(value)});
}

void Spill::combine(Parts& parts, const Parts& more) {
  for (const auto& [part, of] : more) {
    Until& until = parts[part];
    until.event = std::max(until.event, of.event);
    until.late = std::max(until.late, of.late);
    until.rows += of.rows;
    until.window = of.window;
    until.disorder = of.disorder;
  }
}

void Spill::put_timer(const Place& place, Clock clock, const Timer& timer) {
  Time& next = timers_[clock].put;
  next = std::min(next, timer.time);
  changes_.put.push_back({timer_row(clock, timer), group_row(place)});
}

void Spill::put_incident(const Place& place, Hash128 incident) {
  changes_.put.push_back({incident_row(incident), group_row(place)});
}

store::GroupChanges Spill::take_changes() {
  void_committing_.merge(void_);
  void_.clear();
  // In order they go into the store faster.
  std::sort(changes_.put.begin(), changes_.put.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return std::exchange(changes_, {});
}

void Spill::kept() {
  void_committing_.clear();
  combine(until_, std::exchange(put_until_, {}));
  for (Clock clock = 0; clock < kClocks; ++clock) {
    Timers& timers = timers_[clock];
    const Time put = std::exchange(timers.put, kTimeMax);
    if (put == kTimeMax) continue;
    timers.next = std::min(timers.next, put);
    timers.from = std::min(timers.from, timer_row(clock, {put}));
  }
}

void Spill::encode(ByteWriter& out) const {
  Parts all = until_;
  combine(all, put_until_);
  out.varint(all.size());
  for (const auto& [part, until] : all) {
    out.u8(part.first ? 1 : 0);
    out.be64(part.second.high);
    out.be64(part.second.low);
    out.svarint(to_ns(until.event));
    out.svarint(to_ns(until.late));
    out.varint(until.rows);
    out.svarint(until.window.count());
    out.svarint(until.disorder.count());
  }
}

bool Spill::decode(ByteReader& in) {
  const std::uint64_t parts = in.varint();
  for (std::uint64_t i = 0; i < parts && in.ok(); ++i) {
    const bool historic = in.u8() != 0;
    const Hash128 detector = read_hash(in);
    Until& until = until_[{historic, detector}];
    until.event = from_ns(in.svarint());
    until.late = from_ns(in.svarint());
    until.rows = in.varint();
    until.window = Duration(in.svarint());
    until.disorder = Duration(in.svarint());
  }
  // Read on the first occasion.
  if (!until_.empty())
    for (Timers& timers : timers_) timers.next = kTimeMin;
  return in.ok();
}

}  // namespace vakt::engine
