// Each construct of a rule against values that tell it from its neighbours, through both engines.
#include <algorithm>

#include "lib/match/support.h"

namespace vakt::match {
namespace {

using namespace testing;
using event::ValueKind;
using Kind = rule::Test::Kind;

struct Row {
  const char* what;
  Expr condition;
  TestEvent event;
  bool expected;
};

TestEvent value(std::string text) { return {.fields = {{"f", std::move(text)}}, .raw = "r"}; }
TestEvent values(std::vector<std::string> texts) {
  TestEvent out{.fields = {}, .raw = "r"};
  for (std::string& t : texts) out.fields.push_back({"f", std::move(t)});
  return out;
}
TestEvent typed(std::string text, ValueKind kind) {
  return {.fields = {{"f", std::move(text), kind}}, .raw = "r"};
}
TestEvent null() { return typed("", ValueKind::null); }
TestEvent missing() { return {.fields = {{"g", "other"}}, .raw = "r"}; }
TestEvent record(std::string raw, std::string keywords = "") {
  return {.fields = {}, .raw = std::move(raw), .keywords = std::move(keywords)};
}

// Every row also runs as part of a rule that cannot be indexed, so that atoms which are otherwise
// scanned are asked for directly.
void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const auto both = run({make_rule(row.condition), make_rule(negate(row.condition)),
                           make_rule(all({text("f", "*"), negate(row.condition)})),
                           make_rule(all({row.condition, row.condition}))},
                          event::Routes(), {value("before"), row.event, value("behind")}, 2);
    EXPECT_TRUE(both.diagnostics.empty())
        << row.what << ": " << (both.diagnostics.empty() ? "" : to_string(both.diagnostics[0]));
    EXPECT_EQ(both.matcher, both.reference) << row.what;
    const auto has = [&](std::uint32_t rule) {
      return std::find(both.matcher.begin(), both.matcher.end(), Match{1, rule}) !=
             both.matcher.end();
    };
    EXPECT_EQ(has(0), row.expected) << row.what;
    EXPECT_EQ(has(1), !row.expected) << row.what << ", negated";
    EXPECT_EQ(has(3), row.expected) << row.what << ", twice";
  }
}

