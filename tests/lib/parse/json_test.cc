#include "parse/json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace vakt::parse {
namespace {

using namespace std::string_literals;
using event::ValueKind;

const event::FieldNames& names() {
  static const event::FieldNames known = [] {
    event::FieldNames n;
    for (const char* name : {"a", "b", "a.b", "a.b.c", "x", "x.y", ".e", "k\"ey"}) n.intern(name);
    n.intern(std::string(1024, 'n'));
    return n;
  }();
  return known;
}

struct Outcome {
  JsonError error = JsonError::none;
  std::string fields;  // "name=kind:text" each followed by ';'
  std::string keywords;
};

// The batch has room for exactly this frame: a read beyond its padding is out of bounds.
Outcome run(std::string_view frame, bool want_keywords = true) {
  static JsonParser parser(4096);
  event::Batch batch(frame.size() + 1, 1);
  batch.add(frame);
  Outcome out;
  out.error = parser.parse(batch, names(), want_keywords);
  const event::Event& e = batch.events().back();
  EXPECT_EQ(e.raw, frame);
  for (const event::Field& f : batch.fields(e)) {
    out.fields += names().name(f.id) + "=" + "snb0"[static_cast<int>(f.kind)] + ":";
    out.fields += std::string(f.text) + ";";
  }
  out.keywords = e.keywords;
  return out;
}

std::string nested(int depth, const std::string& open, const std::string& close) {
  std::string text;
  for (int i = 1; i < depth; ++i) text += open;
  text += "{}";
  for (int i = 1; i < depth; ++i) text += close;
  return text;
}

std::string array_of(int elements) {
  std::string text = "[1";
  for (int i = 1; i < elements; ++i) text += ",1";
  return text + "]";
}

TEST(Json, Rows) {
  struct Row {
    std::string frame;
    std::string fields;
    std::string keywords = "";
  };
  const Row rows[] = {
      {"{}", ""},
      {" \t{ } \n", ""},
      {"\xEF\xBB\xBF{\"a\":1}", "a=n:1;"},
      {R"({"a":"x"})", "a=s:x;"},
      {R"({"a":""})", "a=s:;"},
      {R"({"a":1,"b":-2.50e+3})", "a=n:1;b=n:-2.50e+3;"},
      {R"({"a":18446744073709551616,"b":1e999})", "a=n:18446744073709551616;b=n:1e999;"},
      {R"({ "a" : true , "b" : null , "x" : false })", "a=b:true;b=0:;x=b:false;"},
      {R"({"unknown":"x","a":1})", "a=n:1;"},
      // Nesting, dotted names, arrays.
      {R"({"a":{"b":1}})", "a.b=n:1;"},
      {R"({"a.b":1})", "a.b=n:1;"},
      {R"({"a":{"b":{"c":"v"}},"x":{"y":2}})", "a.b.c=s:v;x.y=n:2;"},
      {R"({"a":{"b.c":1}})", "a.b.c=n:1;"},
      {R"({"a":["x",1,null]})", "a=s:x;a=n:1;a=0:;"},
      {R"({"a":[]})", "a=0:;"},
      {R"({"a":[[],["x"]]})", "a=0:;a=s:x;"},
      {R"({"a":[{"b":1},{"b":2},{}]})", "a.b=n:1;a.b=n:2;"},
      {R"({"a":{},"b":1})", "b=n:1;"},
      {R"({"a":1,"a":2})", "a=n:1;a=n:2;"},
      {R"({"q":{"r":[1,{"s":"t"}]},"a":1})", "a=n:1;"},
      {R"({"":{"e":1,"a":2},"a":3})", ".e=n:1;a=n:3;"},
      // Escapes.
      {R"({"a":"x\ny"})", "a=s:x\ny;", "x\ny"},
      {R"({"a":"\u00e9\ud83d\ude00"})", "a=s:\xC3\xA9\xF0\x9F\x98\x80;",
       "\xC3\xA9\xF0\x9F\x98\x80"},
      {R"({"a":"p\\q","z":"r\/s","b":"t"})", "a=s:p\\q;b=s:t;", "p\\q\nr/s"},
      {R"({"k\"ey":1,"\u0061":2})", "k\"ey=n:1;a=n:2;"},
      {R"({"a":"\u0000"})", "a=s:\0;"s, "\0"s},
      {"{\"a\":\"\xC3\xA9\"}", "a=s:\xC3\xA9;"},
      // NUL and invalid UTF-8: the raw text stays, the fields have U+FFFD.
      {"{\"a\":\"x\0y\"}"s, "a=s:x\xEF\xBF\xBDy;"},
      {"{\"a\":\"x\xFFy\",\"b\":\"\\n\"}", "a=s:x\xEF\xBF\xBDy;b=s:\n;", "\n"},
      {"{\"a\":\"\xC3\"}", "a=s:\xEF\xBF\xBD;"},
      // Names of any length.
      {"{\"" + std::string(1024, 'n') + "\":1}", std::string(1024, 'n') + "=n:1;"},
      {"{\"" + std::string(1025, 'n') + "\":1,\"a\":2}", "a=n:2;"},
      {"{\"" + std::string(1024, 'n') + "\":{\"a\":{\"b\":1}},\"a\":2}", "a=n:2;"},
      // Limits that are just kept.
      {"{\"a\":" + nested(63, "[", "]") + ",\"b\":1}", "b=n:1;"},
      {"{\"q\":" + array_of(1023) + ",\"a\":2}", "a=n:2;"},
  };
  for (const Row& row : rows) {
    const Outcome got = run(row.frame);
    EXPECT_EQ(got.error, JsonError::none) << row.frame;
    EXPECT_EQ(got.fields, row.fields) << row.frame;
    EXPECT_EQ(got.keywords, row.keywords) << row.frame;
    EXPECT_EQ(run(row.frame, false).keywords, "") << row.frame;
    EXPECT_TRUE(looks_like_json(row.frame)) << row.frame;
  }
}

