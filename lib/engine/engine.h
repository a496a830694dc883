// Engine: the deterministic state machine behind everything that Vakt concludes.
//
//   Effects apply(const Input&)
//
// It sees hits, commands of people and the passing of time, in one committed order. It reads no
// clock, no socket, no random source: the same inputs give the same effects, live, after a crash,
// in a replay and in a test. Lives on one thread. An Input is applied whole or (on a bug) aborts.
//
// What it keeps in memory: group states (correlate/group.h) and the incidents of episodes that are
// not final, bounded by `state_bytes_max`, and those that may yet be members of a storm. Groups
// that memory has no room for lie in the store; where a group lies changes nothing that is
// concluded (residency.cc). Recovery: restore() of a checkpoint, then the later inputs again, their
// effects discarded.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include "correlate/openings.h"
#include "engine/detectors.h"
#include "engine/spill.h"
#include "engine/watermark.h"
#include "incident/incident.h"
#include "incident/lifecycle.h"
#include "store/commit.h"

namespace vakt::engine {

struct EngineOptions {
  WatermarkOptions watermark;
  Duration episode_max = std::chrono::hours(24);
  Duration late_memory = std::chrono::minutes(5);  // received time a late group is remembered
  // Of all group states in memory. With `spilled`, groups leave at a checkpoint above `spill_above`
  // until there is `spill_to`; without, or where nothing can leave, new groups are refused at
  // `max`.
  std::size_t state_bytes_max = 256 << 20;
  std::size_t spill_above = state_bytes_max / 4 * 3;
  std::size_t spill_to = state_bytes_max / 8 * 3;
  std::shared_ptr<const SpilledGroups> spilled = nullptr;
  std::size_t spill_portion = 1'024;  // rows read at once of those that are due
  std::size_t evidence_max = 1'000;   // rows per incident; further hits are counted
  correlate::StormSettings storm;

  void set_state_bytes_max(std::size_t bytes) {
    state_bytes_max = bytes;
    spill_above = bytes / 4 * 3;
    spill_to = bytes / 8 * 3;
  }
};

// Events of one batch were received; `hits` are those that matched, ordered by event, then rule.
struct HitsInput {
  std::uint64_t event_count = 0;
  std::span<const event::Hit> hits;
  std::span<const event::SourceMark> sources;
};
struct Tick {};        // received time passed
struct EndOfInput {};  // a replay is over: everything is final
// Other rules from here on. State stays where what it counts does (detection, group key, window):
// see rule/identity.h.
struct RulesChange {
  std::shared_ptr<const Detectors> detectors;  // in the log's copy null: then nothing changes
  std::string version;                         // for the log
};
struct Command {
  incident::IncidentId incident;
  incident::Action action;
  std::optional<incident::Incident> loaded;  // the stored record; used where memory has none
};

struct Input {
  Time now;  // received time; never goes back
  std::variant<HitsInput, Tick, EndOfInput, Command, RulesChange> what;
};

struct Effects {
  std::uint64_t first_sequence = 0;           // of the input's events
  std::vector<incident::Incident> incidents;  // that changed, latest record, in order of number
  std::vector<incident::TimelineEntry> timeline;
  std::vector<store::EvidenceRow> evidence;
  std::vector<incident::IncidentId> opened;  // first opened by this input (also in `incidents`);
                                             // without continuations of long episodes and
                                             // incidents left to a storm
  std::optional<Result<incident::Incident>> answer;  // to a Command
  // A group could not be read back: nothing of this counts, and the engine must be thrown away.
  std::optional<Error> failure;
};

// To be committed with the input that it follows.
struct Checkpoint {
  std::string state;
  store::GroupChanges groups;
  std::vector<std::uint64_t> spilled;  // groups that leave memory, by detector; empty: none
};

inline constexpr std::uint8_t kStateVersion = 5;  // of checkpoints and groups in the store

// Counters since construction, for metrics.
struct EngineCounters {
  std::uint64_t late_counted = 0;    // hits below the watermark
  std::uint64_t ungrouped = 0;       // hits without a value for a group key or counted field
  std::uint64_t groups_refused = 0;  // hits not tracked because state_bytes_max was reached
  std::uint64_t groups_fetched = 0;  // that came back from the store
  std::uint64_t left_to_storm = 0;   // incidents that opened as members of a running storm
};

class Engine {
 public:
  Engine(std::shared_ptr<const Detectors> detectors, std::uint64_t origin,
         const EngineOptions& options);

  Effects apply(const Input& input);

