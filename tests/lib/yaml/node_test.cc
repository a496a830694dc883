#include "yaml/node.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace vakt::yaml {
namespace {

struct Parsed {
  std::vector<Node> documents;
  std::vector<std::string> problems;
};

// The text lies in a heap block of its exact size, so that AddressSanitizer sees an overread.
Parsed parse_exact(std::string_view text) {
  const auto block = std::make_unique<char[]>(text.size());
  if (!text.empty()) std::memcpy(block.get(), text.data(), text.size());
  Diagnostics diagnostics;
  Parsed out;
  out.documents = parse({block.get(), text.size()}, "f.yml", diagnostics);
  for (const Diagnostic& d : diagnostics) out.problems.push_back(to_string(d));
  return out;
}

std::string repeat(std::string_view piece, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += piece;
  return out;
}

// Kinds, positions and texts, for comparison: "map@1:1{a@1:1=scalar@1:4'x'}".
void print(const Node& node, std::string& out) {
  const auto place = [](int line, int column) {
    return "@" + std::to_string(line) + ":" + std::to_string(column);
  };
  const std::string here = place(node.line, node.column);
  switch (node.kind) {
    case Node::Kind::null:
      out += "null" + here;
      break;
    case Node::Kind::scalar:
      out += node.quoted ? "'" + node.text + "'" + here : node.text + here;
      break;
    case Node::Kind::sequence:
      out += "[" + here;
      for (const Node& item : node.items) print(item, out += " ");
      out += "]";
      break;
    case Node::Kind::map:
      out += "{" + here;
      for (const Entry& entry : node.entries) {
        out += " " + entry.key + place(entry.line, entry.column) + "=";
        print(entry.value, out);
      }
      out += "}";
      break;
  }
}

std::string print_all(const std::vector<Node>& documents) {
  std::string out;
  for (const Node& node : documents) {
    if (!out.empty()) out += " --- ";
    print(node, out);
  }
  return out;
}

TEST(Yaml, Trees) {
  const struct {
    const char* text;
    const char* want;
  } rows[] = {
      {"", ""},
      {"# only a comment\n", ""},
      {"a: x", "{@1:1 a@1:1=x@1:4}"},
      {"\xEF\xBB\xBF"
       "a: x",
       "{@1:1 a@1:1=x@1:4}"},
      {"a: x\r\nb: y\r\n", "{@1:1 a@1:1=x@1:4 b@2:1=y@2:4}"},
      {"a: 'x'\nb: \"y\"\nc: |\n  z\n", "{@1:1 a@1:1='x'@1:4 b@2:1='y'@2:4 c@3:1='z\n'@3:4}"},
      {"a: !!str 12", "{@1:1 a@1:1='12'@1:4}"},
      {"a: ~\nb: null\nc: ''\n", "{@1:1 a@1:1=null@1:4 b@2:1=null@2:4 c@3:1=''@3:4}"},
      // An absent value stands where its key stands.
      {"a:\nb: 1\n", "{@1:1 a@1:1=null@1:1 b@2:1=1@2:4}"},
      {"- a\n- [b, c]\n-\n  - d\n", "[@1:1 a@1:3 [@2:3 b@2:4 c@2:7] [@4:3 d@4:5]]"},
      {"a: &x [1, 2]\nb: *x\n", "{@1:1 a@1:1=[@1:4 1@1:8 2@1:11] b@2:1=[@1:4 1@1:8 2@1:11]}"},
      // A merge key is a key.
      {"a: &x {k: 1}\nb:\n  <<: *x\n",
       "{@1:1 a@1:1={@1:4 k@1:8=1@1:11} "
       "b@2:1={@3:3 <<@3:3={@1:4 k@1:8=1@1:11}}}"},
      {"a\n---\nb\n", "a@1:1 --- b@3:1"},
      {"a\n...\n", "a@1:1"},
      {"a: |\n  x", "{@1:1 a@1:1='x\n'@1:4}"},
      {"a: |+\n  x\n\n", "{@1:1 a@1:1='x\n\n'@1:4}"},
      {"---\n---\nb\n", "null@2:1 --- b@3:1"},
  };
  for (const auto& row : rows) {
    const Parsed got = parse_exact(row.text);
    EXPECT_EQ(print_all(got.documents), row.want) << row.text;
    EXPECT_EQ(got.problems, std::vector<std::string>{}) << row.text;
  }
}

TEST(Yaml, Problems) {
  const struct {
    std::string text;
    const char* want;
    std::size_t documents;
  } rows[] = {
      {"a: b: c", "f.yml:1:5: error: illegal map value", 0},
      {"a: 1\nb: [1\n", "f.yml:2:5: error: a quote or bracket is not closed after this place", 0},
      {"a: 'x\n", "f.yml:1:1: error: a quote or bracket is not closed after this place", 0},
      {"a: 1\nb: \"x\n", "f.yml:2:1: error: a quote or bracket is not closed after this place", 0},
      {"a: 1\nb: 'x", "f.yml:2:1: error: a quote or bracket is not closed after this place", 0},
      {"a\n---\n- b\n---\nc: d: e\n", "f.yml:5:5: error: illegal map value", 2},
      {"a: 1\nb: 2\na: 3\n", "f.yml:3:1: error: the key 'a' is here twice (first on line 1)", 0},
      {"x:\n  a: 1\n  a: 3\n---\nb\n",
       "f.yml:3:3: error: the key 'a' is here twice (first on line 2)", 1},
      {"- a\nb: c\n", "f.yml:2:1: error: unexpected text after the end of the document", 0},
      {"a\n---\n- a\nb: c: d\n", "f.yml:4:1: error: unexpected text after the end of the document",
       1},
      {"a\n---\n- a\n@b\n", "f.yml:4:1: error: unknown token", 1},
      {"a\n---\n- a\n---\n@b\n", "f.yml:5:1: error: unknown token", 2},
      {"\xEF\xBB\xBF"
       "a\n---\nb\n---\n- a\nb: c\n",
       "f.yml:6:1: error: unexpected text after the end of the document", 2},
      {"   Image|endswith: x\n  y: z\nw: z\n",
       "f.yml:2:3: error: unexpected text after the end of the document", 0},
      {"? [a]\n: b\n", "f.yml:1:3: error: a key must be a text, not a list or a map", 0},
      {"~: b\n", "f.yml:1:1: error: a key must be a text, not empty or null", 0},
      {"a: &x [1, *x]\n", "f.yml:1:11: error: an alias inside the node that it names", 0},
      {"a: *y\n", "f.yml:1:4: error: the referenced anchor is not defined", 0},
      {"a: !!binary Zm9v\n",
       "f.yml:1:4: error: the tag 'tag:yaml.org,2002:binary' is not supported", 0},
      {"a: !x {}\n", "f.yml:1:4: error: the tag '!x' is not supported", 0},
      {std::string("a: b\nc: \x04 d\n"),
       "f.yml:2:4: error: control character (byte 0x04) (write it as an escape in double quotes, "
       "for example \"\\x1b\")",
       0},
      {std::string("a: b\0", 5),
       "f.yml:1:5: error: control character (byte 0x00) (write it as an escape in double quotes, "
       "for example \"\\x1b\")",
       0},
      {"a: \xC3\xA9 \xFF\n", "f.yml:1:7: error: invalid UTF-8 (byte 0xff) (save the file as UTF-8)",
       0},
      {"a: \xE2\x82", "f.yml:1:4: error: invalid UTF-8 (byte 0xe2) (save the file as UTF-8)", 0},
  };
  for (const auto& row : rows) {
    const Parsed got = parse_exact(row.text);
    EXPECT_EQ(got.problems, std::vector<std::string>{row.want}) << row.text;
    EXPECT_EQ(got.documents.size(), row.documents) << row.text;
  }
}

TEST(Yaml, Bounds) {
  constexpr std::size_t kMax = 4 << 20;
  const std::string stalled =
      "more than 256 KiB without a complete node after this place (shorten the scalar or comment, "
      "or write the flow collection as a block)";
  const struct {
    const char* name;
    std::string text;
    std::string want;  // of the message
  } rows[] = {
      {"too long", std::string(kMax + 1, 'a'), "4194305 bytes are too many: at most 4194304"},
      {"flow lists", repeat("[", kMax), stalled},
      {"flow maps", repeat("{a: ", kMax), stalled},
      {"short flow lists", repeat("[", 65) + repeat("]", 65), "nested more than 64 deep"},
      {"block lists", repeat("- ", kMax), "nested more than 64 deep"},
      {"block keys", repeat("? ", kMax), "a key must be a text, not a list or a map"},
      {"one flow list", "- [" + repeat("b,", kMax - 8) + "]", stalled},
      {"one scalar", repeat("a", kMax), stalled},
      {"nodes", repeat("- a\n", kMax), "more than 1000000 nodes, aliases expanded"},
  };
  for (const auto& row : rows) {
    const Parsed got = parse_exact(row.text);
    ASSERT_EQ(got.problems.size(), 1u) << row.name;
    EXPECT_NE(got.problems[0].find("error: " + row.want), std::string::npos)
        << row.name << ": " << got.problems[0];
    EXPECT_TRUE(got.documents.empty()) << row.name;
  }
}

TEST(Yaml, NestingOf64IsAllowed) {
  const Parsed got = parse_exact(repeat("[", 64) + repeat("]", 64));
  EXPECT_EQ(got.problems, std::vector<std::string>{});
  EXPECT_EQ(got.documents.size(), 1u);
}

// Ten aliases a level: the eighth level would be 10^8 nodes.
TEST(Yaml, BillionLaughs) {
  std::string text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    text += "- &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    text += "]\n";
  }
  const Parsed got = parse_exact(text);
  EXPECT_EQ(got.problems, std::vector<std::string>{"f.yml:6:38: error: more than 1000000 nodes, "
                                                   "aliases expanded"});
  EXPECT_TRUE(got.documents.empty());
}

