#include "correlate/window.h"

#include <algorithm>
#include <set>
#include <utility>

#include "correlate/condition.h"

namespace vakt::correlate {

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
  void balance(const Settings& settings) {
    const std::uint64_t wanted = rank(settings, count_);
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

bool Window::holds(const Settings& settings, Time now) const {
  if (settings.measure == Measure::sequence && !in_sequence(settings, now)) return false;
  if (settings.formula != nullptr)
    return formula_holds(*settings.formula,
                         [this](std::uint64_t member) { return values_.contains(member); });
  if (!settings.when_final)
    return settings.measure == Measure::sequence || count() >= settings.threshold;
  const Fraction measure = numbers_ ? numbers_->measure(settings) : Fraction{kOne * count(), 1};
  return comparisons_hold(settings, [&](const auto& c) { return order(measure, c.micros); });
}

std::size_t Window::bytes() const {
  return values_.size() * 48 + links_.size() * sizeof(Link) + (numbers_ ? numbers_->bytes() : 0);
}

}  // namespace vakt::correlate
