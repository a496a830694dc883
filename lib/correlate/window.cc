#include "correlate/window.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"

namespace vakt::correlate {
namespace {

__extension__ using Int128 = __int128;  // holds the sum of as many numbers as there can be events

constexpr Int128 kOne = 1'000'000;

// A measure as numerator / divisor, in millionths: an average is never rounded.
struct Fraction {
  Int128 numerator = 0;
  std::uint64_t divisor = 1;
};

bool holds(const rule::Comparison& comparison, const Fraction& measure) {
  using Op = rule::Comparison::Op;
  const Int128 bound = Int128{comparison.micros} * measure.divisor;
  switch (comparison.op) {
    case Op::lt:
      return measure.numerator < bound;
    case Op::lte:
      return measure.numerator <= bound;
    case Op::gt:
      return measure.numerator > bound;
    case Op::gte:
      return measure.numerator >= bound;
    case Op::eq:
      return measure.numerator == bound;
    case Op::neq:
      return measure.numerator != bound;
  }
  check(false, "an operator of a comparison");
  return false;
}

bool counts_values(Measure measure) {
  return measure == Measure::distinct_values || measure == Measure::members ||
         measure == Measure::sequence;
}

bool orders_numbers(Measure measure) {
  return measure == Measure::percentile || measure == Measure::median;
}

bool has_numbers(Measure measure) {
  return measure == Measure::sum || measure == Measure::average || orders_numbers(measure);
}

}  // namespace

// The numbers in a window. `low_` holds those up to the rank asked for.
class Numbers {
 public:
  void enter(const Settings& settings, std::int64_t number) {
    ++count_;
    sum_ += number;
    if (!orders_numbers(settings.measure)) return;
    (!low_.empty() && number < *low_.rbegin() ? low_ : high_).insert(number);
    balance(settings);
  }

  void leave(const Settings& settings, std::int64_t number) {
    --count_;
    sum_ -= number;
    if (!orders_numbers(settings.measure)) return;
    const auto in_low = low_.find(number);
    if (in_low != low_.end())
      low_.erase(in_low);
    else
      high_.erase(high_.find(number));
    balance(settings);
  }

  Fraction measure(const Settings& settings) const {
    switch (settings.measure) {
      case Measure::sum:
        return {sum_, 1};
      case Measure::average:
        return {sum_, count_};
      case Measure::median:
        if (count_ % 2 == 0) return {Int128{*low_.rbegin()} + *high_.begin(), 2};
        return {*low_.rbegin(), 1};
      default:
        return {*low_.rbegin(), 1};
    }
  }

  std::size_t bytes() const { return sizeof(*this) + (low_.size() + high_.size()) * 48; }

 private:
  std::uint64_t rank(const Settings& settings) const {
    if (settings.measure == Measure::median) return (count_ + 1) / 2;
    constexpr Int128 kAll = 100 * kOne;
    const auto rank =
        static_cast<std::uint64_t>((Int128{settings.percent_micros} * count_ + kAll - 1) / kAll);
    return std::clamp<std::uint64_t>(rank, std::min<std::uint64_t>(1, count_), count_);
  }

  void balance(const Settings& settings) {
    const std::uint64_t wanted = rank(settings);
    while (low_.size() < wanted) low_.insert(high_.extract(high_.begin()));
    while (low_.size() > wanted) high_.insert(low_.extract(std::prev(low_.end())));
  }

  std::uint64_t count_ = 0;
  Int128 sum_ = 0;
  std::multiset<std::int64_t> low_;
  std::multiset<std::int64_t> high_;
};

Window::Window() = default;
Window::~Window() = default;
Window::Window(Window&&) noexcept = default;
Window& Window::operator=(Window&&) noexcept = default;

void Window::enter(const Settings& settings, const Point& point) {
  ++events_;
  if (counts_values(settings.measure)) ++values_[point.value];
  if (settings.measure == Measure::sequence) enter_sequence(settings, point);
  if (!has_numbers(settings.measure)) return;
  if (!numbers_) numbers_ = std::make_unique<Numbers>();
  numbers_->enter(settings, static_cast<std::int64_t>(point.value));
}

void Window::leave(const Settings& settings, const Point& point) {
  --events_;
  if (counts_values(settings.measure)) {
    const auto it = values_.find(point.value);
    if (--it->second == 0) values_.erase(it);
  }
  if (numbers_) numbers_->leave(settings, static_cast<std::int64_t>(point.value));
}

// The latest start of a sequence that ends with member i up to now is that of the member before it
// at i's latest event. At equal times what came before may be told afterwards.
void Window::enter_sequence(const Settings& settings, const Point& point) {
  if (links_.empty()) links_.resize(settings.sequence.size(), {kTimeMin, kTimeMin});
  const auto found = std::find(settings.sequence.begin(), settings.sequence.end(), point.value);
  if (found == settings.sequence.end()) return;  // one that must not be there
  auto i = static_cast<std::size_t>(found - settings.sequence.begin());
  links_[i].last = point.time;
  for (; i < links_.size() && links_[i].last == point.time; ++i)
    links_[i].start = i == 0 ? point.time : std::max(links_[i].start, links_[i - 1].start);
}

bool Window::in_sequence(const Settings& settings, Time now) const {
  return !links_.empty() && links_.back().start != kTimeMin &&
         links_.back().start > now - settings.window;
}

bool Window::has(const rule::Expr& formula) const {
  using Kind = rule::Expr::Kind;
  const auto child = [this](const rule::Expr& e) { return has(e); };
  switch (formula.kind) {
    case Kind::detection:
      return values_.contains(formula.detection);
    case Kind::all:
      return std::all_of(formula.children.begin(), formula.children.end(), child);
    case Kind::any:
      return std::any_of(formula.children.begin(), formula.children.end(), child);
    case Kind::negate:
      return !has(formula.children.front());
    case Kind::test:
      break;
  }
  check(false, "a formula is of members");
  return false;
}

bool Window::holds(const Settings& settings, Time now) const {
  if (settings.measure == Measure::sequence && !in_sequence(settings, now)) return false;
  if (settings.formula != nullptr) return has(*settings.formula);
  if (!settings.when_final)
    return settings.measure == Measure::sequence || count() >= settings.threshold;
  const Fraction measure = numbers_ ? numbers_->measure(settings) : Fraction{kOne * count(), 1};
  return std::all_of(settings.comparisons.begin(), settings.comparisons.end(),
                     [&](const rule::Comparison& c) { return correlate::holds(c, measure); });
}

std::size_t Window::bytes() const {
  return values_.size() * 48 + links_.size() * sizeof(Link) + (numbers_ ? numbers_->bytes() : 0);
}

}  // namespace vakt::correlate
