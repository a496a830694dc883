// What the loader says about field maps that are wrong, and what it keeps.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/normalise/field_map_fixture.h"

namespace vakt::normalise {
namespace {

// A good file, to be broken in one place each.
const std::string kGood =
    "map: demo\n"                                                             // 1
    "when: {Kind: '*', Id: ['a*', '*z']}\n"                                   // 2
    "prefixes: [data.]\n"                                                     // 3
    "names: {k: Kind}\n"                                                      // 4
    "logsource: {product: demo}\n"                                            // 5
    "fields: {Out: 'x{In}y'}\n"                                               // 6
    "by: Kind\n"                                                              // 7
    "routes:\n"                                                               // 8
    "  - is: [One, two]\n"                                                    // 9
    "    logsource: {product: demo, service: one}\n"                          // 10
    "    fields: {Flag: {In: {p: yes, q: no}}}\n"                             // 11
    "examples:\n"                                                             // 12
    "  - record: '{\"k\":\"ONE\",\"data\":{\"Id\":\"abc\",\"In\":\"P\"}}'\n"  // 13
    "    logsource: {service: one}\n"                                         // 14
    "    fields: {Out: xPy, Flag: 'yes'}\n";                                  // 15

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(FieldMapLoad, GoodFile) {
  const auto loaded = LoadedMaps::text(kGood);
  EXPECT_EQ(loaded->complaints(), "");
  const std::vector<std::pair<const char*, const char*>> rows{
      {R"({"Kind":"TWO","Id":"Zz"})", "Id=Zz Kind=TWO demo// demo//one "},
      {R"({"Kind":"three","Id":"a","In":"q"})", "Id=a In=q Kind=three Out=xqy demo// "},
      {R"({"Kind":"one","Id":"a","In":"q"})",
       "Flag=no Id=a In=q Kind=one Out=xqy demo// demo//one "},
      {R"({"Kind":"one","Id":"b"})", "Id=b Kind=one "},
      {R"({"Id":"a"})", "Id=a "}};
  for (const auto& [record, expected] : rows)
    EXPECT_EQ(map_record(*loaded, record).shown(), expected) << record;
}

struct Broken {
  std::string text;
  std::string place;    // "line:column"
  std::string message;  // a part of it, or of the hint
};

TEST(FieldMapLoad, EveryMistakeIsReportedWithItsPlace) {
  const std::vector<Broken> rows{
      {"[1]\n", "1:1", "a field map is a map"},
      {with("map: demo", "mop: demo"), "1:", "unknown key 'mop'"},
      {with("map: demo\n", ""), "1:1", "'map' is missing"},
      {with("when: {Kind: '*', Id: ['a*', '*z']}", "when: []\nlogsorce: x"), "3:", "unknown key"},
      {with("when: {Kind: '*', Id: ['a*', '*z']}", "when: [x]"), "2:8", "'when' is a map"},
      {with("'a*'", "'a*b'"), "2:23", "'*' stands at the start or at the end"},
      {with("prefixes: [data.]", "prefixes: {a: b}"), "3:", "a prefix is a text"},
      {with("{k: Kind}", "[k]"), "4:8", "'names' is a map"},
      {with("{k: Kind}", "{k: [a, b, c, d, e, f]}"), "4:", "fewer than 6"},
      {with("{product: demo}", "demo"), "5:12", "'logsource' is a map"},
      {with("'x{In}y'", "'x{In'"), "6:15", "a '{' without a field name"},
      {with("'x{In}y'", "''"), "6:15", "a template is a text"},
      {with("by: Kind\n", ""), "1:1", "'by' and 'routes' go together"},
      {with("is: [One, two]", "as: One"), "9:5", "a route is a map with 'is'"},
      {with("[One, two]", "[One, oNE]"), "9:9", "leads to the route of line 9 already"},
      {with("{In: {p: yes, q: no}}", "{In: yes}"), "11:", "a table is a map of one field"},
      {with("examples:", "#"), "13:", ""},
      {with("logsource: {service: one}", "logsource: {service: two}"), "13:5", "is not product ''"},
      {with("Out: xPy", "Out: xQy"), "13:5", "Out is 'xPy', not 'xQy'"},
      {with("'{\"k\"", "'{k"), "13:5", "not a JSON object"}};
  for (const Broken& row : rows) {
    const auto loaded = LoadedMaps::text(row.text);
    bool found = false;
    for (const Diagnostic& d : loaded->diagnostics)
      found = found || (fmt::format("{}:{}", d.line, d.column).starts_with(row.place) &&
                        (d.message + d.hint).find(row.message) != std::string::npos);
    EXPECT_TRUE(found) << row.text << loaded->complaints();
    EXPECT_FALSE(map_record(*loaded, R"({"Kind":"one","Id":"a"})").applied) << row.text;
  }
}

TEST(FieldMapLoad, ABrokenMapLeavesTheOthers) {
  const auto loaded = LoadedMaps::text("map: x\nwhen: 1\n---\n" + kGood);
  EXPECT_EQ(loaded->diagnostics.size(), 1u) << loaded->complaints();
  EXPECT_TRUE(map_record(*loaded, R"({"Kind":"one","Id":"a"})").applied);
}

TEST(FieldMapLoad, TheFirstMapThatAppliesDecides) {
  const auto loaded = LoadedMaps::text(
      "map: a\nwhen: {x: '1'}\nlogsource: {service: a}\n"
      "examples: [{record: '{\"x\":1}', logsource: {service: a}}]\n---\n"
      "map: b\nwhen: {x: '*'}\nlogsource: {service: b}\n"
      "examples: [{record: '{\"x\":2}', logsource: {service: b}}]\n");
  EXPECT_EQ(loaded->complaints(), "");
  EXPECT_TRUE(map_record(*loaded, R"({"x":1})").is({"", "", "a"}));
  EXPECT_TRUE(map_record(*loaded, R"({"x":3})").is({"", "", "b"}));
}

TEST(FieldMapLoad, TooManyFieldsLoadNothing) {
  std::string text;
  for (int i = 0; i < 130; ++i)
    text += fmt::format(
        "map: m{0}\nwhen: {{f{0}: '*'}}\nlogsource: {{service: s}}\n"
        "examples: [{{record: '{{\"f{0}\":1}}', logsource: {{service: s}}}}]\n---\n",
        i);
  const auto loaded = LoadedMaps::text(text);
  EXPECT_NE(loaded->complaints().find("ask for 128 fields or more"), std::string::npos)
      << loaded->complaints();
  EXPECT_FALSE(map_record(*loaded, R"({"f1":1})").applied);
}

}  // namespace
}  // namespace vakt::normalise
