#include <gtest/gtest.h>

#include "rule_testing.h"

namespace vakt::rule {
namespace {

using Problems = std::vector<std::string>;

TEST(Detection, Expressions) {
  const struct {
    const char* value;
    const char* want;
  } rows[] = {
      // Structure.
      {"{A: x}", R"((= A "x"))"},
      {"{A: x, B: y}", R"((and (= A "x") (= B "y")))"},
      {"{A: [x, y], B: z}", R"((and (or (= A "x") (= A "y")) (= B "z")))"},
      {"[{A: x}, {B: y, C: z}]", R"((or (= A "x") (and (= B "y") (= C "z"))))"},
      {"[[{A: x}, {B: y}], {C: z}]", R"((or (or (= A "x") (= B "y")) (= C "z")))"},
      {"[x, {B: y}]", R"((or (= ~ "x") (= B "y")))"},
      {"x", R"((= ~ "x"))"},
      {"[x, 'y z']", R"((or (= ~ "x") (= ~ "y z")))"},
      {"4688", R"((= ~ "4688"))"},
      {"{'|all': [x, y]}", R"((and (= ~ "x") (= ~ "y")))"},
      {"{'': x}", R"((= ~ "x"))"},
      {"{'|contains': x}", R"((= ~ "x"))"},
      {"{'|re': x.y}", R"((re ~ "x.y"))"},
      {"{'|cased': [x]}", R"((== ~ "x"))"},
      {"['*x*', '?']", R"((or (= ~ "x") (= ~ "?")))"},
      {"['*']", "(and)"},
      {"{a.b: x, Threat Name: y}", R"((and (= a.b "x") (= Threat Name "y")))"},
      // Modifiers.
      {"{A|contains: x}", R"((= A "*x*"))"},
      {"{A|startswith: x}", R"((= A "x*"))"},
      {"{A|endswith: x}", R"((= A "*x"))"},
      {"{A|contains|all: [x, y]}", R"((and (= A "*x*") (= A "*y*")))"},
      {"{A|all|contains: [x, y]}", R"((and (= A "*x*") (= A "*y*")))"},
      {"{A|all: x}", R"((= A "x"))"},
      {"{A|contains|contains: x}", R"((= A "*x*"))"},
      {"{A|contains: '*x*'}", R"((= A "*x*"))"},
      {"{A|startswith: '*x'}", R"((= A "*x*"))"},
      {"{A|contains|cased: x}", R"((== A "*x*"))"},
      {"{A|cased: X}", R"((== A "X"))"},
      {"{A|re: '^a\\b*?$'}", R"((re A "^a\b*?$"))"},
      {"{A|re|i: x}", R"((re|i A "x"))"},
      {"{A|re|i|m|s: x}", R"((re|i|m|s A "x"))"},
      {"{A|re|ignorecase: x}", R"((re|i A "x"))"},
      {"{A|re|all: [x, y]}", R"((and (re A "x") (re A "y")))"},
      {"{A|cidr: [10.0.0.0/8, 'fe80::/10']}", "(or (cidr A 10.0.0.0/8) (cidr A fe80::/10))"},
      {"{A|cidr: 10.1.2.3}", "(cidr A 10.1.2.3)"},
      {"{A|cidr: 0.0.0.0/0}", "(cidr A 0.0.0.0/0)"},
      {"{A|exists: true, B|exists: false}", "(and (exists A) (missing B))"},
      // Encodings, in the order written.
      {"{A|base64: 'a\\*b'}", R"((= A "YSpi"))"},
      {"{A|base64offset|contains: foo}", R"((or (= A "*Zm9v*") (= A "*Zvb*") (= A "*mb2*")))"},
      {"{A|base64offset|contains: \u00E9"
       "12}",
       R"((or (= A "*w6kxM*") (= A "*OpMT*") (= A "*DqTEy*")))"},
      {"{A|wide|base64offset|contains: foo}",
       R"((or (= A "*ZgBvAG8A*") (= A "*YAbwBvA*") (= A "*mAG8Abw*")))"},
      {"{A|utf16le|base64: ab}", R"((= A "YQBiAA=="))"},
      {"{A|utf16|base64: ab}", R"((= A "//5hAGIA"))"},
      {"{A|utf16be|base64: ab}", R"((= A "AGEAYg=="))"},
      {"{A|wide|base64: \U0001F600}", R"((= A "PdgA3g=="))"},
      {"{A|base64|contains|all: [a, b]}", R"((and (= A "*YQ==*") (= A "*Yg==*")))"},
      {"{A|windash: x-y}", R"((= A "x-y"))"},
      {"{A|windash: -x}", R"((or (= A "-x") (= A "/x") (= A "–x") (= A "—x") (= A "―x")))"},
      {"{A|contains|windash: ' /c '}",
       R"((or (= A "* -c *") (= A "* /c *") (= A "* –c *") (= A "* —c *") (= A "* ―c *")))"},
      {"{A|windash|contains|all: [-x, y]}",
       R"((and (or (= A "*-x*") (= A "*/x*") (= A "*–x*") (= A "*—x*") (= A "*―x*")) (= A "*y*")))"},
      {"{A|windash: '--d'}", R"((or (= A "--d") (= A "-/d") (= A "-–d") (= A "-—d") (= A "-―d")))"},
      {"{A|windash: '\u2013a'}", R"((= A "–a"))"},
      // Other fields, numbers, times.
      {"{A|fieldref: B}", "(= A $B)"},
      {"{A|fieldref|endswith: B, C|fieldref|cased: D}", "(and (endswith A $B) (cased = C $D))"},
      {"{A|fieldref: [B, C]}", "(or (= A $B) (= A $C))"},
      {"{A|gt: 5, B|gte: -1.5, C|lt: 0x10, D|lte: 1e3}",
       "(and (> A 5) (>= B -1.5) (< C 16) (<= D 1e3))"},
      {"{A|gt|neq: 5}", "(not (> A 5))"},
      {"{A|neq: x}", R"((not (= A "x")))"},
      {"{A|neq: [1, 2]}", R"((not (or (= A "1") (= A "2"))))"},
      {"{A|contains|all|neq: [a, b]}", R"((not (and (= A "*a*") (= A "*b*"))))"},
      {"{A|hour: 3, B|hour|gte: 8}", "(and (= (hour A) 3) (>= (hour B) 8))"},
      {"{A|week: 1, B|minute: 0, C|day: 31, D|month: 12, E|year: 2026}",
       "(and (= (week A) 1) (= (minute B) 0) (= (day C) 31) (= (month D) 12) (= (year E) 2026))"},
      // Null, empty, numbers, booleans.
      {"{A: null}", "(null A)"},
      {"{A: }", "(null A)"},
      {"{A: ''}", R"((= A ""))"},
      {"{A: 5, B: '5', C: -5, D: +5, E: 0x1F}",
       R"((and (= A "5") (= B "5") (= C "-5") (= D "5") (= E "31")))"},
      {"{A: 1.50, B: 99999999999999999999}", R"((and (= A "1.50") (= B "99999999999999999999")))"},
      {"{A|contains: 00000429, B: 0429}", R"((and (= A "*00000429*") (= B "0429")))"},
      {"{A: true, B: False, C: 'True'}", R"((and (= A "true") (= B "false") (= C "True")))"},
      {"{A: 2024-01-02, B: '0123'}", R"((and (= A "2024-01-02") (= B "0123")))"},
      // A lone wildcard asks whether the field is there.
      {"{A: '*'}", "(exists A)"},
      {"{A|contains: '*'}", "(exists A)"},
      {"{A: '**'}", "(exists A)"},
      {"{A|contains: ''}", "(exists A)"},
      {"{A: '?*'}", R"((= A "?*"))"},
      {"{A: '\\*'}", R"((= A "\*"))"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_of(row.value));
    EXPECT_EQ(got.problems, Problems{}) << row.value;
    ASSERT_EQ(got.set.rules.size(), 1u) << row.value;
    EXPECT_EQ(to_string(got.set.rules[0].detections[0].expr), row.want) << row.value;
  }
}

// Sigma's escapes; values as they stand between single quotes.
TEST(Detection, Escapes) {
  const Token any{Token::Kind::any, ""};
  const Token one{Token::Kind::one, ""};
  const auto text = [](const char* literal) { return Token{Token::Kind::literal, literal}; };
  const struct {
    const char* value;
    std::vector<Token> want;
  } rows[] = {
      {R"(a*b)", {text("a"), any, text("b")}},
      {R"(a?b)", {text("a"), one, text("b")}},
      {R"(a??)", {text("a"), one, one}},
      {R"(a**)", {text("a"), any}},
      {R"(a\*b)", {text("a*b")}},
      {R"(\?x)", {text("?x")}},
      {R"(a\\*b)", {text("a\\"), any, text("b")}},
      {R"(a\\\*b)", {text("a\\*b")}},
      {R"(a\b)", {text("a\\b")}},
      {R"(a\\b)", {text("a\\b")}},
      {R"(a\\\b)", {text("a\\\\b")}},
      {R"(a\\\\b)", {text("a\\\\b")}},
      {R"(a\)", {text("a\\")}},
      {R"(a\\)", {text("a\\")}},
      {R"(a\\\)", {text("a\\\\")}},
      {R"(a\\\\)", {text("a\\\\")}},
      {R"(\\?x)", {text("\\"), one, text("x")}},
      {R"(C:\*)", {text("C:*")}},
      {R"(\)", {text("\\")}},
      {R"(é*)", {text("é"), any}},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_of("{A: '" + std::string(row.value) + "'}"));
    ASSERT_EQ(got.set.rules.size(), 1u) << row.value;
    EXPECT_EQ(got.set.rules[0].detections[0].expr.test.tokens, row.want) << row.value;
  }
}

// A backslash at the end never escapes the wildcard that a modifier appends.
TEST(Detection, BackslashBeforeAModifiersWildcard) {
  const struct {
    const char* value;
    const char* want;
  } rows[] = {
      {R"({A|contains: '\Temp\'})", R"((= A "*\\Temp\\*"))"},
      {R"({A|contains: '\Temp\\'})", R"((= A "*\\Temp\\*"))"},
      {R"({A|startswith: 'C:\'})", R"((= A "C:\\*"))"},
      {R"({A|startswith: 'C:\*'})", R"((= A "C:\**"))"},
      {R"({A|endswith: '\cmd.exe'})", R"((= A "*\\cmd.exe"))"},
      {R"({A|contains: '\'})", R"((= A "*\\*"))"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_of(row.value));
    ASSERT_EQ(got.set.rules.size(), 1u) << row.value;
    EXPECT_EQ(to_string(got.set.rules[0].detections[0].expr), row.want) << row.value;
  }
}

// Each value stands at line 4, column 6.
TEST(Detection, Refusals) {
  const struct {
    const char* value;
    const char* want;  // after "f.yml:4:"
  } rows[] = {
      {"{A|contains|base64: x}",
       "7: error: the modifiers 'contains' and 'base64' contradict each other (write them the "
       "other way round)"},
      {"{A|base64: 'a*'}",
       "17: error: a wildcard cannot be encoded as base64 (escape it (\\*) if the character is "
       "meant)"},
      {"{A|wide: \u00E9}",
       "15: error: the encoded bytes are no text, and so in no event's value (encode them "
       "further, with base64offset)"},
      {"{A|startswith|fieldref: B}",
       "7: error: the modifiers 'startswith' and 'fieldref' contradict each other (write them the "
       "other way round)"},
      {"{A|fieldref|base64: B}",
       "7: error: the modifiers 'fieldref' and 'base64' contradict each other (keep one of them)"},
      {"{A|gt: '5'}",
       "13: error: the modifier 'gt' takes a number, not '5' (write the number without quotes)"},
      {"{A|hour: x}", "15: error: the modifier 'hour' takes a number, not 'x'"},
      {"{A|gte|hour: 5}",
       "7: error: the modifiers 'gte' and 'hour' contradict each other (write them the other way "
       "round)"},
      {"{A|gt|lt: 5}",
       "7: error: the modifiers 'gt' and 'lt' contradict each other (keep one of them)"},
      {"{A|contains|gt: 5}",
       "7: error: the modifiers 'contains' and 'gt' contradict each other (keep one of them)"},
      {"{A|gt|cased: 5}",
       "7: error: the modifiers 'gt' and 'cased' contradict each other (leave 'cased' out)"},
      {"{'|gt': 5}",
       "7: error: the modifier 'gt' needs a field (keywords are searched in the whole event)"},
      {"{'|fieldref': B}",
       "7: error: the modifier 'fieldref' needs a field (keywords are searched in the whole "
       "event)"},
      {"{A|expand: '%x%'}",
       "17: error: the placeholder %x% has no values (list them in the configuration: "
       "placeholders: {x: [...]})"},
      {"{A|windash: ' -a -b -c -d -e -f'}",
       "18: error: 'windash' gives more than 3125 spellings (split the value)"},
      {"{A|exists|neq: true}",
       "7: error: the modifiers 'exists' and 'neq' contradict each other ('exists' takes one true "
       "or false)"},
      {"{A|containz: x}", "7: error: unknown modifier 'containz' (did you mean 'contains'?)"},
      {"{A|Contains: x}", "7: error: unknown modifier 'Contains' (did you mean 'contains'?)"},
      {"{'A|': x}", "7: error: unknown modifier ''"},
      {"{A|contains|startswith: x}",
       "7: error: the modifiers 'contains' and 'startswith' "
       "contradict each other (keep one of them)"},
      {"{A|contains|re: x}",
       "7: error: the modifiers 'contains' and 're' contradict each other (keep one of them)"},
      {"{A|re|contains: x}",
       "7: error: the modifiers 're' and 'contains' contradict each other (keep one of them)"},
      {"{A|re|cased: x}",
       "7: error: the modifiers 're' and 'cased' contradict each other (a "
       "regular expression is case-sensitive without 'i')"},
      {"{A|cidr|cased: 10.0.0.0/8}",
       "7: error: the modifiers 'cidr' and 'cased' contradict each other (leave 'cased' out)"},
      {"{A|exists|all: true}",
       "7: error: the modifiers 'exists' and 'all' contradict each other "
       "('exists' takes one true or false)"},
      {"{A|i: x}", "7: error: the modifier 'i' needs 're' before it"},
      {"{A|i|re: x}", "7: error: the modifier 'i' needs 're' before it"},
      {"{'|startswith': x}",
       "7: error: the modifier 'startswith' needs a field (keywords are "
       "searched in the whole event)"},
      {"{'|exists': true}",
       "7: error: the modifier 'exists' needs a field (keywords are searched "
       "in the whole event)"},
      {"{A|exists: yes}", "17: error: 'exists' takes true or false"},
      {"{A|exists: 'true'}", "17: error: 'exists' takes true or false"},
      {"{A|exists: [true]}", "17: error: 'exists' takes true or false, not a list"},
      {"{A|contains: 5}",
       "19: error: the modifier 'contains' takes a text, not the number 5 (quote it: '5')"},
      {"{A|re: 5}", "13: error: the modifier 're' takes a text, not the number 5 (quote it: '5')"},
      {"{A|cased: true}",
       "16: error: the modifier 'cased' takes a text, not the boolean true (quote it: 'true')"},
      {"{A|contains: null}",
       "19: error: null takes no modifier (write '' if an empty text is "
       "meant, or the field without modifier)"},
      {"{A|re: ''}", "13: error: an empty regular expression is found in every value"},
      {"{A|cidr: 10.1.2.3/8}",
       "15: error: '10.1.2.3/8' is not a network: the address has bits set after its first 8 "
       "(write it as 10.0.0.0/8 or fe80::/10)"},
      {"{A|cidr: '10.*'}",
       "15: error: '10.*' is not a network: '10.*' is not an IP address (write "
       "it as 10.0.0.0/8 or fe80::/10)"},
      {"{A|cidr: 10.0.0.0/33}",
       "15: error: '10.0.0.0/33' is not a network: the prefix length is not a number from 0 to 32 "
       "(write it as 10.0.0.0/8 or fe80::/10)"},
      {"{A|cidr: 10.0.0.0/}",
       "15: error: '10.0.0.0/' is not a network: the prefix length is not a number from 0 to 32 "
       "(write it as 10.0.0.0/8 or fe80::/10)"},
      {"{A: {B: x}}",
       "7: error: the value of 'A' is a map (write nested fields with dots: "
       "outer.inner)"},
      {"{A: [[x]]}",
       "11: error: a value must be a text, number, boolean or null (maps and lists "
       "of a field's list have no meaning in Sigma)"},
      {"{}", "6: error: the detection is empty (give it fields or keywords)"},
      {"[]", "6: error: the detection is empty (give it fields or keywords)"},
      {"~", "6: error: the detection is empty (give it fields or keywords)"},
      {"[x, ~]", "10: error: null needs a field (keywords are searched in the whole event)"},
      {"['']", "7: error: an empty keyword is in every event"},
      {"{'|contains': ''}", "20: error: an empty keyword is in every event"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_of(row.value));
    EXPECT_EQ(got.problems, Problems{"f.yml:4:" + std::string(row.want)}) << row.value;
    EXPECT_TRUE(got.set.rules.empty()) << row.value;
  }
}

TEST(Detection, Warnings) {
  const struct {
    const char* value;
    const char* problem;
    const char* want;
  } rows[] = {
      {"{A: [x, null]}",
       "14: warning: null in a list is not Sigma's standard (use a detection of its own, and 'or' "
       "in the condition)",
       R"((or (= A "x") (null A)))"},
      {"{A: []}", "10: warning: an empty list means null (write null if that is meant)",
       "(null A)"},
      {"{A: yes}",
       "10: warning: 'yes' is a text here, but not to older YAML (quote it if the text is meant, "
       "else write the number, true or false)",
       R"((= A "yes"))"},
      {"{A|contains: 010}",
       "19: warning: '010' is a text here, but not to older YAML (quote it if the text is meant, "
       "else write the number, true or false)",
       R"((= A "*010*"))"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_of(row.value));
    EXPECT_EQ(got.problems, Problems{"f.yml:4:" + std::string(row.problem)}) << row.value;
    ASSERT_EQ(got.set.rules.size(), 1u) << row.value;
    EXPECT_EQ(to_string(got.set.rules[0].detections[0].expr), row.want) << row.value;
  }
}

TEST(Detection, Bounds) {
  std::string many = "{A: [x";
  for (std::size_t i = 0; i < kTestsMax; ++i) many += ",x";
  const struct {
    std::string value;
    const char* want;
  } rows[] = {
      {"{A: '" + std::string(kValueBytesMax + 1, 'x') + "'}", "a value of more than 65536 bytes"},
      {"{" + std::string(kNameBytesMax + 1, 'A') + ": x}", "a field name of more than 256 bytes"},
      {many + "]}", "more than 65536 values in one rule"},
  };
  for (const auto& row : rows) {
    const Loaded got = load_one(rule_of(row.value));
    ASSERT_EQ(got.problems.size(), 1u);
    EXPECT_NE(got.problems[0].find(row.want), std::string::npos) << got.problems[0];
    EXPECT_TRUE(got.set.rules.empty());
  }
}

TEST(Detection, AllProblemsOfARuleAreReported) {
  const Loaded got = load_one(
      rule_with("  s:\n    A|foo: x\n    B|windish: y\n    C|cidr: z\n  condition: s and t\n"));
  EXPECT_EQ(got.problems.size(), 4u);
  EXPECT_EQ(got.problems.back(), "f.yml:8:20: error: 't' names no detection");
}

TEST(Detection, ManyProblemsAreCut) {
  std::string detection = "  s:\n";
  for (int i = 0; i < 1000; ++i) detection += "    A" + std::to_string(i) + "|foo: x\n";
  const Loaded got = load_one(rule_with(detection + "  condition: s\n"));
  EXPECT_EQ(got.problems.size(), 25u);
  EXPECT_NE(got.problems.back().find("further problems of this rule are not listed"),
            std::string::npos);
}

}  // namespace
}  // namespace vakt::rule
