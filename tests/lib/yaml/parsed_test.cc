#include "yaml/parsed.h"

#include <gtest/gtest.h>

namespace vakt::yaml {
namespace {

TEST(Parsed, TheSameTextIsParsedOnce) {
  Parsed parsed;
  Diagnostics diagnostics;
  const Documents first = parsed.get("a: 1\n", "one.yml", diagnostics);
  EXPECT_EQ(parsed.get("a: 1\n", "two.yml", diagnostics), first);
  EXPECT_NE(parsed.get("a: 2\n", "one.yml", diagnostics), first);
  EXPECT_EQ(first->at(0).find("a")->text, "1");
  EXPECT_TRUE(diagnostics.empty());
}

TEST(Parsed, AProblemIsToldEachTime) {
  Parsed parsed;
  for (const char* file : {"one.yml", "two.yml"}) {
    Diagnostics diagnostics;
    parsed.get("a: 1\na: 2\n", file, diagnostics);
    ASSERT_EQ(diagnostics.size(), 1u);
    EXPECT_EQ(diagnostics[0].file, file);
  }
  EXPECT_EQ(parsed.size(), 0u);
}

TEST(Parsed, WhatNobodyAskedForIsForgotten) {
  Parsed parsed;
  Diagnostics diagnostics;
  parsed.get("a: 1\n", "one.yml", diagnostics);
  parsed.get("a: 2\n", "two.yml", diagnostics);
  parsed.forget_unused();
  EXPECT_EQ(parsed.size(), 2u);
  parsed.get("a: 2\n", "two.yml", diagnostics);
  parsed.forget_unused();
  EXPECT_EQ(parsed.size(), 1u);
}

}  // namespace
}  // namespace vakt::yaml
