// match() allocates nothing once it has seen batches of the size it is given. Every operator new of
// this binary is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "lib/match/support.h"

// Sanitizers bring their own operator new, which is worth more to the other tests.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VAKT_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define VAKT_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef VAKT_COUNTS_ALLOCATIONS
#define VAKT_COUNTS_ALLOCATIONS 1
#endif

#if VAKT_COUNTS_ALLOCATIONS
namespace {
std::atomic<std::size_t> allocations = 0;

void* counted(std::size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes == 0 ? 1 : bytes)) return p;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

namespace vakt::match {
namespace {

using namespace testing;

void fill(event::Batch& batch, const event::FieldNames& names, int shift) {
  batch.clear();
  for (int i = 0; i < 500; ++i) {
    const std::string text = "value " + std::to_string((i * 7 + shift) % 500) + " of \u00C9t\u00E9";
    add(batch, names,
        {.fields = {{"message", text}, {"f", "\u212A" + text}, {"f", "10.0.0.7"}},
         .raw = "header " + text + (i % 3 == 0 ? "\xFF" : ""),
         .keywords = i % 5 == 0 ? text : ""});
  }
}

TEST(Allocation, NoneAfterWarmUp) {
  auto set = std::make_shared<rule::RuleSet>();
  set->rules = {make_rule(text("message", "*VALUE 1*")),
                make_rule(text("f", "*\u00E9")),
                make_rule(all({text("message", "value*"), negate(text("f", "*4? of*"))})),
                make_rule(regex("f", "value \\d7")),
                make_rule(all({keyword("9 of"), regex("", "1.*\\d")})),
                make_rule(keyword("a?ue*2")),
                make_rule(negate(special(rule::Test::Kind::cidr, "f", "10.0.0.0/8"))),
                make_rule(special(rule::Test::Kind::exists, "f"))};
  event::FieldNames names;
  Diagnostics diagnostics;
  Matcher matcher(Program::compile(set, names, event::Routes(), diagnostics));
  ASSERT_TRUE(diagnostics.empty());
  event::Batch batch(100'000, 500);
  std::vector<Match> out;
  fill(batch, names, 0);
  matcher.match(batch, out);
  const std::size_t warm = out.size();
  ASSERT_GT(warm, 1000u);

  for (int shift = 0; shift < 10; ++shift) {
    fill(batch, names, shift * 11);
    out.clear();
    const std::size_t before = allocations;
    matcher.match(batch, out);
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(out.size(), warm);
  }
  // The counter counts.
  const std::size_t before = allocations;
  const auto one = std::make_unique<int>(1);
  EXPECT_EQ(allocations, before + 1);
}

}  // namespace
}  // namespace vakt::match

#endif
