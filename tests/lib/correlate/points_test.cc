// Whether events are gone through one by one or ordered by a tree makes no difference, whatever
// comes in whatever order, and late.
#include "correlate/points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "correlate/condition.h"
#include "streams.h"

namespace vakt::correlate {
namespace {

using std::chrono::seconds;

rule::Expr link(rule::Expr::Kind kind, std::vector<rule::Expr> children) {
  rule::Expr out;
  out.kind = kind;
  out.children = std::move(children);
  return out;
}

rule::Expr member(std::uint32_t index) {
  rule::Expr out;
  out.kind = rule::Expr::Kind::detection;
  out.detection = index;
  return out;
}

// 0 and (1 or 2), and 0 and not 3.
const rule::Expr kMonotone =
    link(rule::Expr::Kind::all, {member(0), link(rule::Expr::Kind::any, {member(1), member(2)})});
const rule::Expr kAbsent =
    link(rule::Expr::Kind::all, {member(0), link(rule::Expr::Kind::negate, {member(3)})});

Settings random_settings(std::mt19937_64& random) {
  using Op = rule::Comparison::Op;
  Settings s;
  s.measure = Measure(random() % 8);
  s.window = seconds(1 + static_cast<std::int64_t>(random() % 60));
  s.threshold = 1 + random() % 40;
  s.chained = random() % 2 == 0;
  s.when_final = has_numbers(s.measure) || random() % 2 == 0;
  s.percent_micros = static_cast<std::int64_t>(1 + random() % 100) * 1'000'000;
  const bool members = s.measure == Measure::members || s.measure == Measure::sequence;
  if (s.measure == Measure::sequence) s.sequence = {2, 0, 1};
  if (members && s.when_final && random() % 2 == 0) s.formula = &kAbsent;
  if (s.measure == Measure::members && !s.when_final && random() % 2 == 0) s.formula = &kMonotone;
  if (members) s.threshold = 1 + random() % 4;
  if (s.when_final)
    for (std::uint64_t i = 0; i < 1 + random() % 2; ++i)
      s.comparisons.push_back(
          {Op(random() % 6), static_cast<std::int64_t>(random() % 40) * 500'000});
  return s;
}

bool same(const std::vector<Point>& a, const std::vector<Point>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Point& x, const Point& y) {
    return x.time == y.time && x.sequence == y.sequence && x.held == y.held;
  });
}

void expect_same(const Judged& a, const Judged& b, const std::string& what) {
  ASSERT_EQ(a.peak, b.peak) << what;
  ASSERT_TRUE(same(a.held, b.held)) << what;
}

// Of a sequence, a tree names only what holds by the event that came: the earliest ever is the
// same.
void keep_first(const Settings& s, const Judged& judged, std::optional<Point>& first) {
  if (s.measure != Measure::sequence || s.when_final) first.reset();
  if (judged.first && (!first || judged.first->time < first->time)) first = judged.first;
}

void evaluate_both(Points& line, Points& tree, const Settings& s, Time watermark,
                   const std::string& what) {
  while (const auto expected = line.evaluate(s, watermark)) {
    const auto moment = tree.evaluate(s, watermark);
    ASSERT_TRUE(moment) << what;
    ASSERT_EQ(expected->time, moment->time) << what;
    ASSERT_EQ(expected->count, moment->count) << what;
    ASSERT_EQ(expected->holds, moment->holds) << what;
    ASSERT_EQ(expected->last.sequence, moment->last.sequence) << what;
    if (!expected->holds || !s.chained) continue;
    std::vector<Point> held[2];
    line.hold(expected->time, held[0]);
    tree.hold(expected->time, held[1]);
    ASSERT_TRUE(same(held[0], held[1])) << what;
  }
  ASSERT_EQ(line.not_evaluated(), tree.not_evaluated()) << what;
}

// `used`: whether the tree was.
void compare(std::uint64_t seed, std::int64_t spread, bool& used) {
  std::mt19937_64 random(seed);
  const auto pick = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  Settings one_by_one = random_settings(random);
  Settings ordered = one_by_one;
  one_by_one.forms.few = 1'000'000;
  ordered.forms.few = random() % 20;
  const Settings& s = one_by_one;
  const std::int64_t allowed = 1 + pick(50);  // some events come later than that
  const std::int64_t values = 1 + pick(40);
  const bool members = s.measure == Measure::members || s.measure == Measure::sequence;
  Points line;
  Points tree;
  std::optional<Point> first[2];
  std::int64_t clock = 500;
  const std::string what = "seed " + std::to_string(seed) + " measure " +
                           std::to_string(static_cast<int>(s.measure)) +
                           (s.when_final ? " when final" : "") + (s.formula ? " formula" : "");
  for (std::uint64_t i = 0; i < 400; ++i) {
    clock += pick(4) == 0 ? pick(spread) : 0;
    const std::int64_t value = pick(members ? 4 : values);
    const Point point{
        at(clock - pick(8) * pick(allowed) / 6), i,
        static_cast<std::uint64_t>(has_numbers(s.measure) ? (value - 3) * 500'000 : value)};
    const Judged expected = line.insert(one_by_one, point);
    const Judged judged = tree.insert(ordered, point);
    expect_same(expected, judged, what);
    keep_first(s, expected, first[0]);
    keep_first(s, judged, first[1]);
    ASSERT_EQ(first[0].has_value(), first[1].has_value()) << what;
    if (first[0]) {
      ASSERT_EQ(first[0]->sequence, first[1]->sequence) << what;
    }
    if (testing::Test::HasFatalFailure()) return;
    if (s.when_final) evaluate_both(line, tree, s, at(clock - allowed), what);
    if (testing::Test::HasFatalFailure()) return;
    if (pick(3) == 0) {
      line.forget(one_by_one, at(clock - allowed));
      tree.forget(ordered, at(clock - allowed));
    }
    ASSERT_EQ(line.size(), tree.size()) << what;
    if (pick(20) == 0) {
      std::string bytes;
      ByteWriter out(bytes);
      tree.encode(out);
      ByteReader in(bytes);
      auto copy = Points::decode(ordered, in, true);
      ASSERT_TRUE(copy && in.at_end()) << what;
      ASSERT_EQ(copy->ordered_by_tree(), tree.ordered_by_tree()) << what;
      ASSERT_EQ(copy->bytes(), tree.bytes()) << what;
      tree = std::move(*copy);
    }
    ASSERT_FALSE(line.ordered_by_tree());
    used = used || tree.ordered_by_tree();
  }
}

TEST(Points, ALineAndATreeSayTheSame) {
  int trees = 0;
  for (std::uint64_t seed = 0; seed < 3000 && !HasFatalFailure(); ++seed) {
    bool used = false;
    compare(seed, 1 + static_cast<std::int64_t>(seed % 8), used);
    trees += used ? 1 : 0;
  }
  EXPECT_GT(trees, 2500);
}

// What is wide and slow goes back to the line when it is over.
TEST(Points, ATreeIsLeftWhenFewAreLeft) {
  Settings s;
  s.window = seconds(100);
  s.threshold = 1'000'000;
  Points points;
  for (int i = 0; i < 1000; ++i)
    points.insert(s, {at(1000 + i * 37 % 90), static_cast<std::uint64_t>(i)});
  EXPECT_TRUE(points.ordered_by_tree());
  EXPECT_EQ(points.size(), 1000u);
  points.insert(s, {at(1110), 1000});
  points.forget(s, at(1110));
  EXPECT_TRUE(points.ordered_by_tree());
  points.insert(s, {at(2000), 1001});
  points.forget(s, at(2000));
  EXPECT_FALSE(points.ordered_by_tree());
  EXPECT_EQ(points.size(), 1u);
}

// What a tree held at its widest is given back while it goes on, and it still says the same.
TEST(Points, ATreeGivesMemoryBack) {
  Settings s;
  s.measure = Measure::percentile;
  s.when_final = true;
  s.window = seconds(1000);
  s.percent_micros = 50'000'000;
  s.comparisons = {{rule::Comparison::Op::gt, 4'000'000}};
  Settings one_by_one = s;
  one_by_one.forms.few = 1'000'000;
  Points tree;
  Points line;
  const auto add = [&](std::int64_t time, std::uint64_t i) {
    const Point point{at(time), i, (i * 7 % 10) * 1'000'000};
    tree.insert(s, point);
    line.insert(one_by_one, point);
  };
  for (std::uint64_t i = 0; i < 3000; ++i) add(10'000 + static_cast<std::int64_t>(i * 37 % 900), i);
  for (std::uint64_t i = 3000; i < 3100; ++i)
    add(11'500 + static_cast<std::int64_t>(i * 37 % 90), i);
  const std::size_t wide = tree.bytes();
  while (tree.evaluate(s, at(11'550))) line.evaluate(one_by_one, at(11'550));
  line.evaluate(one_by_one, at(11'550));
  tree.forget(s, at(11'550));
  line.forget(one_by_one, at(11'550));
  EXPECT_TRUE(tree.ordered_by_tree());
  EXPECT_LT(tree.bytes() * 2, wide);
  while (const auto expected = line.evaluate(one_by_one, at(20'000))) {
    const auto moment = tree.evaluate(s, at(20'000));
    ASSERT_TRUE(moment);
    EXPECT_EQ(expected->holds, moment->holds);
    EXPECT_EQ(expected->count, moment->count);
  }
}

}  // namespace
}  // namespace vakt::correlate