TEST(Constructs, Text) {
  check_rows({
      {"equals", text("f", "abc"), value("abc"), true},
      {"equals without case", text("f", "aBc"), value("AbC"), true},
      {"equals cased", text("f", "abc", true), value("Abc"), false},
      {"equals cased, same", text("f", "aBc", true), value("aBc"), true},
      {"equals is the whole value", text("f", "abc"), value("abcd"), false},
      {"equals is the whole value, front", text("f", "abc"), value("xabc"), false},
      {"equals of a line within", text("f", "abc"), value("x\nabc\ny"), false},
      {"equals of a first line", text("f", "abc"), value("abc\ny"), false},
      {"equals with a newline", text("f", "a\nb"), value("a\nb"), true},
      {"equals over two values", text("f", "a\nb"), values({"a", "b"}), false},
      {"contains", text("f", "*bcd*"), value("abcde"), true},
      {"contains the whole", text("f", "*bcd*"), value("BCD"), true},
      {"contains over two values", text("f", "*a\nb*"), values({"xa", "bx"}), false},
      {"contains a newline", text("f", "*a\nb*"), value("xa\nbx"), true},
      {"contains over a boundary", text("f", "*foreval*"), value("val"), false},
      {"startswith", text("f", "abc*"), value("abcd"), true},
      {"startswith, itself", text("f", "abc*"), value("abc"), true},
      {"startswith, inside", text("f", "abc*"), value("xabc"), false},
      {"startswith on a second line", text("f", "abc*"), value("x\nabc"), false},
      {"startswith a newline", text("f", "\nabc*"), value("\nabc"), true},
      {"endswith", text("f", "*abc"), value("xabc"), true},
      {"endswith, inside", text("f", "*abc"), value("abcx"), false},
      {"endswith before a final newline", text("f", "*abc"), value("abc\n"), false},
      {"endswith a backslash", text("f", "*a\\\\"), value("xa\\"), true},
      {"inner wildcard", text("f", "a*c"), value("abbc"), true},
      {"inner wildcard over lines", text("f", "a*c"), value("a\n\nc"), true},
      {"inner wildcard over values", text("f", "a*c"), values({"a", "c"}), false},
      {"inner wildcard is whole", text("f", "a*c"), value("abcd"), false},
      {"inner wildcard before newline", text("f", "a*c"), value("abc\n"), false},
      {"inner wildcard without case", text("f", "a*C"), value("Abc"), true},
      {"inner wildcard cased", text("f", "a*C", true), value("Abc"), false},
      {"question mark", text("f", "a?c"), value("abc"), true},
      {"question mark needs one", text("f", "a?c"), value("ac"), false},
      {"question mark takes one", text("f", "a?c"), value("abbc"), false},
      {"question mark is a character", text("f", "a?c"), value("a\u20ACc"), true},
      {"question mark takes a newline", text("f", "a?c"), value("a\nc"), true},
      {"only question marks", text("f", "??"), value("ab"), true},
      {"only question marks, other", text("f", "??"), value("abc"), false},
      {"regex signs are plain", text("f", "a.c*[x]?"), value("a.cd[x]e"), true},
      {"regex signs are plain, other", text("f", "a.c*[x]?"), value("abcd[x]e"), false},
      {"two stars", text("f", "**a**"), value("xax"), true},
      {"NUL", text("f", std::string_view("*a\0b*", 5)), value(std::string("xa\0bx", 5)), true},
      {"number as text", text("f", "4688"), typed("4688", ValueKind::number), true},
      {"number, part of", text("f", "4688"), typed("46888", ValueKind::number), false},
      {"boolean as text", text("f", "TRUE"), typed("true", ValueKind::boolean), true},
      {"null has no text", text("f", "null"), null(), false},
      {"any of several values", text("f", "*b"), values({"a", "ab", "c"}), true},
      {"missing field", text("f", "*a*"), missing(), false},
  });
}

// Negated, a literal is looked for in the value itself, many places at a time.
TEST(Constructs, ContainsAtEveryPlaceOfALongValue) {
  for (const std::string literal : {"k[", "aBc", "7", "an eighteen byte x"}) {
    const std::vector<rule::Rule> rules{
        make_rule(all({text("f", "*"), negate(text("f", "*" + literal + "*"))})),
        make_rule(all({text("f", "*"), negate(text("f", "*" + literal + "*", true))}))};
    std::vector<TestEvent> events;
    std::vector<Match> expected;
    for (std::size_t bytes = 1; bytes < 70; ++bytes) {
      for (std::size_t at = 0; at <= bytes; ++at) {
        std::string filler(bytes, 'B');
        // First and last byte at the right distance, in the wrong case or none of a letter.
        for (std::size_t i = 0; i < bytes; i += 5) filler[i] = "kKA{;\x17"[i % 7];
        std::string own = literal;
        if (at % 2 == 0) own[0] = own[0] == 'k' ? 'K' : own[0];
        const bool holds = at + own.size() <= bytes;
        if (holds) filler.replace(at, own.size(), own);
        const auto index = static_cast<std::uint32_t>(events.size());
        if (!holds) expected.push_back({index, 0});
        if (!holds || own != literal) expected.push_back({index, 1});
        events.push_back(value(filler));
      }
    }
    const auto both = run(rules, event::Routes(), events);
    EXPECT_EQ(both.matcher, both.reference) << literal;
    EXPECT_EQ(both.matcher, expected) << literal;
  }
}

