// Points: the events of a group in order of time, and their windows.
//
// Events that come in order of time slide one window, at amortised O(1) (O(log n) where numbers are
// ordered by size). While there are few (Forms::few), one that comes out of order has its
// windows evaluated anew; else all move into a Timeline, where it costs O(log n), until few are
// left. Both say the same. When a window has more than Forms::exact_max different values, they
// are estimated from then on (Sketch), until none of them is in the window any more; only the
// latest events are kept then. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "correlate/line.h"
#include "correlate/settings.h"
#include "correlate/sketch.h"
#include "correlate/timeline.h"
#include "correlate/window.h"

namespace vakt::correlate {

class Points {
 public:
  // With Settings::when_final only what comes behind the evaluated is judged, by itself.
  Judged insert(const Settings& settings, const Point& point);

  // With Settings::when_final: a time with events.
  struct Moment {
    Time time;
    std::uint64_t count = 0;
    bool holds = false;
    Point last;
  };
  // Evaluates the first moment before the watermark that was not yet.
  std::optional<Moment> evaluate(const Settings& settings, Time watermark);
  std::optional<Time> not_evaluated() const;
  // Marks the events of the moment, and adds those that were not marked.
  void hold(Time moment, std::vector<Point>& held);

  // Forgets those that no window of an event at or after `watermark` can hold.
  void forget(const Settings& settings, Time watermark);

  std::size_t size() const { return timeline_ ? timeline_->points().size() : line_.size(); }
  bool estimated() const { return sketch_ != nullptr; }
  bool ordered_by_tree() const { return timeline_ != nullptr; }
  std::size_t bytes() const;
  // Those at or after `from`, in order, until `do_each` returns false.
  template <class Each>
  void each(Time from, const Each& do_each) const {
    if (timeline_) {
      timeline_->points().each({from, 0}, do_each);
      return;
    }
    for (std::size_t i = line_.first_from(from); i < line_.size(); ++i)
      if (!do_each(line_[i])) return;
  }

  void encode(ByteWriter& out) const;
  // `evaluated`: whether the bytes say what was evaluated and held; older ones do not.
  static std::optional<Points> decode(const Settings& settings, ByteReader& in, bool evaluated);

 private:
  Judged insert_exactly(const Settings& settings, const Point& point);
  Judged insert_estimated(const Settings& settings, const Point& point);
  Moment evaluate_exactly(const Settings& settings, Time next);
  Moment evaluate_estimated(const Settings& settings, Time next);
  void to_sketch(const Settings& settings);
  void leave_sketch();
  void keep_latest();
  Judged judge_last(const Settings& settings, const Point& point);
  Judged judge_from(const Settings& settings, std::size_t index);
  Judged judge_alone(const Settings& settings, std::size_t index);
  void insert_behind(const Settings& settings, const Point& point, std::size_t index);
  std::size_t evaluated_points() const;
  void slide(const Settings& settings, Time now);
  void rebuild_window(const Settings& settings);
  void hold_line(std::size_t last, std::vector<Point>& held);
  Judged insert_in_tree(const Settings& settings, const Point& point);
  void to_tree(const Settings& settings);
  void to_line(const Settings& settings);

  Line<Point> line_;              // by time, then by arrival
  std::size_t evaluated_ = 0;     // that windows were evaluated at: all, or up to evaluate()
  std::size_t window_begin_ = 0;  // the window of the last of them: [window_begin_, evaluated_)
  Window window_;
  std::unique_ptr<Sketch> sketch_;      // of what was evaluated; then `window_` is not used
  std::unique_ptr<Timeline> timeline_;  // then it has all, and the line none
  std::optional<Key> evaluated_key_;    // of the last evaluated in it, or the end of time
};

}  // namespace vakt::correlate
