// Every measure under every condition, in any order of arrival, against the oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "correlate/condition.h"
#include "streams.h"

namespace vakt::correlate {
namespace {

using Op = rule::Comparison::Op;
using Held = std::vector<oracle::Event>;
using std::chrono::seconds;

// A condition, and the same one for the oracle, which shares no code with it.
struct Case {
  Settings settings;
  rule::Expr formula;  // Settings::formula points to it
  std::function<bool(const Held&)> holds;
  std::function<std::uint64_t(const Held&)> count;
  std::string what;
};

bool compare(Op op, long double measure, long double bound) {
  switch (op) {
    case Op::lt:
      return measure < bound;
    case Op::lte:
      return measure <= bound;
    case Op::gt:
      return measure > bound;
    case Op::gte:
      return measure >= bound;
    case Op::eq:
      return measure == bound;
    case Op::neq:
      return measure != bound;
  }
  return false;
}

// Small whole numbers: exact in a long double, averages compared by products.
std::vector<std::int64_t> sorted_numbers(const Held& held) {
  std::vector<std::int64_t> out;
  for (const oracle::Event& e : held) out.push_back(static_cast<std::int64_t>(e.value) / 1'000'000);
  std::sort(out.begin(), out.end());
  return out;
}

// Measure times `divisor`.
struct Measured {
  long double value;
  long double divisor;
};

Measured measure_of(Measure measure, std::int64_t percent, const Held& held) {
  const auto numbers = sorted_numbers(held);
  const std::size_t n = numbers.size();
  std::int64_t sum = 0;
  for (const std::int64_t number : numbers) sum += number;
  switch (measure) {
    case Measure::sum:
      return {static_cast<long double>(sum), 1};
    case Measure::average:
      return {static_cast<long double>(sum), static_cast<long double>(n)};
    case Measure::percentile:
      for (std::size_t rank = 1; rank <= n; ++rank)
        if (100 * rank >= static_cast<std::size_t>(percent) * n)
          return {static_cast<long double>(numbers[rank - 1]), 1};
      return {0, 1};
    case Measure::median:
      return {static_cast<long double>(numbers[(n - 1) / 2] + numbers[n / 2]), 2};
    case Measure::events:
      return {static_cast<long double>(n), 1};
    default:
      return {static_cast<long double>(oracle::different(held)), 1};
  }
}

rule::Expr member(std::uint32_t index) {
  rule::Expr out;
  out.kind = rule::Expr::Kind::detection;
  out.detection = index;
  return out;
}

rule::Expr random_formula(std::mt19937_64& random, std::uint32_t members, int depth, bool negate) {
  const auto kind = random() % (depth == 0 ? 1 : negate ? 4 : 3);
  rule::Expr out = member(static_cast<std::uint32_t>(random() % members));
  if (kind == 0) return out;
  out.kind = kind == 1   ? rule::Expr::Kind::all
             : kind == 2 ? rule::Expr::Kind::any
                         : rule::Expr::Kind::negate;
  for (std::uint64_t i = 0; i < (kind == 3 ? 1 : 2 + random() % 2); ++i)
    out.children.push_back(random_formula(random, members, depth - 1, negate));
  return out;
}

bool truth(const rule::Expr& e, const std::set<std::uint64_t>& there) {
  using Kind = rule::Expr::Kind;
  if (e.kind == Kind::detection) return there.contains(e.detection);
  if (e.kind == Kind::negate) return !truth(e.children[0], there);
  bool all = true;
  bool any = false;
  for (const rule::Expr& child : e.children)
    (truth(child, there) ? any : all) = truth(child, there);
  return e.kind == Kind::all ? all : any;
}

std::set<std::uint64_t> members_of(const Held& held) {
  std::set<std::uint64_t> out;
  for (const oracle::Event& e : held) out.insert(e.value);
  return out;
}

// Every choice of one event per member of the sequence; times must not fall.
bool in_sequence(const Held& held, const std::vector<std::uint64_t>& sequence, std::size_t next,
                 Time from) {
  if (next == sequence.size()) return true;
  for (const oracle::Event& e : held)
    if (e.value == sequence[next] && e.time >= from &&
        in_sequence(held, sequence, next + 1, e.time))
      return true;
  return false;
}

constexpr std::uint32_t kMembers = 4;

void choose_members(Case& c, std::mt19937_64& random) {
  Settings& s = c.settings;
  s.when_final = random() % 2 == 0;
  c.formula = random_formula(random, kMembers, 2, s.when_final);
  if (s.measure == Measure::sequence) {
    for (std::uint64_t m = 0; m < kMembers; ++m) s.sequence.push_back(m);
    std::shuffle(s.sequence.begin(), s.sequence.end(), random);
    s.sequence.resize(1 + random() % kMembers);
  }
  const bool sequence = s.measure == Measure::sequence;
  // Rules in order have a formula for those that must not be there.
  const bool formula = (s.when_final || !sequence) && random() % 2 == 0;
  if (formula) s.formula = &c.formula;
  s.threshold = 1 + random() % kMembers;
  if (s.when_final && !formula && !sequence)
    s.comparisons = {{Op(random() % 6), static_cast<std::int64_t>(random() % 5) * 1'000'000}};
  c.holds = [&c, sequence, formula](const Held& held) {
    const Settings& of = c.settings;
    if (sequence && !in_sequence(held, of.sequence, 0, kTimeMin)) return false;
    if (formula) return truth(c.formula, members_of(held));
    if (sequence) return true;
    const std::uint64_t there = oracle::different(held);
    if (!of.when_final) return there >= of.threshold;
    return compare(of.comparisons[0].op, static_cast<long double>(there),
                   static_cast<long double>(of.comparisons[0].micros) / 1'000'000);
  };
}

void choose_measure(Case& c, std::mt19937_64& random) {
  Settings& s = c.settings;
  s.when_final = true;
  const auto percent = static_cast<std::int64_t>(1 + random() % 100);
  s.percent_micros = percent * 1'000'000;
  for (std::uint64_t i = 0; i < 1 + random() % 2; ++i)
    s.comparisons.push_back({Op(random() % 6), static_cast<std::int64_t>(random() % 13) * 500'000});
  c.holds = [&c, percent](const Held& held) {
    const Measured m = measure_of(c.settings.measure, percent, held);
    for (const rule::Comparison& x : c.settings.comparisons)
      if (!compare(x.op, m.value * 1'000'000, static_cast<long double>(x.micros) * m.divisor))
        return false;
    return true;
  };
}

void choose(Case& c, std::mt19937_64& random) {
  Settings& s = c.settings;
  s.window = seconds(1 + static_cast<std::int64_t>(random() % 20));
  s.measure = Measure(random() % 8);
  const bool members = s.measure == Measure::members || s.measure == Measure::sequence;
  if (members)
    choose_members(c, random);
  else
    choose_measure(c, random);
  const bool different = members || s.measure == Measure::distinct_values;
  c.count = [different](const Held& held) -> std::uint64_t {
    return different ? oracle::different(held) : held.size();
  };
  c.what = " measure " + std::to_string(static_cast<int>(s.measure)) +
           (s.when_final ? " when final" : " at once") + (s.formula ? " formula" : "");
}

void recode(Group& group, const Settings& settings) {
  std::string bytes;
  ByteWriter out(bytes);
  group.encode(out);
  ByteReader in(bytes);
  auto copy = Group::decode(settings, in);
  ASSERT_TRUE(copy && in.at_end());
  group = std::move(*copy);
}

void run_seed(std::uint64_t seed, std::int64_t disorder_s) {
  std::mt19937_64 random(seed);
  Stream stream = random_stream(random, disorder_s);
  Case c;
  choose(c, random);
  c.settings.forms.few = random() % 8;
  const bool coded = random() % 2 == 0;
  if (has_numbers(c.settings.measure))
    for (oracle::Event& e : stream.events)  // -1, 0, 1, 2
      e.value = static_cast<std::uint64_t>((static_cast<std::int64_t>(e.value) - 1) * 1'000'000);
  const Settings& s = c.settings;
  const auto expected = oracle::episodes(stream.events, s.window, s.when_final, c.count, c.holds);
  Group group;
  std::vector<Episode> final;
  Time seen = at(0);
  const auto pass = [&](Time watermark) {
    for (const Advance::Reached& r : group.advance(s, watermark).reached)
      group.episodes()[r.episode].incident = Hash128{2, r.point.sequence};
    while (const auto episode = group.take_final(s, watermark)) final.push_back(*episode);
  };
  for (const oracle::Event& e : stream.events) {
    const Change change = group.insert(s, {e.time, e.order, e.value}, {0, e.order}, kWithoutEnd);
    if (change.crossed) group.episodes()[change.episode].incident = Hash128{1, e.order};
    seen = std::max(seen, e.time);
    pass(seen - seconds(disorder_s));
    group.forget(s, seen - seconds(disorder_s));
    if (coded) recode(group, s);
  }
  pass(kTimeMax);
  expect_equal(expected, final, disorder_s == 0,
               "seed " + std::to_string(seed) + " disorder " + std::to_string(disorder_s) + c.what);
}

TEST(Conditions, AgreeWithTheOracleInOrder) {
  for (std::uint64_t seed = 0; seed < 4000 && !HasFatalFailure(); ++seed) run_seed(seed, 0);
}

TEST(Conditions, AgreeWithTheOracleOutOfOrder) {
  for (std::uint64_t seed = 0; seed < 12000 && !HasFatalFailure(); ++seed)
    run_seed(seed, 1 + static_cast<std::int64_t>(seed % 40));
}

// What comes behind the watermark is judged by itself, and is in the windows that were not yet.
TEST(Conditions, ALateEventIsJudgedAndCountsInWindowsToCome) {
  Settings s;
  s.measure = Measure::sum;
  s.window = seconds(10);
  s.when_final = true;
  s.comparisons = {{Op::gte, 5'000'000}};
  Group group;
  group.insert(s, {at(3), 0, 2'000'000}, {});
  EXPECT_TRUE(group.advance(s, at(5)).reached.empty());
  EXPECT_FALSE(group.insert(s, {at(2), 1, 3'000'000}, {}).crossed);
  EXPECT_EQ(group.not_evaluated(), std::nullopt);
  group.insert(s, {at(7), 2, 1'000'000}, {});
  EXPECT_EQ(group.not_evaluated(), at(7));
  ASSERT_EQ(group.advance(s, at(8)).reached.size(), 1u);
  EXPECT_EQ(group.episodes()[0].crossing->time, at(7));
  group.insert(s, {at(100), 3, 0, 0}, {});
  group.advance(s, at(101));
  EXPECT_TRUE(group.insert(s, {at(50), 4, 5'000'000}, {}).crossed);
}

// However events arrive, one that lasts too long has the same parts.
TEST(Conditions, ALongEpisodeHasThePartsOfItsTimes) {
  Settings s;
  s.measure = Measure::sum;
  s.window = seconds(10);
  s.when_final = true;
  s.comparisons = {{Op::gte, 3'000'000}};
  const auto parts = [&](bool at_once) {
    Group group;
    std::vector<Time> opened;
    const auto pass = [&](Time watermark) {
      for (const Advance::Reached& r : group.advance(s, watermark).reached) {
        group.episodes()[r.episode].incident = Hash128{1, r.point.sequence};
        opened.push_back(r.point.time);
      }
    };
    for (int t = 0; t < 100; t += 5) {
      group.insert(s, {at(t), static_cast<std::uint64_t>(t), t < 5 ? 0 : 2'000'000u}, {},
                   seconds(25));
      if (at_once) pass(at(t));
    }
    pass(kTimeMax);
    return opened;
  };
  const std::vector<Time> expected = {at(10), at(25), at(50), at(75)};
  EXPECT_EQ(parts(true), expected);
  EXPECT_EQ(parts(false), expected);
}

}  // namespace
}  // namespace vakt::correlate
