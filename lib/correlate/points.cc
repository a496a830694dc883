#include "correlate/points.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "correlate/condition.h"

namespace vakt::correlate {

namespace {

constexpr std::uint8_t kLine = 0;
constexpr std::uint8_t kTree = 1;
constexpr std::uint8_t kSketch = 2;
constexpr std::size_t kLatest = 1'024;  // events kept beside a sketch: for evidence

bool estimate_holds(const Settings& settings, std::uint64_t count) {
  if (!settings.when_final) return count >= settings.threshold;
  const Fraction measure{kOne * count, 1};
  return comparisons_hold(settings, [&](const auto& c) { return order(measure, c.micros); });
}

bool too_many(const Settings& settings, std::uint64_t count) {
  return settings.measure == Measure::distinct_values && count > settings.forms.exact_max;
}

}  // namespace

Judged Points::insert(const Settings& settings, const Point& point) {
  const bool over =
      sketch_ && !settings.when_final && point.time - sketch_->latest() >= settings.window;
  if (over) leave_sketch();
  if (sketch_) return insert_estimated(settings, point);
  Judged out = insert_exactly(settings, point);
  if (too_many(settings, out.peak)) to_sketch(settings);
  return out;
}

// Judged by the window of the latest event, if it is in that.
Judged Points::insert_estimated(const Settings& settings, const Point& point) {
  const std::size_t index = line_.first_after(point.time);
  line_.insert(index, point);
  Judged out;
  if (settings.when_final && index >= evaluated_) return out;
  ++evaluated_;
  sketch_->add(point.time, point.value, settings.window);
  out.peak = sketch_->count();
  if (estimate_holds(settings, out.peak)) {
    out.first = settings.when_final ? point : line_[evaluated_ - 1];
    if (settings.chained) hold_line(index, out.held);
  }
  keep_latest();
  return out;
}

Judged Points::insert_exactly(const Settings& settings, const Point& point) {
  if (timeline_) return insert_in_tree(settings, point);
  const bool in_order = line_.empty() || point.time >= line_.back().time;
  if (in_order && !settings.when_final) {
    line_.push_back(point);
    return judge_last(settings, point);
  }
  const std::size_t index = in_order ? line_.size() : line_.first_after(point.time);
  const bool behind = index < evaluated_;
  // What windows or the line would have to be gone through for it.
  const std::size_t cost = behind ? line_.size() : line_.size() - index;
  if (cost > settings.forms.few) {
    to_tree(settings);
    return insert_in_tree(settings, point);
  }
  if (!behind) {
    line_.insert(index, point);
    return {};
  }
  insert_behind(settings, point, index);
  return settings.when_final ? judge_alone(settings, index) : judge_from(settings, index);
}

// Among the evaluated: the window of the last of them takes it in, or was begun after it.
void Points::insert_behind(const Settings& settings, const Point& point, std::size_t index) {
  line_.insert(index, point);
  ++evaluated_;
  if (point.time <= line_[evaluated_ - 1].time - settings.window)
    ++window_begin_;
  else if (settings.measure == Measure::sequence)
    rebuild_window(settings);
  else
    window_.enter(settings, point);
}

Judged Points::judge_last(const Settings& settings, const Point& point) {
  ++evaluated_;
  window_.enter(settings, point);
  slide(settings, point.time);
  Judged out;
  out.peak = window_.count();
  if (!window_.holds(settings, point.time)) return out;
  out.first = point;
  if (settings.chained) hold_line(line_.size() - 1, out.held);
  return out;
}

// The windows that hold the point at `index`, which came before later ones.
Judged Points::judge_from(const Settings& settings, std::size_t index) {
  Judged out;
  const Time inserted = line_[index].time;
  std::size_t begin = line_.first_after(inserted - settings.window);
  Window window;
  for (std::size_t i = begin; i < index; ++i) window.enter(settings, line_[i]);
  for (std::size_t i = index; i < line_.size(); ++i) {
    const Time now = line_[i].time;
    if (now - inserted >= settings.window) break;
    window.enter(settings, line_[i]);
    for (; line_[begin].time <= now - settings.window; ++begin)
      window.leave(settings, line_[begin]);
    out.peak = std::max(out.peak, window.count());
    if (!window.holds(settings, now)) continue;
    if (!out.first) out.first = line_[i];
    if (settings.chained) hold_line(i, out.held);
  }
  return out;
}

Judged Points::judge_alone(const Settings& settings, std::size_t index) {
  Judged out;
  const Time now = line_[index].time;
  Window window;
  for (std::size_t i = line_.first_after(now - settings.window); i <= index; ++i)
    window.enter(settings, line_[i]);
  out.peak = window.count();
  if (!window.holds(settings, now)) return out;
  out.first = line_[index];
  if (settings.chained) hold_line(index, out.held);
  return out;
}

Judged Points::insert_in_tree(const Settings& settings, const Point& point) {
  if (!settings.when_final) return timeline_->insert(settings, point);
  timeline_->add(settings, point);
  if (!evaluated_key_ || point.time >= evaluated_key_->time) return {};
  Judged out;
  out.peak = timeline_->count(settings, point.time);
  if (!timeline_->holds(settings, point.time)) return out;
  out.first = point;
  if (settings.chained) hold(point.time, out.held);
  return out;
}

std::optional<Points::Moment> Points::evaluate(const Settings& settings, Time watermark) {
  const std::optional<Time> next = not_evaluated();
  if (!next || *next >= watermark) return std::nullopt;
  if (sketch_ && *next - sketch_->latest() >= settings.window) leave_sketch();
  if (sketch_) return evaluate_estimated(settings, *next);
  const Moment moment = evaluate_exactly(settings, *next);
  if (too_many(settings, moment.count)) to_sketch(settings);
  return moment;
}

Points::Moment Points::evaluate_exactly(const Settings& settings, Time next) {
  if (timeline_) {
    const Placed last = *timeline_->points().last_before({next, kLast});
    evaluated_key_ = last.key;
    return {next, timeline_->count(settings, next), timeline_->holds(settings, next), last.point};
  }
  for (; evaluated_ < line_.size() && line_[evaluated_].time == next; ++evaluated_)
    window_.enter(settings, line_[evaluated_]);
  slide(settings, next);
  return {next, window_.count(), window_.holds(settings, next), line_[evaluated_ - 1]};
}

Points::Moment Points::evaluate_estimated(const Settings& settings, Time next) {
  for (; evaluated_ < line_.size() && line_[evaluated_].time == next; ++evaluated_)
    sketch_->add(next, line_[evaluated_].value, settings.window);
  const std::uint64_t count = sketch_->count();
  return {next, count, estimate_holds(settings, count), line_[evaluated_ - 1]};
}

std::optional<Time> Points::not_evaluated() const {
  if (!timeline_)
    return evaluated_ == line_.size() ? std::nullopt : std::optional(line_[evaluated_].time);
  const Key from =
      evaluated_key_ ? Key{evaluated_key_->time, evaluated_key_->arrival + 1} : Key{kTimeMin, 0};
  const std::optional<Placed> next = timeline_->points().first_from(from);
  return next ? std::optional(next->key.time) : std::nullopt;
}

std::size_t Points::evaluated_points() const {
  if (!timeline_) return evaluated_;
  if (!evaluated_key_) return 0;
  return timeline_->points().before({evaluated_key_->time, evaluated_key_->arrival + 1});
}

void Points::hold(Time moment, std::vector<Point>& held) {
  if (timeline_) return timeline_->hold(*timeline_->points().last_before({moment, kLast}), held);
  hold_line(line_.first_after(moment) - 1, held);
}

// Those of a time that are held come before those that are not.
void Points::hold_line(std::size_t last, std::vector<Point>& held) {
  const Time time = line_[last].time;
  for (std::size_t i = last + 1; i-- > 0 && line_[i].time == time && !line_[i].held;) {
    line_[i].held = true;
    held.push_back(line_[i]);
  }
}

void Points::slide(const Settings& settings, Time now) {
  for (; line_[window_begin_].time <= now - settings.window; ++window_begin_)
    window_.leave(settings, line_[window_begin_]);
}

void Points::rebuild_window(const Settings& settings) {
  window_ = Window();
  window_begin_ = 0;
  if (evaluated_ == 0) return;
  window_begin_ = line_.first_after(line_[evaluated_ - 1].time - settings.window);
  for (std::size_t i = window_begin_; i < evaluated_; ++i) window_.enter(settings, line_[i]);
}

void Points::to_tree(const Settings& settings) {
  timeline_ = std::make_unique<Timeline>(settings, line_);
  evaluated_key_.reset();
  if (!settings.when_final)
    evaluated_key_ = Key{kTimeMax, kLast - 1};
  else if (evaluated_ > 0)
    evaluated_key_ = Key{line_[evaluated_ - 1].time, evaluated_ - 1};
  line_ = Line<Point>();
  window_ = Window();
  evaluated_ = window_begin_ = 0;
}

void Points::to_sketch(const Settings& settings) {
  if (timeline_) to_line(settings);
  sketch_ = std::make_unique<Sketch>();
  for (std::size_t i = 0; i < evaluated_; ++i)
    sketch_->add(line_[i].time, line_[i].value, settings.window);
  window_ = Window();
  window_begin_ = 0;
  keep_latest();
}

// All that was evaluated has left the window.
void Points::leave_sketch() {
  sketch_.reset();
  for (; evaluated_ > 0; --evaluated_) line_.pop_front();
}

void Points::keep_latest() {
  for (; evaluated_ > kLatest; --evaluated_) line_.pop_front();
}

void Points::to_line(const Settings& settings) {
  evaluated_ = evaluated_points();
  const std::unique_ptr<Timeline> timeline = std::move(timeline_);
  timeline->points().each({kTimeMin, 0}, [&](const Point& point) {
    line_.push_back(point);
    return true;
  });
  rebuild_window(settings);
}

void Points::forget(const Settings& settings, Time watermark) {
  if (size() == 0) return;
  if (sketch_) {
    keep_latest();
    if (sketch_->latest() <= watermark - settings.window) leave_sketch();
    return;
  }
  if (!timeline_) {
    const Time oldest = std::min(watermark, line_.back().time) - settings.window;
    for (; window_begin_ > 0 && line_[0].time <= oldest; --window_begin_, --evaluated_)
      line_.pop_front();
    return;
  }
  const PointTree& points = timeline_->points();
  if (!evaluated_key_) return;
  const Time last = points.last_before({kTimeMax, kLast})->key.time;
  const Time oldest = std::min({watermark, evaluated_key_->time, last}) - settings.window;
  while (points.first_from({kTimeMin, 0})->key.time <= oldest) timeline_->pop_front(settings);
  if (points.size() <= settings.forms.few / 2) to_line(settings);
}

std::size_t Points::bytes() const {
  return line_.size() * sizeof(Point) + window_.bytes() + (timeline_ ? timeline_->bytes() : 0) +
         (sketch_ ? sketch_->bytes() : 0);
}

void Points::encode(ByteWriter& out) const {
  out.varint(size());
  each(kTimeMin, [&](const Point& p) {
    out.svarint(to_ns(p.time));
    out.varint(p.sequence);
    out.varint(std::uint64_t{p.ordinal} * 2 + (p.held ? 1 : 0));
    out.be64(p.value);
    return true;
  });
  out.varint(size() - evaluated_points());
  // So that what is counted as memory is the same after a restart.
  out.u8(timeline_ ? kTree : sketch_ ? kSketch : kLine);
  if (sketch_) sketch_->encode(out);
}

std::optional<Points> Points::decode(const Settings& settings, ByteReader& in, bool evaluated) {
  Points out;
  const std::uint64_t points = in.varint();
  for (std::uint64_t i = 0; i < points && in.ok(); ++i) {
    Point p;
    p.time = from_ns(in.svarint());
    p.sequence = in.varint();
    const std::uint64_t ordinal = in.varint();
    p.ordinal = static_cast<std::uint32_t>(evaluated ? ordinal / 2 : ordinal);
    p.held = evaluated && ordinal % 2 == 1;
    p.value = in.be64();
    out.line_.push_back(p);
  }
  const std::uint64_t not_evaluated = evaluated ? in.varint() : 0;
  if (not_evaluated > out.line_.size()) return std::nullopt;
  out.evaluated_ = out.line_.size() - not_evaluated;
  const std::uint8_t form = evaluated ? in.u8() : kLine;
  if (form == kTree) {
    out.to_tree(settings);
  } else if (form == kSketch) {
    auto sketch = Sketch::decode(in);
    if (!sketch) return std::nullopt;
    out.sketch_ = std::make_unique<Sketch>(std::move(*sketch));
  } else {
    out.rebuild_window(settings);
  }
  return out;
}

}  // namespace vakt::correlate
