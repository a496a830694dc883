#include "scan/database.h"

#include <hs/hs.h>

#include <cstdlib>
#include <vector>

#include "base/check.h"

namespace vakt::scan {
namespace {

unsigned flags_of(const Expression& e) {
  // ALLOWEMPTY: `.*` is a legal, if useless, expression; SINGLEMATCH keeps it cheap.
  unsigned flags = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
  if (e.caseless) flags |= HS_FLAG_CASELESS;
  if (e.multiline) flags |= HS_FLAG_MULTILINE;
  if (e.dot_all) flags |= HS_FLAG_DOTALL;
  if (e.utf8) flags |= HS_FLAG_UTF8;
  if (e.prefilter) flags |= HS_FLAG_PREFILTER;
  return flags;
}

CompileError take(hs_compile_error_t* error) {
  CompileError out;
  if (error == nullptr) return out;
  if (error->expression >= 0) out.pattern = static_cast<std::size_t>(error->expression);
  if (error->message != nullptr) out.message = error->message;
  hs_free_compile_error(error);
  return out;
}

std::vector<unsigned> first_numbers(std::size_t count) {
  std::vector<unsigned> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<unsigned>(i);
  return ids;
}

bool has_nul(const Expression& e) { return e.pattern.find('\0') != std::string::npos; }

}  // namespace

void Database::Free::operator()(hs_database* database) const { hs_free_database(database); }

std::size_t Database::size_bytes() const {
  std::size_t bytes = 0;
  check(hs_database_size(database_.get(), &bytes) == HS_SUCCESS, "a database has a size");
  return bytes;
}

std::string Database::serialize() const {
  char* bytes = nullptr;
  std::size_t size = 0;
  check(hs_serialize_database(database_.get(), &bytes, &size) == HS_SUCCESS,
        "a database can be written");
  std::string out(bytes, size);
  std::free(bytes);
  return out;
}

std::optional<Database> Database::deserialize(std::string_view bytes) {
  hs_database_t* database = nullptr;
  if (bytes.empty() || hs_deserialize_database(bytes.data(), bytes.size(), &database) != HS_SUCCESS)
    return std::nullopt;
  return Database(database);
}

Compiled<Database> compile_literals(std::span<const Literal> literals) {
  const std::size_t count = literals.size();
  std::vector<const char*> texts(count);
  std::vector<std::size_t> lengths(count);
  std::vector<unsigned> flags(count);
  for (std::size_t i = 0; i < count; ++i) {
    check(!literals[i].bytes.empty(), "a literal has bytes");
    texts[i] = literals[i].bytes.data();
    lengths[i] = literals[i].bytes.size();
    flags[i] = literals[i].caseless ? HS_FLAG_CASELESS : 0;
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_lit_multi(texts.data(), flags.data(), first_numbers(count).data(), lengths.data(),
                           static_cast<unsigned>(count), HS_MODE_BLOCK, nullptr, &database,
                           &error) != HS_SUCCESS) {
    return tl::make_unexpected(take(error));
  }
  return Database(database);
}

Compiled<Database> compile_expressions(std::span<const Expression> expressions) {
  const std::size_t count = expressions.size();
  std::vector<const char*> texts(count);
  std::vector<unsigned> flags(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (has_nul(expressions[i])) {
      return tl::make_unexpected(CompileError{i, "the expression contains a NUL byte"});
    }
    texts[i] = expressions[i].pattern.c_str();
    flags[i] = flags_of(expressions[i]);
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(texts.data(), flags.data(), first_numbers(count).data(),
                       static_cast<unsigned>(count), HS_MODE_BLOCK, nullptr, &database,
                       &error) != HS_SUCCESS) {
    return tl::make_unexpected(take(error));
  }
  return Database(database);
}

std::optional<std::string> objection(const Expression& expression) {
  if (has_nul(expression)) return "the expression contains a NUL byte";
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(expression.pattern.c_str(), flags_of(expression), &info, &error) !=
      HS_SUCCESS) {
    return take(error).message;
  }
  std::free(info);
  return std::nullopt;
}

}  // namespace vakt::scan