TEST(Yaml, AliasesOfALongScalar) {
  std::string text = "- &a '" + std::string(200'000, 'x') + "'\n";
  for (int i = 0; i < 100; ++i) text += "- *a\n";
  const Parsed got = parse_exact(text);
  ASSERT_EQ(got.problems.size(), 1u);
  EXPECT_NE(got.problems[0].find("more than 16777216 bytes of scalars"), std::string::npos);
}

// Each line nests the one before in two more lists: no deep text, but a deep tree.
TEST(Yaml, AliasesCannotNestDeeper) {
  std::string text = "- &a0 [[x]]\n";
  for (int i = 1; i < 40; ++i)
    text += "- &a" + std::to_string(i) + " [[*a" + std::to_string(i - 1) + "]]\n";
  const Parsed got = parse_exact(text);
  ASSERT_EQ(got.problems.size(), 1u);
  EXPECT_EQ(got.problems[0], "f.yml:32:10: error: nested more than 64 deep");
}

TEST(Yaml, ManyDuplicatesAreReportedInPart) {
  const Parsed got = parse_exact(repeat("a: 1\n", 5000));
  EXPECT_EQ(got.problems.size(), 20u);
  EXPECT_TRUE(got.documents.empty());
}

TEST(Yaml, Scalars) {
  const struct {
    const char* text;
    std::optional<bool> boolean;
    std::optional<std::int64_t> integer;
  } rows[] = {
      {"true", true, {}},
      {"FALSE", false, {}},
      {"yes", {}, {}},
      {"'true'", {}, {}},
      {"12", {}, 12},
      {"-12", {}, -12},
      {"+12", {}, 12},
      {"'12'", {}, {}},
      {"010", {}, 10},
      {"0o10", {}, 8},
      {"0xfF", {}, 255},
      {"1.0", {}, {}},
      {"1e3", {}, {}},
      {"12a", {}, {}},
      {"+-1", {}, {}},
      {"0x-1", {}, {}},
      {"0x", {}, {}},
      {"+", {}, {}},
      {"[1]", {}, {}},
      {"~", {}, {}},
      {"9223372036854775807", {}, INT64_MAX},
      {"9223372036854775808", {}, {}},
  };
  for (const auto& row : rows) {
    const Parsed got = parse_exact(row.text);
    ASSERT_EQ(got.documents.size(), 1u) << row.text;
    EXPECT_EQ(as_bool(got.documents[0]), row.boolean) << row.text;
    EXPECT_EQ(as_integer(got.documents[0]), row.integer) << row.text;
  }
}

TEST(Yaml, UnknownKeys) {
  const Parsed got = parse_exact("listen: 1\nlisen: 2\nLevel: 3\nzzz: 4\n");
  ASSERT_EQ(got.documents.size(), 1u);
  Diagnostics diagnostics;
  refuse_unknown_keys("f.yml", got.documents[0], {"listen", "level"}, diagnostics);
  std::vector<std::string> problems;
  for (const Diagnostic& d : diagnostics) problems.push_back(to_string(d));
  EXPECT_EQ(problems, (std::vector<std::string>{
                          "f.yml:2:1: error: unknown key 'lisen' (did you mean 'listen'?)",
                          "f.yml:3:1: error: unknown key 'Level' (did you mean 'level'?)",
                          "f.yml:4:1: error: unknown key 'zzz'"}));
}

TEST(Yaml, ErrorAtNode) {
  const Parsed got = parse_exact("a: 1\nb: x\n");
  ASSERT_EQ(got.documents.size(), 1u);
  EXPECT_EQ(got.documents[0].find("c"), nullptr);
  EXPECT_EQ(to_string(error_at("f.yml", *got.documents[0].find("b"), "no", "do")),
            "f.yml:2:4: error: no (do)");
}

}  // namespace
}  // namespace vakt::yaml