TEST(Constructs, EmptyAndMissing) {
  check_rows({
      {"empty equals empty", text("f", ""), value(""), true},
      {"empty is not null", text("f", ""), null(), false},
      {"empty is not missing", text("f", ""), missing(), false},
      {"empty is not text", text("f", ""), value("a"), false},
      {"empty is not a newline", text("f", ""), value("\n"), false},
      {"empty is not an empty line", text("f", ""), value("a\n\nb"), false},
      {"empty among several", text("f", ""), values({"a", "", "b"}), true},
      {"star of text", text("f", "*"), value("a"), true},
      {"star of empty", text("f", "*"), value(""), true},
      {"star of null is presence", text("f", "*"), null(), true},
      {"star of missing", text("f", "*"), missing(), false},
      {"exists", special(Kind::exists, "f"), value("a"), true},
      {"exists empty", special(Kind::exists, "f"), value(""), true},
      {"exists null", special(Kind::exists, "f"), null(), true},
      {"exists missing", special(Kind::exists, "f"), missing(), false},
      {"exists not", special(Kind::exists, "f", "", false), missing(), true},
      {"exists not, but is", special(Kind::exists, "f", "", false), null(), false},
      {"null of missing", special(Kind::null, "f"), missing(), true},
      {"null of null", special(Kind::null, "f"), null(), true},
      {"null of empty", special(Kind::null, "f"), value(""), false},
      {"null of the word", special(Kind::null, "f"), value("null"), false},
      {"question mark of empty", text("f", "?"), value(""), false},
      {"regex of empty", regex("f", "^$"), value(""), true},
      {"regex of missing", regex("f", "^.*$"), missing(), false},
      {"regex of null", regex("f", ".*"), null(), false},
      {"all of nothing", all({}), missing(), true},
      {"any of nothing", any({}), missing(), false},
  });
}

TEST(Constructs, CaseBeyondAscii) {
  check_rows({
      {"umlaut", text("f", "*\u00E9t\u00E9*"), value("L'\u00C9T\u00C9"), true},
      {"umlaut cased", text("f", "*\u00E9*", true), value("\u00C9"), false},
      {"umlaut cased, same", text("f", "*\u00E9*", true), value("x\u00E9"), true},
      {"Greek", text("f", "\u03A3\u03AF*\u03C2"), value("\u03C3\u038F\u03C3"), false},
      {"Greek sigma", text("f", "*\u03A3*x"), value("\u03C2x"), true},
      {"Cyrillic", text("f", "\u0416*"), value("\u0436abc"), true},
      {"sharp s", text("f", "\u1E9E"), value("\u00DF"), true},
      {"sharp s is not ss", text("f", "\u00DF"), value("ss"), false},
      {"K is not Kelvin", text("f", "k?"), value("\u212Ax"), false},
      {"K is not Kelvin, with an umlaut", text("f", "k\u00E9"), value("\u212A\u00C9"), false},
      {"Kelvin is Kelvin", text("f", "\u212A?"), value("\u212Ax"), true},
      {"Kelvin is not K", text("f", "\u212A?"), value("kx"), false},
      {"s is not long s", text("f", "*s?"), value("\u017Fx"), false},
      {"long s is long s", text("f", "*\u017F?"), value("\u017Fx"), true},
      {"Angstrom is a letter", text("f", "\u212B"), value("\u00E5"), true},
      {"dotted I", text("f", "\u0130"), value("i"), false},
      {"no case", text("f", "*\u20AC\U0001F600k*"), value("\u20AC\U0001F600K"), true},
      {"regex: K is not Kelvin", regex("f", "k", "i"), value("\u212A"), false},
      {"regex: not K is Kelvin", regex("f", "^[^k]$", "i"), value("\u212A"), true},
      {"regex: Kelvin is Kelvin", regex("f", "\u212A", "i"), value("\u212A"), true},
      {"regex: umlaut", regex("f", "\u00E9", "i"), value("\u00C9"), true},
      {"regex: umlaut cased", regex("f", "\u00E9"), value("\u00C9"), false},
      {"bad UTF-8", text("f", "*b?d*"),
       value("\xC3"
             "abcde"),
       true},
      {"bad UTF-8 is a replacement", text("f", "*\uFFFD*"),
       value("\xC3"
             "abcde"),
       true},
      {"bad UTF-8 in a regex", regex("f", "^.a"),
       value("\xC3"
             "ab"),
       true},
  });
}

