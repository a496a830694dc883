// Members by path, as written.

#include "parse/json_member.h"

#include <gtest/gtest.h>

#include <string>

namespace vakt::parse {
namespace {

using Kind = JsonMember::Kind;

TEST(JsonMember, IsFoundAsWritten) {
  struct Row {
    std::string text, path;
    Kind kind;
    std::string found;
  };
  const std::vector<Row> rows{
      {R"({"a":1})", "b", Kind::missing, ""},
      {R"({"a":{"x" : [1, 2]  , "y":"\u00e9"}  ,"b":2})", "a", Kind::object,
       R"({"x" : [1, 2]  , "y":"\u00e9"})"},
      {R"({"b":2, "a": {} })", "a", Kind::object, "{}"},
      {R"({"a":[ {"b":1} ] })", "a", Kind::array, R"([ {"b":1} ])"},
      {R"({"a":"x\ty\u00e9"})", "a", Kind::string, "x\ty\u00e9"},
      {R"({"a":""})", "a", Kind::string, ""},
      {R"({"a": null })", "a", Kind::null, "null"},
      {R"({"a": -1.50 , "b":1})", "a", Kind::other, "-1.50"},
      {R"({"a":true})", "a", Kind::other, "true"},
      {R"({"a":{"b":{"c":"deep"}}})", "a.b.c", Kind::string, "deep"},
      {R"({"a.b":{"c":"flat"}})", "a.b.c", Kind::string, "flat"},
      {R"({"a":1})", "a.b", Kind::missing, ""},
      {R"({"a":{"b":1}})", "a.", Kind::missing, ""},
      {R"({"a":1,"a":2})", "a", Kind::other, "2"},
      {R"(  {"a":1} )", "a", Kind::other, "1"},
  };
  JsonMemberFinder finder(1'000);
  for (const Row& row : rows) {
    JsonMember member;
    EXPECT_EQ(finder.find(row.text, row.path, member), JsonError::none) << row.text;
    EXPECT_EQ(member.kind, row.kind) << row.text;
    EXPECT_EQ(member.text, row.found) << row.text;
  }
}

TEST(JsonMember, BrokenObjectsAreErrors) {
  JsonMemberFinder finder(1'000);
  for (const std::string text :
       {"", "x", "[1]", "\"a\"", "{", "{\"a\"", "{\"a\":1", "{\"a\":1} {}", "{\"a\":1}]",
        "{\"a\" 1}", "{\"a\":\"x}", "{\"b\":{\"c\":1,\"a\":2}", "{\"a\":\"\xff\"}",
        "{\"a\":\"\\q\"}"}) {
    JsonMember member;
    EXPECT_NE(finder.find(text, "a", member), JsonError::none) << text;
  }
}

}  // namespace
}  // namespace vakt::parse
