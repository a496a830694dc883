// Counts calls of operator new. In a file of its own, so that the compiler cannot inline the
// replacements into callers and take malloc and delete for a mismatched pair.
#include "lib/normalise/counted_new.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>

namespace {
std::size_t count = 0;
}

// The sanitizers have an operator new of their own; nothing is counted there, and nothing expected.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(std::size_t size) {
  ++count;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++count;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#define VAKT_COUNTS_NEW
#endif

namespace vakt::normalise {

std::size_t allocations() { return count; }

namespace {

#ifdef VAKT_COUNTS_NEW
TEST(CountedNew, Counts) {
  const std::size_t before = allocations();
  const auto p = std::make_unique<int>(7);
  EXPECT_EQ(allocations(), before + 1);
  EXPECT_EQ(*p, 7);
}
#endif

}  // namespace
}  // namespace vakt::normalise