TEST(Constructs, Regex) {
  check_rows({
      {"search", regex("f", "b+c"), value("abbbcd"), true},
      {"cased", regex("f", "b+c"), value("aBBBCd"), false},
      {"i", regex("f", "b+c", "i"), value("aBBBCd"), true},
      {"inline i", regex("f", "(?i)b+c"), value("aBBBCd"), true},
      {"dot and newline", regex("f", "a.c"), value("a\nc"), false},
      {"s", regex("f", "a.c", "s"), value("a\nc"), true},
      {"dollar", regex("f", "ab$"), value("ab"), true},
      {"dollar before a final newline", regex("f", "ab$"), value("ab\n"), true},
      {"dollar before more", regex("f", "ab$"), value("ab\nc"), false},
      {"m", regex("f", "^ab$", "m"), value("x\nab\ny"), true},
      {"no m", regex("f", "^ab$"), value("x\nab\ny"), false},
      {"negated class stays in its value", regex("f", "e[^x]b"), value("b"), false},
      {"space stays in its value", regex("f", "before\\s"), value("x"), false},
      {"count of characters", regex("f", "^.{3}$"), value("\u00E9\u20AC\U0001F600"), true},
      {"everything", regex("f", ".*"), value(""), true},
      {"word is ASCII", regex("f", "\\w"), value("\u00E9"), false},
      {"alternatives", regex("f", "^(cat|dog)s?$"), value("dogs"), true},
      {"several values", regex("f", "^b$"), values({"a", "b"}), true},
      {"escape", regex("f", "a\\\\b"), value("a\\b"), true},
  });
}

TEST(Constructs, Cidr) {
  const auto in = [](std::string network) { return special(Kind::cidr, "f", std::move(network)); };
  check_rows({
      {"v4", in("10.0.0.0/8"), value("10.255.1.2"), true},
      {"v4 outside", in("10.0.0.0/8"), value("11.0.0.1"), false},
      {"v4 odd prefix", in("192.168.16.0/20"), value("192.168.31.255"), true},
      {"v4 odd prefix, outside", in("192.168.16.0/20"), value("192.168.32.0"), false},
      {"v4 one address", in("192.0.2.1"), value("192.0.2.1"), true},
      {"v4 everything", in("0.0.0.0/0"), value("203.0.113.9"), true},
      {"v4 everything but v6", in("0.0.0.0/0"), value("::1"), false},
      {"v6", in("2001:db8::/32"), value("2001:DB8:1::5"), true},
      {"v6 outside", in("2001:db8::/32"), value("2001:db9::"), false},
      {"v6 in full", in("::1/128"), value("0:0:0:0:0:0:0:1"), true},
      {"v6 odd prefix", in("fe80::/10"), value("febf::1"), true},
      {"v6 with v4 at the end", in("::ffff:0:0/96"), value("::ffff:10.0.0.1"), true},
      {"mapped is v6", in("10.0.0.0/8"), value("::ffff:10.0.0.1"), false},
      {"leading zero", in("10.0.0.0/8"), value("10.0.0.01"), false},
      {"text", in("10.0.0.0/8"), value("10.0.0.1 "), false},
      {"empty", in("0.0.0.0/0"), value(""), false},
      {"several values", in("10.0.0.0/8"), values({"x", "10.1.1.1"}), true},
      {"missing", in("0.0.0.0/0"), missing(), false},
  });
}

TEST(Constructs, Keywords) {
  check_rows({
      {"in the raw text", keyword("Failed"), record("x failed y"), true},
      {"not in the raw text", keyword("failed"), record("fail"), false},
      {"in the unescaped text", keyword("a\"b"), record("a\\\"b", "a\"b"), true},
      {"stars around change nothing", keyword("*ail*"), record("failed"), true},
      {"inner wildcard", keyword("a*d"), record("xxabcdxx"), true},
      {"question mark", keyword("a?c"), record("xxabcxx"), true},
      {"question mark takes a character", keyword("a?c"), record("a\u20ACc"), true},
      {"question mark in bad UTF-8", keyword("a?c"),
       record("\xFF"
              "abc"),
       true},
      {"bad byte is one character", keyword("a?c"),
       record("a\xFF"
              "c"),
       true},
      {"umlaut in bad UTF-8", keyword("\u00E9"), record("\xFF\u00C9"), true},
      {"not over two records", keyword("ore\nr"), record("r"), false},
      {"anything", keyword("*"), record(""), true},
      {"regex", leaf(regex("", "^fa+il$").test), record("faail"), true},
      {"regex in the unescaped text", regex("", "^\"b"), record("x", "\"b"), true},
      {"both parts", all({keyword("aaa"), keyword("bbb")}), record("aaa", "bbb"), true},
  });
}