TEST(Json, Errors) {
  struct Row {
    std::string frame;
    JsonError error = JsonError::syntax;
  };
  const Row rows[] = {
      {"", JsonError::not_an_object},
      {" ", JsonError::not_an_object},
      {"[1]", JsonError::not_an_object},
      {"\"a\"", JsonError::not_an_object},
      {"<13>Nov", JsonError::not_an_object},
      {"{"},
      {"{}}"},
      {"{\"a\":1"},
      {"{\"a\":1}}"},
      {"{\"a\":1}{\"b\":2}"},
      {"{\"a\":1} x"},
      {"{\"a\":1}\0"s},
      {"{\"a\":1,}"},
      {"{,\"a\":1}"},
      {"{\"a\" 1}"},
      {"{\"a\":}"},
      {"{\"a\":1 2}"},
      {"{\"a\":1:2}"},
      {"{\"a\":\"x\":1}"},
      {"{\"a\":\"x\":\"y\",\"b\":1}"},
      {"{\"a\":\"x\\n\":1}"},
      {"{\"a\":[\"x\":1]}"},
      {"{\"a\":null:1}"},
      {"{\"a\"::1}"},
      {"{\"a\":1 \"b\":2}"},
      {"{a:1}"},
      {"{'a':1}"},
      {"{\"a\":x}"},
      {"{\"a\":tru}"},
      {"{\"a\":truely}"},
      {"{\"a\":nul}"},
      {"{\"a\":nullx}"},
      {"{\"a\":01}"},
      {"{\"a\":-}"},
      {"{\"a\":+1}"},
      {"{\"a\":1.}"},
      {"{\"a\":.5}"},
      {"{\"a\":1e}"},
      {"{\"a\":0x1}"},
      {"{\"a\":\"x}"},
      {"{\"a\":\"x\\\"}"},
      {"{\"a\":\"x\ny\"}"},
      {"{\"a\":\"x\"y}"},
      {"{\"a\":[1,]}"},
      {"{\"a\":[,1]}"},
      {"{\"a\":[1}"},
      {"{\"a\":{\"b\":1]}"},
      {"{\"a\":[1]"},
      // Errors in what nobody asked for count as well.
      {"{\"a\":1,\"unknown\":\"\\q\"}"},
      {"{\"a\":1,\"unknown\":\"\\ud800\"}"},
      {"{\"a\":1,\"\\q\":1}"},
      {"{\"a\":1,\"unknown\":[1,01]}"},
      {"{\"a\":1,\"unknown\":{\"x\":nope}}"},
      {"{\"a\":\xFF}"},
      // Limits.
      {"{\"a\":" + nested(64, "[", "]") + "}", JsonError::too_deep},
      {"{\"a\":" + nested(1000, "{\"b\":", "}") + "}", JsonError::too_deep},
      {"{\"q\":" + array_of(1024) + ",\"a\":2}", JsonError::too_many_fields},
  };
  for (const Row& row : rows) {
    const Outcome got = run(row.frame);
    EXPECT_EQ(got.error, row.error) << row.frame;
    EXPECT_EQ(got.fields, "") << row.frame;
    EXPECT_EQ(got.keywords, "") << row.frame;
  }
}

