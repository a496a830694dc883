// YAML with positions: rules, decoders and configuration are read through this, so that every
// complaint can name file, line and column. A plain value tree; yaml-cpp stays behind it.
//
// Bounds: 4 MiB a text, nesting 64, 1,000,000 nodes and 16 MiB of scalars with aliases expanded,
// 256 KiB for one scalar or flow collection. Duplicate keys, keys that are not texts, tags (but
// !!str and those that say what is already so), recursive aliases, invalid UTF-8 and control
// characters are errors. A merge key (<<) is a key as any other. Nothing throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace vakt::yaml {

struct Entry;

struct Node {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  int line = 0;
  int column = 0;              // both from 1; columns count bytes
  std::string text;            // of a scalar
  bool quoted = false;         // '1' and "1" are strings, 1 is a number; also for block scalars
  std::vector<Node> items;     // of a sequence
  std::vector<Entry> entries;  // of a map, in file order; keys are unique

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_map() const { return kind == Kind::map; }
  const Node* find(std::string_view key) const;  // value of a map's key, or null
};

struct Entry {
  std::string key;
  int line = 0;
  int column = 0;
  Node value;
};

// YAML 1.2 core schema: what an unquoted scalar means. nullopt: it is not one.
std::optional<bool> as_bool(const Node& node);  // true/false (any of the usual three cases)
std::optional<std::int64_t> as_integer(const Node& node);

// All documents of a text, an empty one as null. Problems are appended to `diagnostics`, each under
// `file`. A document with a problem is left out; those before a syntax error, or beside one with a
// lesser problem, are still returned.
std::vector<Node> parse(std::string_view text, const std::string& file, Diagnostics& diagnostics);

// A diagnostic at the place of a node.
Diagnostic error_at(const std::string& file, const Node& node, std::string message,
                    std::string hint = {});
// "unknown key 'lisen' (did you mean 'listen'?)" for every key of `map` not in `known`
// (the first 20).
void refuse_unknown_keys(const std::string& file, const Node& map,
                         const std::vector<std::string_view>& known, Diagnostics& diagnostics);

}  // namespace vakt::yaml