TEST(Constructs, Conditions) {
  const auto a = [] { return text("a", "*one*"); };
  const auto b = [] { return text("b", "*two*"); };
  const TestEvent both{.fields = {{"a", "one"}, {"b", "two"}}, .raw = "r"};
  const TestEvent first{.fields = {{"a", "one"}, {"b", "2"}}, .raw = "r"};
  const TestEvent neither{.fields = {{"a", "1"}}, .raw = "r"};
  check_rows({
      {"and", all({a(), b()}), both, true},
      {"and, one", all({a(), b()}), first, false},
      {"or, one", any({a(), b()}), first, true},
      {"or, none", any({a(), b()}), neither, false},
      {"and not", all({a(), negate(b())}), first, true},
      {"and not, but", all({a(), negate(b())}), both, false},
      {"or not", any({a(), negate(b())}), neither, true},
      {"not and", negate(all({a(), b()})), neither, true},
      {"not not", negate(negate(a())), first, true},
      {"or of and", any({all({a(), b()}), all({a(), negate(b())})}), first, true},
      {"and of a regex", all({regex("a", "^o"), negate(regex("b", "^t"))}), first, true},
  });
}

TEST(Matcher, RoutesDecideWhichRulesApply) {
  event::Routes routes;
  const auto sshd = routes.intern({{"linux", "", "sshd"}, {"linux", "", "auth"}});
  const auto windows = routes.intern({{"windows", "process_creation", ""}});
  const auto other_linux = routes.intern({{"linux", "", "cron"}});
  const auto match_x = [] { return text("f", "*x*"); };
  const auto both =
      run({make_rule(match_x(), {"linux", "", ""}), make_rule(match_x(), {"windows", "", ""}),
           make_rule(match_x()), make_rule(match_x(), {"linux", "", "auth"})},
          routes,
          {{{{"f", "x"}}, "r", "", windows},
           {{{"f", "x"}}, "r", "", sshd},
           {{{"f", "x"}}, "r", "", 0},
           {{{"f", "x"}}, "r", "", other_linux},
           {{{"f", "y"}}, "r", "", sshd}});
  const std::vector<Match> expected{{0, 1}, {0, 2}, {1, 0}, {1, 2}, {1, 3}, {2, 2}, {3, 0}, {3, 2}};
  EXPECT_EQ(both.matcher, expected);
  EXPECT_EQ(both.reference, expected);
}

TEST(Matcher, FieldsInsideTheRawTextAreScannedThere) {
  std::vector<TestEvent> events;
  std::vector<Match> expected;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const bool hit = i % 7 == 0;
    const std::string message = hit ? "now evil is here, padded " : "nothing to see, padded evi";
    // The header carries the value as well: only the field counts.
    events.push_back({.fields = {{"message", message + std::string(60, 'x')}},
                      .raw = "<34>evil host tag: " + message + std::string(60, 'x')});
    if (hit) expected.push_back({i, 0});
  }
  const auto both = run({make_rule(text("message", "*EVIL*"))}, event::Routes(), events, 2);
  EXPECT_EQ(both.matcher, expected);
  EXPECT_EQ(both.reference, expected);
}

