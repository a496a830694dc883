// Hyperscan pattern databases, owned. Two kinds, kept apart because literals compile several times
// faster alone and may be scanned across separators, which regexes must not be:
//   literals      byte strings, each with or without ASCII case;
//   expressions   PCRE-style regexes. Each reports at most once a scan, so that a scan must cover
//                 exactly one value.
//
// Block mode. A Database is immutable and may be shared by threads; a Scratch belongs to one
// thread. Nothing here throws. Limits are Hyperscan's (16,000 bytes a pattern).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct hs_database;
struct hs_scratch;

namespace vakt::scan {

struct Literal {
  std::string_view bytes;  // not empty
  bool caseless = false;   // ASCII letters only
};

struct Expression {
  std::string pattern;     // no NUL inside (write \x00)
  bool caseless = false;   // with utf8 by Unicode's simple folding, without it ASCII
  bool multiline = false;  // ^ and $ at every line
  bool dot_all = false;    // . matches '\n' too
  bool utf8 = true;        // the scanned text must then be valid UTF-8
  // Finds every value that the expression matches, and perhaps others: for constructs that
  // Hyperscan lacks.
  bool prefilter = false;
};

struct CompileError {
  std::optional<std::size_t> pattern;  // which one, where Hyperscan says so
  std::string message;                 // Hyperscan's own
};

class Database;
template <class T>
class [[nodiscard]] Compiled : public tl::expected<T, CompileError> {
 public:
  using Base = tl::expected<T, CompileError>;
  using Base::Base;
};

class Database {
 public:
  Database(Database&&) noexcept = default;
  Database& operator=(Database&&) noexcept = default;

  std::size_t size_bytes() const;

  // For a file, and back. Nothing: not written by this version of Hyperscan for such a machine, or
  // damaged where Hyperscan can tell; it trusts the rest.
  std::string serialize() const;
  static std::optional<Database> deserialize(std::string_view bytes);

 private:
  friend class Scratch;
  friend Compiled<Database> compile_literals(std::span<const Literal>);
  friend Compiled<Database> compile_expressions(std::span<const Expression>);

  struct Free {
    void operator()(hs_database* database) const;
  };
  explicit Database(hs_database* database) : database_(database) {}
  std::unique_ptr<hs_database, Free> database_;
};

// The pattern's index is the `id` that scan() reports. There must be at least one pattern.
Compiled<Database> compile_literals(std::span<const Literal> literals);
Compiled<Database> compile_expressions(std::span<const Expression> expressions);

// What Hyperscan says against an expression without compiling it: fast, but it may still be refused
// later. Nothing: no objection.
std::optional<std::string> objection(const Expression& expression);

}  // namespace vakt::scan
