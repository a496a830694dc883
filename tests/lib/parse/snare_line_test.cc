#include "parse/snare_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vakt::parse {
namespace {

std::string pairs(const std::string& text) {
  SnareText reader(text);
  std::string out;
  for (SnarePair pair; reader.next(pair);) {
    if (!out.empty()) out += " | ";
    if (!pair.section.empty()) out += std::string(pair.section) + "/";
    out += std::string(pair.label) + "=" + std::string(pair.value);
  }
  return out;
}

TEST(SnareLine, Fields) {
  const auto line = parse_snare_line(
      "MSWinEventLog\t1\tSecurity\t47\tFri Nov 27 10:00:00 2026\t4624\tProvider\tACME\\eve\tUser\t"
      "Success Audit\tws1\tLogon\t\tText: x\t47",
      nullptr);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->channel, "Security");
  EXPECT_EQ(line->event_id, "4624");
  EXPECT_EQ(line->provider, "Provider");
  EXPECT_EQ(line->user, "ACME\\eve");
  EXPECT_EQ(line->type, "Success Audit");
  EXPECT_EQ(line->computer, "ws1");
  EXPECT_EQ(line->category, "Logon");
  EXPECT_EQ(line->text, "Text: x");
  EXPECT_EQ(
      line->time,
      parse_snare_line("h\tMSWinEventLog\t\tC\t\tFri Nov 27 10:00:00 2026\t1", nullptr)->time);
  EXPECT_EQ(format_rfc3339(*line->time), "2026-11-27T10:00:00Z");
}

TEST(SnareLine, OthersAreNone) {
  for (const char* text :
       {"", "MSWinEventLog", "MSWinEventLog 1 Security", "MSWinEventLog\t1\tSecurity",
        "MSWinEventLog\t1\tSecurity\t1\tFri Nov 27 10:00:00 2026\tx", "two words\tMSWinEventLog\t1",
        "MSWinEventLog\t1\t\t1\tFri Nov 27 10:00:00 2026\t1"})
    EXPECT_FALSE(parse_snare_line(text, nullptr)) << text;
  for (const char* time : {"Fri Nov 31 10:00:00 2026", "Fri Foo 27 10:00:00 2026", "Fri Nov 27",
                           "Fri Nov 27 10:00:00 2026x", "Fri ovD 27 10:00:00 2026"})
    EXPECT_FALSE(
        parse_snare_line("MSWinEventLog\t1\tA\t1\t" + std::string(time) + "\t1", nullptr)->time)
        << time;
}

TEST(SnareText, Pairs) {
  struct Row {
    const char* text;
    const char* expected;
  };
  const std::vector<Row> rows{
      {"", ""},
      {"An account was logged on.", ""},
      {"Subject:   Security ID:  S-1   Account Name:  eve    Logon Type:   3",
       "Subject/Security ID=S-1 | Subject/Account Name=eve | Subject/Logon Type=3"},
      {"Process Create:  RuleName: -  Image: C:\\a b.exe  User: A\\b",
       "Process Create/RuleName=- | Process Create/Image=C:\\a b.exe | Process Create/User=A\\b"},
      // Spaces in a row do not end a value, nor does what no label looks like.
      {"Process Command Line: cmd  /c   echo a: b  x   Mandatory Label: S-1",
       "Process Command Line=cmd  /c   echo a: b  x | Mandatory Label=S-1"},
      {"Package Name (NTLM only): -   Key Length: 0", "Package Name (NTLM only)=- | Key Length=0"},
      // Windows' own explanation is no part of the last value, an attacker's imitation is.
      {"Process Command Line: a  Token Elevation Type indicates x  b    Token Elevation Type "
       "indicates the type of token.",
       "Process Command Line=a  Token Elevation Type indicates x  b"},
      {"Creating Scriptblock text (1 of 3):  $a = 1  Image: x  ScriptBlock ID: 7  Path: p",
       "Creating Scriptblock text=$a = 1  Image: x | ScriptBlock ID=7 | Path=p"},
      {"A:", ""},
      {"A:  B:  C:  d", "B/C=d"},
  };
  for (const Row& row : rows) EXPECT_EQ(pairs(row.text), row.expected) << row.text;
}

}  // namespace
}  // namespace vakt::parse
