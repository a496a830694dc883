// What the loader says about decoder files that are wrong, and what it keeps.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lib/normalise/decode_fixture.h"
#include "normalise/program_table.h"

namespace vakt::normalise {
namespace {

// A good file, to be broken in one place each.
const std::string kGood =
    "program: demo\n"                                             // 1
    "logsource: {product: linux, service: demo}\n"                // 2
    "decoders:\n"                                                 // 3
    "  - name: login\n"                                           // 4
    "    starts_with: 'login '\n"                                 // 5
    "    pattern: 'login (?P<user>\\w+) from (?P<ip>[0-9.]+)'\n"  // 6
    "    fields: {user: user.name, ip: source.ip}\n"              // 7
    "    set: {event.action: demo_login}\n"                       // 8
    "    examples:\n"                                             // 9
    "      - message: login bob from 1.2.3.4\n"                   // 10
    "        fields: {user.name: bob, source.ip: 1.2.3.4}\n";     // 11

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Load, GoodFile) {
  const auto loaded = Loaded::text(kGood);
  EXPECT_EQ(loaded->complaints(), "");
  EXPECT_EQ(
      decode(*loaded, "Demo", "login eve from 5.6.7.8").fields,
      (Fields{{"event.action", "demo_login"}, {"user.name", "eve"}, {"source.ip", "5.6.7.8"}}));
  EXPECT_TRUE(decode(*loaded, "demo", "login eve from 5.6.7.8 ").fields.empty());
  EXPECT_TRUE(decode(*loaded, "other", "login eve from 5.6.7.8").fields.empty());
}

struct Broken {
  std::string text;
  std::string place;    // "line:column"
  std::string message;  // a part of it
  std::string hint;     // a part of it
};

TEST(Load, EveryMistakeIsReportedWithItsPlace) {
  const std::string pattern = "'login (?P<user>\\w+) from (?P<ip>[0-9.]+)'";
  const std::vector<Broken> rows{
      {with("program: demo\n", ""), "1:1", "'program' is missing", "list of them"},
      {with("program: demo", "program: []"), "1:10", "no program named", ""},
      {with("program: demo", "program: [a, '*']"), "1:14", "a program is a name", "stands alone"},
      {with("program: demo", "progam: demo\nprogram: demo"), "1:", "unknown key 'progam'", ""},
      {with("{product: linux, service: demo}", "linux"), "2:12", "'logsource' is a map", ""},
      {with("{product: linux, service: demo}", "{produkt: linux}"), "2:13", "unknown key 'produkt'",
       ""},
      {with("starts_with: 'login '", "starts_with: ''"), "5:18", "at least one character", ""},
      {with("    starts_with: 'login '\n", ""), "4:5", "'starts_with', 'contains' or both", ""},
      {with("starts_with: 'login '", "starts_with: 'Login '"), "10:9", "does not have the literals",
       "tried at all"},
      {with("starts_with: 'login '", "contains: ' form '"), "10:9", "does not have the literals",
       ""},
      {with(pattern, "'login (?P<user>\\w+ from (?P<ip>[0-9.]+)'"), "6:14", "bad pattern",
       "RE2 syntax"},
      {with(pattern, "'login (?P<user>\\w+) from (?P<ip>[0-9.]+)(?=x)'"), "6:14", "bad pattern at",
       "look-around"},
      {with(pattern, "'login (?P<user>(\\w+)) from (?P<ip>[0-9.]+)'"), "6:14",
       "every group has a name", "(?:...)"},
      {with(pattern, "'login (?P<user>\\w+) from (?P<ip>(?:[0-9.]{1,900}){1,900})'"), "6:14",
       "bad pattern", ""},
      {with("user: user.name, ", ""), "6:14", "group 'user' has no field", "under 'fields'"},
      {with("ip: source.ip}", "ip: source.ip, x: a.b}"), "7:49", "no group 'x'", "(?P<x>...)"},
      {with("ip: source.ip}", "ip: user.name}"), "7:35", "a second group fills 'user.name'", ""},
      {with("ip: source.ip}", "ip: 'source ip'}"), "7:35", "without spaces", ""},
      {with("event.action: demo_login", "user.name: x"), "8:22", "already filled by a group", ""},
      {with("event.action: demo_login", "event.action: [x]"), "8:25", "is a text", ""},
      {with("login bob from 1.2.3.4", "login bob at 1.2.3.4"), "10:9", "does not match the example",
       "whole message"},
      {with("login bob from 1.2.3.4", "login bob from 1.2.3.4!"), "10:9", "does not match", ""},
      {with("user.name: bob", "user.name: eve"), "11:29", "decodes user.name = 'bob', not 'eve'",
       ""},
      {with("user.name: bob, ", ""), "10:9", "decodes user.name = 'bob', which", ""},
      {with("user.name: bob", "a.b: c, user.name: bob"), "11:23", "no group of the pattern fills",
       "constants"},
      {kGood.substr(0, kGood.find("    examples:")), "4:5", "'examples' is missing",
       "at least one"},
      {with("set:", "sett:"), "8:5", "unknown key 'sett'", "set"},
      {"- a\n", "1:1", "a decoder document is a map", ""},
  };
  for (const Broken& row : rows) {
    const auto loaded = Loaded::text(row.text);
    ASSERT_FALSE(loaded->diagnostics.empty()) << row.message << "\n" << row.text;
    const std::string first = to_string(loaded->diagnostics.front());
    EXPECT_EQ(loaded->diagnostics.size(), 1u) << loaded->complaints();
    EXPECT_EQ(first.rfind("t.yaml:" + row.place, 0), 0u) << first << " not at " << row.place;
    EXPECT_NE(first.find(row.message), std::string::npos) << first << " not " << row.message;
    EXPECT_NE(first.find(row.hint), std::string::npos) << first << " no hint " << row.hint;
  }
}

TEST(Load, ABrokenDecoderLeavesTheOthers) {
  const auto loaded = Loaded::text(
      "program: demo\n"
      "decoders:\n"
      "  - {name: a, starts_with: x, pattern: '(', examples: [{message: x}]}\n"
      "  - {name: b, starts_with: y, pattern: 'y', set: {k.l: v}, examples: [{message: y}]}\n"
      "  - {name: b, starts_with: z, pattern: 'z', set: {k.l: v}, examples: [{message: z}]}\n");
  EXPECT_EQ(loaded->diagnostics.size(), 2u) << loaded->complaints();
  EXPECT_TRUE(decode(*loaded, "demo", "x").fields.empty());
  EXPECT_EQ(decode(*loaded, "demo", "y").fields, (Fields{{"k.l", "v"}}));
  EXPECT_TRUE(decode(*loaded, "demo", "z").fields.empty());
}

TEST(Load, FirstMatchWinsAndAShadowIsReported) {
  const auto loaded = Loaded::text(
      "program: demo\n"
      "decoders:\n"
      "  - {name: wide, starts_with: a, pattern: a.*, set: {k: wide}, examples: [{message: ab}]}\n"
      "  - {name: late, starts_with: a, pattern: ac, set: {k: late}, examples: [{message: ac}]}\n");
  ASSERT_EQ(loaded->diagnostics.size(), 1u) << loaded->complaints();
  EXPECT_EQ(to_string(loaded->diagnostics[0]).rfind("t.yaml:4:", 0), 0u);
  EXPECT_NE(loaded->complaints().find("'wide' takes this example of 'late' first"),
            std::string::npos);
  EXPECT_FALSE(has_errors(loaded->diagnostics));
  EXPECT_EQ(decode(*loaded, "demo", "ac").fields, (Fields{{"k", "wide"}}));
}

TEST(Load, DecodersForAllProgramsComeAfterTheProgramsOwn) {
  const auto loaded = Loaded::text(
      "program: '*'\n"
      "decoders:\n"
      "  - {name: all, starts_with: a, pattern: 'a.*', set: {k: all}, examples: [{message: a}]}\n"
      "---\n"
      "program: demo\n"
      "decoders:\n"
      "  - {name: own, starts_with: a, pattern: 'ab', set: {k: own}, examples: [{message: ab}]}\n");
  EXPECT_EQ(loaded->complaints(), "");
  EXPECT_EQ(decode(*loaded, "demo", "ab").fields, (Fields{{"k", "own"}}));
  EXPECT_EQ(decode(*loaded, "demo", "ac").fields, (Fields{{"k", "all"}}));
  EXPECT_EQ(decode(*loaded, "other", "ab").fields, (Fields{{"k", "all"}}));
  const auto slow = Loaded::text(
      "program: '*'\n"
      "decoders:\n"
      "  - {name: all, contains: a, pattern: '.*a', examples: [{message: a}]}\n");
  EXPECT_NE(slow->complaints().find("needs 'starts_with'"), std::string::npos);
}

TEST(Load, FilesAndFolders) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "vakt_decoder_files";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "deep");
  std::ofstream(folder / "deep" / "a.yml") << kGood;
  std::ofstream(folder / "b.txt") << "not: [a decoder";
  Loaded loaded;
  loaded.decoders = Decoders::load({folder.string(), (folder / "missing.yaml").string()},
                                   loaded.names, loaded.routes, loaded.diagnostics);
  ASSERT_EQ(loaded.diagnostics.size(), 1u) << loaded.complaints();
  EXPECT_NE(loaded.complaints().find("missing.yaml: error: cannot read the file"),
            std::string::npos);
  EXPECT_EQ(decode(loaded, "demo", "login eve from 5.6.7.8").fields.size(), 3u);
  std::filesystem::remove_all(folder);
}

TEST(ProgramTable, FindsInAnyCase) {
  ProgramTable table;
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(table.insert("prog" + std::to_string(i)), static_cast<std::uint32_t>(i));
  EXPECT_EQ(table.insert("prog7"), 7u);
  EXPECT_EQ(table.size(), 500u);
  EXPECT_EQ(table.find("PROG499"), 499u);
  EXPECT_EQ(table.find("Prog0"), 0u);
  for (const char* name : {"", "prog", "prog500", "prog0 ", "a name longer than any in the table"})
    EXPECT_EQ(table.find(name), ProgramTable::kNone) << name;
}

}  // namespace
}  // namespace vakt::normalise