  std::uint64_t next_sequence() const { return next_sequence_; }
  std::uint64_t inputs() const { return inputs_; }  // applied so far, all runs together
  const EngineCounters& counters() const { return counters_; }
  std::optional<Time> watermark(bool historic) const { return lanes_[historic].value(); }
  std::size_t lagging_sources() const { return lanes_[0].lagging(); }
  std::size_t groups() const { return groups_.size(); }
  std::size_t groups_of(std::size_t detector) const { return by_detector_.at(detector).groups; }
  std::size_t state_bytes() const { return state_bytes_; }
  std::size_t state_bytes_max() const { return options_.state_bytes_max; }
  std::uint64_t groups_spilled() const { return spill_.groups(); }  // that lie in the store
  // Does the passing of time matter now? Without open groups ticks may be left out.
  bool waits_for_time() const { return !groups_.empty() || !storms_.empty() || !spill_.empty(); }
  const Detectors& detectors() const { return *detectors_; }
  // An incident that is still in memory, or null.
  const incident::Incident* find(incident::IncidentId id) const;

  // All that is in memory.
  std::string checkpoint() const { return encode(false); }
  // With the groups that leave memory for the store, where there are too many. They leave it when
  // the checkpoint is in the store: checkpoint_kept(), before which there is no other one.
  Checkpoint take_checkpoint();
  void checkpoint_kept();
  bool wants_checkpoint() const;
  bool checkpoint_on_its_way() const { return on_its_way_; }
  // Replaces the state. Groups whose detection no longer exists are dropped. False: not understood.
  bool restore(std::string_view checkpoint);

 private:
  struct Key {
    std::uint32_t detector = 0;
    bool historic = false;
    Hash128 group;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const {
      return k.group.low ^ (k.detector * 0x9E3779B97F4A7C15ull) ^ (k.historic ? 1u : 0u);
    }
  };
  struct IdHash {
    std::size_t operator()(const Hash128& id) const { return id.low; }
  };
  struct State {
    correlate::Group group;
    std::vector<std::string> values;  // of the group-by fields
    std::uint64_t id = 0;  // in order of creation: order of effects must not be of hashes
    std::size_t bytes = 0;
    Time due = kTimeMax;             // of its entry in due_; other entries are stale
    Time received;                   // of its latest event
    std::optional<Time> late_until;  // received time until which it is remembered at least
    bool parked = false;             // due, but kept for late events: see late_due_
    bool late = false;               // some event of it was below the watermark
    bool leaving = false;            // its row is in the checkpoint that is on its way
    std::uint32_t incidents = 0;     // of its episodes
    std::uint64_t touched = 0;       // input of its latest event
  };
  // When a group has something to evaluate or final. At one time, what is counted comes before what
  // counts it.
  struct Due {
    Time time;
    std::uint32_t level;  // of its detector
    std::uint64_t id;
    Key key;
    bool operator>(const Due& o) const {
      return std::tie(time, level, id) > std::tie(o.time, o.level, o.id);
    }
  };
  struct DueQueue : std::priority_queue<Due, std::vector<Due>, std::greater<>> {
    template <class Keep>
    void keep_if(const Keep& keep) {
      std::erase_if(c, [&](const Due& due) { return !keep(due); });
      std::make_heap(c.begin(), c.end(), comp);
    }
  };
  struct StormKey {  // a rule's openings, news and history apart
    std::uint32_t detector = 0;
    bool historic = false;
    auto operator<=>(const StormKey&) const = default;
  };
  struct Storm {
    correlate::Openings openings;
    std::optional<incident::IncidentId> incident;  // while it goes on
  };
  class Changes;

