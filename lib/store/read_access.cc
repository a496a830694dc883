// Reading users and API tokens. Thread-safe, as read.cc.
#include <fmt/format.h>

#include "base/text.h"
#include "store/access_codec.h"
#include "store/impl.h"
#include "store/keys.h"

namespace vakt::store {
namespace {

tl::unexpected<Error> damaged(std::string_view what, std::string_view key) {
  return fail(Errc::corrupt,
              fmt::format("the stored {} {} is damaged: restore the store from a backup", what,
                          escape_terminal(key)));
}

// Where and how rows of one kind lie.
template <class Record>
struct Kind {
  char letter;
  std::string_view what;
  std::optional<Record> (*decode)(std::string_view key, std::string_view bytes);
};
constexpr Kind<access::User> kUsers{kUserKind, "user", decode_user};
constexpr Kind<access::Token> kTokens{kTokenKind, "token", decode_token};

template <class Record>
Result<std::vector<Record>> read_all(const Database& database, const Kind<Record>& kind) {
  std::vector<Record> records;
  Scan scan(database, Family::access, std::string(1, kind.letter), after_kind(kind.letter));
  for (; scan.valid(); scan.next()) {
    const std::string_view key = scan.key().substr(1);
    auto record = kind.decode(key, scan.value());
    if (!record) return damaged(kind.what, key);
    records.push_back(std::move(*record));
  }
  if (auto read = scan.status(); !read) return tl::make_unexpected(read.error());
  return records;
}

template <class Record>
Result<Record> read_one(const Database& database, const Kind<Record>& kind, std::string_view key) {
  const auto row = database.get(Family::access, text_key(kind.letter, key));
  if (!row) return tl::make_unexpected(row.error());
  if (!*row)
    return fail(Errc::not_found, fmt::format("there is no {} {}", kind.what, escape_terminal(key)));
  auto record = kind.decode(key, **row);
  if (!record) return damaged(kind.what, key);
  return std::move(*record);
}

}  // namespace

Result<std::vector<access::User>> Store::users() const {
  return read_all(*impl_->database, kUsers);
}
Result<std::vector<access::Token>> Store::tokens() const {
  return read_all(*impl_->database, kTokens);
}
Result<access::User> Store::user(std::string_view name) const {
  return read_one(*impl_->database, kUsers, name);
}
Result<access::Token> Store::token(std::string_view id) const {
  return read_one(*impl_->database, kTokens, id);
}

}  // namespace vakt::store