TEST(Json, EveryPrefixIsAnErrorAndLeavesNoField) {
  const std::string frame = R"( {"a":{"b":["x\u00e9",-1.5e3,{"c":null}]},"x":{"y":"z"},"b":true})";
  EXPECT_EQ(run(frame).error, JsonError::none);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const Outcome got = run(frame.substr(0, size));
    EXPECT_NE(got.error, JsonError::none) << size;
    EXPECT_EQ(got.fields, "") << size;
  }
}

TEST(Json, OneBadRecordLeavesTheOthersAlone) {
  JsonParser parser(4096);
  event::Batch batch(4096, 8);
  const std::pair<const char*, std::size_t> rows[] = {
      {R"({"a":1,"b":"x\n"})", 2}, {R"({"a":1,"b":)", 0}, {"{\"a\":\"\xFF\"}", 1},
      {R"({"a":[1,2,3]})", 3},     {"text", 0},           {R"({"b":"last"})", 1}};
  for (const auto& [frame, fields] : rows) {
    batch.add(frame);
    (void)parser.parse(batch, names(), true);
    batch.add_field(event::kMessage, ValueKind::string, frame);  // the caller may add its own
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const event::Event& e = batch.events()[i];
    ASSERT_EQ(e.field_count, rows[i].second + 1) << i;
    EXPECT_EQ(batch.fields(e).back().text, rows[i].first) << i;
  }
  const event::Event& first = batch.events()[0];
  const event::Field* a = batch.find(first, names().find("a"));
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->text.data(), first.raw.data() + 5) << "text without escapes is a view";
}

TEST(Json, LooksLikeJson) {
  for (const std::string_view yes : {"{", " \t\r\n{", "\xEF\xBB\xBF{"})
    EXPECT_TRUE(looks_like_json(yes));
  for (const std::string_view no : {"", " ", "[", "<13>{", "\xEF\xBB"})
    EXPECT_FALSE(looks_like_json(no));
}

TEST(Json, SpellingsGiveEveryNameTheyStandFor) {
  event::FieldNames known;
  for (const char* name : {"Image", "Source", "p.e"}) known.intern(name);
  for (const char* name : {"Image", "Source"}) known.add_spelling("p.e", name);
  known.resolve_spellings();
  const std::string_view frame = R"({"p":{"e":"a\\b"},"x":1})";
  JsonParser parser(4096);
  for (const bool spelled : {true, false}) {
    event::Batch batch(4096, 1);
    batch.add(frame);
    ASSERT_EQ(parser.parse(batch, known, false, spelled), JsonError::none);
    std::string out;
    for (const event::Field& f : batch.fields(batch.events().back()))
      out += known.name(f.id) + "=" + std::string(f.text) + ";";
    EXPECT_EQ(out, spelled ? "p.e=a\\b;Image=a\\b;Source=a\\b;" : "p.e=a\\b;");
  }
}

}  // namespace
}  // namespace vakt::parse
