// Spill: which rows of groups lie in the store (SpilledGroups), and which of them are void because
// their group came back since. It knows keys and rows; what is in them is the engine's
// (residency.cc).
//
// Rows are those of the last checkpoint kept. A group that comes back makes its row void until the
// next checkpoint removes it; so a crash finds checkpoint and rows of the same moment.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"
#include "engine/spilled_groups.h"

namespace vakt::engine {

class Spill {
 public:
  struct Place {  // of a group
    bool historic = false;
    Hash128 detector;  // by identity: numbers change with the rules
    Hash128 group;
  };
  // Of all rows of a detector: whatever is in them is over from then on.
  struct Until {
    Time event = kTimeMin;  // when the watermark has reached it
    Time late = kTimeMin;   // and received time this
    std::uint64_t rows = 0;
    Duration window{};  // of the detector, when they were put
    Duration disorder{};
  };
  using Parts = std::map<std::pair<bool, Hash128>, Until>;
  // By which something is due: event time or received time, of live groups or of history.
  using Clock = std::uint8_t;
  static constexpr Clock kClocks = 4;
  static constexpr Clock clock(bool historic, bool received) {
    return static_cast<Clock>((historic ? 1 : 0) + (received ? 2 : 0));
  }
  struct Timer {
    Time time;
    std::uint32_t level = 0;  // of the detector
    std::uint64_t id = 0;     // of the group
    auto operator<=>(const Timer&) const = default;
  };
  struct Due {
    std::vector<Timer> timers;      // in order
    std::vector<std::string> rows;  // of their groups
    bool more = false;
  };

  explicit Spill(std::shared_ptr<const SpilledGroups> rows) : rows_(std::move(rows)) {}

  static std::string group_row(const Place& place);
  static std::string timer_row(Clock clock, const Timer& timer);
  static std::string incident_row(Hash128 incident);
  static std::optional<Place> place_of(std::string_view group_row);

  bool attached() const { return rows_ != nullptr; }
  bool empty() const { return until_.empty(); }
  std::uint64_t groups() const;
  bool may_have(bool historic, Hash128 detector) const {
    return until_.contains({historic, detector});
  }

  // Void rows are none. After an error (take_failure) nothing that was read counts.
  std::vector<std::optional<std::string>> get(std::vector<std::string>& keys);
  std::optional<std::string> get(const std::string& key);
  // All rows of a detector's groups, in portions: those after `after`, or from the first.
  std::vector<store::GroupRow> rows_of(bool historic, Hash128 detector, const std::string& after,
                                       std::size_t limit);
  // Groups with something due, each once; void ones too.
  Due due(Clock clock, Time until, std::size_t limit);
  bool is_void(const std::string& key) const {
    return void_.contains(key) || void_committing_.contains(key);
  }
  void fail(std::string message) { failure_ = Error{Errc::corrupt, std::move(message)}; }
  std::optional<Error> take_failure() { return std::exchange(failure_, std::nullopt); }

  // The group is back, or gone: neither its row nor those that belong to it count any more.
  void make_void(const Place& place, std::vector<std::string> others);
  // Everything of a lane, or of a detector in it.
  void clear(bool historic);
  void clear(bool historic, Hash128 detector);
  // Detectors that nothing in the store counts for any more.
  void clear_passed(bool historic, Time watermark, Time now);
  Parts parts() const { return until_; }

  // Rows put by the checkpoint that is being made, which count from kept() on.
  void put(const Place& place, std::string value, const Until& until);
  void put_timer(const Place& place, Clock clock, const Timer& timer);
  void put_incident(const Place& place, Hash128 incident);
  store::GroupChanges take_changes();
  void kept();

  // What the rows are, with those of the checkpoint that is being made.
  void encode(ByteWriter& out) const;
  bool decode(ByteReader& in);

 private:
  std::vector<store::GroupRow> scan(std::string_view lower, std::string_view upper,
                                    std::size_t limit);

  static void combine(Parts& parts, const Parts& more);

  std::shared_ptr<const SpilledGroups> rows_;
  Parts until_;
  std::unordered_set<std::string> void_;             // since the last checkpoint
  std::unordered_set<std::string> void_committing_;  // before it, and it is not kept yet
  store::GroupChanges changes_;
  struct Timers {          // of one clock
    Time next = kTimeMax;  // of the rows not read, or earlier
    std::string from;      // the row to go on at
    Time put = kTimeMax;   // earliest of the checkpoint that is being made, or on its way
  };
  std::array<Timers, kClocks> timers_;
  // Of the checkpoint that is being made, or on its way.
  Parts put_until_;
  std::optional<Error> failure_;
};

}  // namespace vakt::engine