  void apply_hits(const HitsInput& input, Time now, Changes& changes);
  void apply_hit(const event::Hit& hit, Time now, Changes& changes);
  void detect(const Role& role, const event::Hit& hit, Time now, Changes& changes);
  struct Sighting {  // an event, or a moment at which a correlation held, for one group
    Key key;
    GroupKey group;
    correlate::Point point;
    Hash128 digest;
    Time received;
    Time now;
    std::optional<Time> settled;  // all that happened before is known
    bool late = false;
    bool looked_up = false;  // the store has no valid row of the group
  };
  void count(const Sighting& sighting, Changes& changes);
  void count_held(const Sighting& cause, const State& state,
                  const std::vector<correlate::Point>& held, Changes& changes);
  void apply_command(const Command& command, Time now, Effects& effects, Changes& changes);
  void change_rules(const RulesChange& change, Time now, Changes& changes);
  State* find_or_create(const Key& key, const GroupKey& group, bool looked_up);
  State& add(const Key& key, State&& state);
  struct Cause {  // the event that changes incidents now
    const Detector& detector;
    std::uint64_t sequence = 0;  // of its hit
    std::uint32_t ordinal = 0;
    Time received;
    Time now;
  };
  void update_incidents(const Cause& cause, const Key& key, State& state,
                        const correlate::Change& change, Changes& changes);
  void open_incident(const Cause& cause, const Key& key, State& state, std::size_t episode,
                     Changes& changes);
  void describe(const Cause& cause, bool historic, incident::Incident& incident);
  void after_close(incident::Incident& incident, Time now, Changes& changes);
  void merge_incidents(const Cause& cause, correlate::Episode& episode,
                       const correlate::Episode& absorbed, Changes& changes);
  void finalise(bool historic, std::optional<Time> until, Time now, Changes& changes);
  void end_lateness(const Due& due, Time now, bool all);
  void finalise_due(const Due& due, Time until, Time now, Changes& changes);
  bool count_opening(const Cause& cause, const Key& group, const incident::Incident& incident,
                     Changes& changes);
  void open_storm(const Cause& cause, bool historic, Storm& storm,
                  const std::vector<correlate::Opening>& joined, Changes& changes);
  void join_storm(const Cause& cause, Storm& storm, const correlate::Opening& opening,
                  Changes& changes);
  void end_storm(Storm& storm, Changes& changes);
  void finalise_storms(bool historic, Time until, Changes& changes);
  void encode_storms(ByteWriter& out) const;
  bool decode_storms(ByteReader& in, const std::vector<std::optional<std::uint32_t>>& detector_now);
  void drop(const Key& key);
  Time due_of(const Key& key, const State& state) const;
  // residency.cc
  Spill::Place place_of(const Key& key) const;
  Spill::Timer timer_of(const Key& key, const State& state) const;
  bool without_timer(const State& state) const;
  std::vector<std::pair<bool, Spill::Timer>> timers_of(const Key& key, const State& state) const;
  bool may_leave(const State& state) const;
  std::vector<std::uint64_t> spill_cold_groups();
  void spill(const Key& key, State& state);
  void keep(const Key& key, State& state);
  void fetch(const HitsInput& input);
  State* fetch(const Key& key);
  State* fetch_incident(incident::IncidentId id);
  bool fetch_due(Spill::Clock clock, Time until, Spill::Timer& complete);
  State* take_in(const std::string& row, std::string_view value);
  bool catch_up(const Key& key, State& state);
  void forget_other_rules();
  void take_back(const store::GroupRow& found);
  void take_incidents(const store::GroupRow& found);
  void evaluate_passed(const Key& key, State& state, Time until, Time now, Changes& changes);
  void schedule(const Key& key, State& state);
  void account(const Key& key, State& state);
  std::string encode(bool leaving_left_out) const;
  bool decode(std::string_view checkpoint);
  static void encode_state(ByteWriter& out, const State& state, bool historic);
  struct StateRow {
    State state;  // but for its group
    bool historic = false;
    std::string_view group;
    Hash128 group_hash;
  };
  static StateRow decode_state(ByteReader& in, std::uint8_t version);
  static bool decode_group(const StateRow& row, std::uint8_t version,
                           const correlate::Settings& settings, State& state);
  void encode_groups(ByteWriter& out, bool leaving_left_out) const;
  bool decode_groups(ByteReader& in, std::uint8_t version,
                     std::vector<std::optional<std::uint32_t>>& detector_now);

  std::shared_ptr<const Detectors> detectors_;
  std::uint64_t origin_;
  EngineOptions options_;
  Watermark lanes_[2];
  std::unordered_map<Key, State, KeyHash> groups_;
  struct OfDetector {
    Hash128 identity;
    std::size_t groups = 0;  // in memory
    std::size_t bytes = 0;   // of them
  };
  std::vector<OfDetector> by_detector_;
  std::map<Hash128, std::uint32_t> detector_of_;                  // by identity
  DueQueue due_[2];                                               // by event time
  DueQueue late_due_[2];                                          // late groups, by received time
  std::map<incident::IncidentId, incident::Incident> incidents_;  // of episodes not yet final
  std::map<StormKey, Storm> storms_;
  std::set<incident::IncidentId> waiting_;  // may yet be members: kept when they are final
  std::uint64_t inputs_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t next_incident_ = 1;
  std::uint64_t next_group_ = 1;
  std::size_t state_bytes_ = 0;
  EngineCounters counters_;

  Spill spill_;
  // How far finalise() has come: everything due up to there was done.
  std::optional<Spill::Timer> passed_[2];
  Time late_passed_[2] = {kTimeMin, kTimeMin};  // received time
  std::vector<Key> leaving_;                    // with the checkpoint that is on its way
  std::unordered_map<incident::IncidentId, Key, IdHash> leaving_incidents_;
  bool on_its_way_ = false;
  std::size_t leaving_bytes_ = 0;
  std::size_t spilled_to_ = 0;    // state_bytes_ that the last checkpoint left
  std::uint64_t spilled_at_ = 0;  // its input
};

}  // namespace vakt::engine