TEST(Matcher, ValuesOverManyBlocksAreCopiedWhole) {
  const std::string large(600'000, 'z');
  std::vector<TestEvent> events;
  std::vector<Match> expected;
  for (std::uint32_t i = 0; i < 9000; ++i) {
    const bool ends = i % 11 == 0;
    const bool equals = i % 13 == 0;
    const bool is_large = i % 3000 == 1;
    events.push_back({.fields = {{"f", std::string(60, 'x') + (ends ? "evil.exe" : "evil.exe.")},
                                 {"f", is_large ? large + "y" : "small"},
                                 {"g", equals ? "whole" : "wholes"}},
                      .raw = "r"});
    if (ends) expected.push_back({i, 0});
    if (equals) expected.push_back({i, 1});
    if (is_large) expected.push_back({i, 2});
  }
  const auto both = run({make_rule(text("f", "*EVIL.exe")), make_rule(text("g", "whole")),
                         make_rule(text("f", "*zzzzzzzy"))},
                        event::Routes(), events, 2);
  EXPECT_EQ(both.matcher, expected);
}

TEST(Constructs, Numbers) {
  using rule::Op;
  check_rows({
      {"gt", compared("f", Op::gt, "5"), value("6"), true},
      {"gt, equal", compared("f", Op::gt, "5"), value("5"), false},
      {"gte, equal", compared("f", Op::gte, "5"), value("5"), true},
      {"lt, longer text", compared("f", Op::lt, "10"), value("9"), true},
      {"lte, negative", compared("f", Op::lte, "-1"), value("-2"), true},
      {"a JSON number", compared("f", Op::gt, "5"), typed("6", ValueKind::number), true},
      {"a fraction", compared("f", Op::gt, "1.5"), value("1.6"), true},
      {"a fraction is not cut", compared("f", Op::gte, "1.5"), value("1"), false},
      {"an exponent", compared("f", Op::lt, "1e3"), value("999.5"), true},
      {"beyond a double's digits", compared("f", Op::gt, "9007199254740992"),
       value("9007199254740993"), true},
      {"no number", compared("f", Op::gt, "5"), value("6x"), false},
      {"no number, spaces", compared("f", Op::gt, "5"), value(" 6"), false},
      {"no number, hexadecimal", compared("f", Op::gt, "5"), value("0x10"), false},
      {"no number, infinite", compared("f", Op::gt, "5"), value("inf"), false},
      {"no number, minus infinite", compared("f", Op::lt, "5"), value("-inf"), false},
      {"empty", compared("f", Op::lt, "5"), value(""), false},
      {"null", compared("f", Op::lt, "5"), null(), false},
      {"missing", compared("f", Op::lt, "5"), missing(), false},
      {"any of several", compared("f", Op::gt, "5"), values({"1", "x", "6"}), true},
  });
}

TEST(Constructs, PartsOfTimes) {
  using rule::Op;
  using rule::TimePart;
  const TestEvent at = value("2024-12-30T23:07:59+01:00");
  check_rows({
      {"minute", time_part("f", TimePart::minute, "7"), at, true},
      {"hour, in UTC", time_part("f", TimePart::hour, "22"), at, true},
      {"hour, not as written", time_part("f", TimePart::hour, "23"), at, false},
      {"hour, gte", time_part("f", TimePart::hour, "8", Op::gte), at, true},
      {"hour, lt", time_part("f", TimePart::hour, "22", Op::lt), at, false},
      {"day", time_part("f", TimePart::day, "30"), at, true},
      {"week, of the next year", time_part("f", TimePart::week, "1"), at, true},
      {"week 53", time_part("f", TimePart::week, "53"), value("2021-01-03T00:00:00Z"), true},
      {"month", time_part("f", TimePart::month, "12"), at, true},
      {"year", time_part("f", TimePart::year, "2024"), at, true},
      {"no time", time_part("f", TimePart::year, "2024"), value("2024 was good"), false},
      {"missing", time_part("f", TimePart::hour, "0", Op::gte), missing(), false},
  });
}

TEST(Constructs, OtherFields) {
  using rule::Op;
  const auto both = [](std::string a, std::string b) {
    return TestEvent{.fields = {{"f", std::move(a)}, {"g", std::move(b)}}, .raw = "r"};
  };
  check_rows({
      {"equal", fields_related("f", Op::equals, "g"), both("Abc", "aBC"), true},
      {"equal cased", fields_related("f", Op::equals, "g", true), both("Abc", "aBC"), false},
      {"equal cased, same", fields_related("f", Op::equals, "g", true), both("Abc", "Abc"), true},
      {"not equal", fields_related("f", Op::equals, "g"), both("abc", "abd"), false},
      {"beyond ASCII", fields_related("f", Op::equals, "g"), both("\u00C9", "\u00E9"), true},
      {"K is not the Kelvin sign", fields_related("f", Op::equals, "g"), both("k", "\u212A"),
       false},
      {"endswith", fields_related("f", Op::endswith, "g"), both("C:\\x.exe", "X.EXE"), true},
      {"endswith, longer", fields_related("f", Op::endswith, "g"), both("x", "xx"), false},
      {"startswith", fields_related("f", Op::startswith, "g"), both("abc", "AB"), true},
      {"startswith, inside", fields_related("f", Op::startswith, "g"), both("xab", "ab"), false},
      {"contains", fields_related("f", Op::contains, "g"), both("xaby", "AB"), true},
      {"a wildcard is a character", fields_related("f", Op::equals, "g"), both("abc", "a*"), false},
      {"half a character is none", fields_related("f", Op::contains, "g", true),
       both("\u00E9", "\xC3"), false},
      {"the other is missing", fields_related("f", Op::equals, "h"), both("a", "a"), false},
      {"both are missing", fields_related("h", Op::equals, "i"), both("a", "a"), false},
      {"itself", fields_related("f", Op::equals, "f"), both("a", "b"), true},
      {"any pair",
       fields_related("f", Op::equals, "g"),
       {.fields = {{"f", "a"}, {"f", "b"}, {"g", "x"}, {"g", "B"}}, .raw = "r"},
       true},
  });
}

// What Hyperscan lacks, PCRE2 confirms.
TEST(Constructs, RegexesBeyondHyperscan) {
  check_rows({
      {"lookahead", regex("f", "foo(?=bar)"), value("xfoobar"), true},
      {"lookahead, not", regex("f", "foo(?=bar)"), value("foobaz"), false},
      {"negative lookahead", regex("f", "^(?!abc).*z$"), value("abdz"), true},
      {"negative lookahead, not", regex("f", "^(?!abc).*z$"), value("abcz"), false},
      {"lookbehind", regex("f", "(?<=a)b"), value("ab"), true},
      {"lookbehind, not", regex("f", "(?<!a)b"), value("ab"), false},
      {"backreference", regex("f", "(.)\\1"), value("abba"), true},
      {"backreference, not", regex("f", "(.)\\1"), value("abab"), false},
      {"backreference without case", regex("f", "(a)\\1", "i"), value("aA"), true},
      {"atomic", regex("f", "(?>a+)ab"), value("aaab"), false},
      {"possessive", regex("f", "a++b"), value("aab"), true},
      {"recursion", regex("f", "^(\\((?1)*\\))$"), value("(()())"), true},
      {"beyond ASCII", regex("f", "(?=\u00E9).$"), value("\u00E9"), true},
      {"invalid UTF-8 in the record", regex("", "(?<=x)\\x{FFFD}"), record("x\xFFy"), true},
      {"keyword", regex("", "a(?!b)"), record("ab ac"), true},
      {"keyword, of escaped JSON", regex("", "a(?=\t)"), record("ab", "a\tb"), true},
      {"several values", regex("f", "a(?!b)"), values({"ab", "ac"}), true},
      {"missing", regex("f", "a(?!b)"), missing(), false},
  });
}

// An exception hides matches until it expires, by the time of the event, and says so.
TEST(Matcher, FiltersHideUntilTheyExpire) {
  const Time end = from_unix_seconds(1'000'000);
  rule::RuleSet set;
  set.filters.resize(2);
  set.filters[0].keep = negate(text("g", "scanner*"));
  set.filters[1].keep = negate(any({text("g", "lab"), text("h", "*x*")}));
  set.filters[1].expires = end;
  set.rules.push_back(make_rule(text("f", "a")));
  set.rules.push_back(make_rule(all({text("f", "*a*"), negate(text("f", "b"))})));
  set.rules.push_back(make_rule(text("f", "a")));
  set.rules[0].filters = {0, 1};
  set.rules[1].filters = {1};
  const auto event = [](std::string g, Time time) {
    return TestEvent{.fields = {{"f", "a"}, {"g", std::move(g)}}, .raw = "r", .time = time};
  };
  const auto both = run(set, event::Routes(),
                        {event("x", end), event("scanner1", end), event("lab", end),
                         event("lab", end - std::chrono::nanoseconds(1))},
                        2);
  EXPECT_EQ(both.matcher, both.reference);
  EXPECT_EQ(
      both.matcher,
      (std::vector<Match>{{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}, {3, 2}}));
  EXPECT_EQ(both.hidden, (std::vector<Hidden>{{1, 0, 0}, {3, 0, 1}, {3, 1, 1}}));
  EXPECT_EQ(both.expired, (std::vector<Hidden>{{2, 0, 1}})) << "said once";
}

// A trap for backtracking matchers gives up in time, is counted, and does not match.
TEST(Matcher, AnEndlessSearchIsStoppedAndCounted) {
  auto set = std::make_shared<rule::RuleSet>();
  set->rules.push_back(make_rule(regex("f", "^(?:a|aa)+(?=c)\\w*!$")));
  event::FieldNames names;
  Diagnostics diagnostics;
  const auto program = Program::compile(set, names, event::Routes(), diagnostics);
  ASSERT_TRUE(diagnostics.empty());
  EXPECT_TRUE(program->uses_pcre(0));
  Matcher matcher(program);
  event::Batch batch(1000, 10);
  add(batch, names, {.fields = {{"f", std::string(60, 'a') + "!"}}, .raw = "r"});
  std::vector<Match> out;
  matcher.match(batch, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(matcher.gave_up(), (std::vector<Match>{{0, 0}}));
}

TEST(Matcher, RefusesWhatCannotRunAndKeepsTheRest) {
  const auto both = run({make_rule(regex("f", "(?=x)[z-a]")), make_rule(text("f", "*x*")),
                         make_rule(regex("f", "(a")), make_rule(special(Kind::cidr, "f", "10.*")),
                         make_rule(special(Kind::exists, "")),
                         make_rule(text("f", "*" + std::string(20'000, 'y') + "*"))},
                        event::Routes(), {value("x")});
  EXPECT_EQ(both.matcher, (std::vector<Match>{{0, 1}}));
  ASSERT_EQ(both.diagnostics.size(), 5u);
  for (const Diagnostic& d : both.diagnostics) {
    EXPECT_EQ(d.file, "rule.yml");
    EXPECT_EQ(d.line, 7);
    EXPECT_EQ(d.severity, Severity::error);
  }
}

TEST(Matcher, SaysWhetherKeywordsAreWanted) {
  const auto wants = [](Expr condition) {
    auto set = std::make_shared<rule::RuleSet>();
    set->rules.push_back(make_rule(std::move(condition)));
    event::FieldNames names;
    Diagnostics diagnostics;
    return Program::compile(set, names, event::Routes(), diagnostics)->wants_keywords();
  };
  EXPECT_TRUE(wants(all({text("f", "x"), negate(keyword("y"))})));
  EXPECT_FALSE(wants(text("f", "x")));
}

TEST(Matcher, AppendsToWhatIsThereAndTakesAnEmptyBatch) {
  auto set = std::make_shared<rule::RuleSet>();
  set->rules.push_back(make_rule(text("message", "x")));
  event::FieldNames names;
  Diagnostics diagnostics;
  Matcher matcher(Program::compile(set, names, event::Routes(), diagnostics));
  event::Batch batch(100, 10);
  std::vector<Match> out{{9, 9}};
  matcher.match(batch, out);
  add(batch, names, {.fields = {{"message", "x"}}, .raw = "x"});
  matcher.match(batch, out);
  EXPECT_EQ(out, (std::vector<Match>{{9, 9}, {0, 0}}));
}

}  // namespace
}  // namespace vakt::match
