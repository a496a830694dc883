#include "store/access_codec.h"

#include "store/record.h"

namespace vakt::store {
namespace {

constexpr std::uint8_t kVersion = 1;

void frame(std::string_view record, std::string& out) {
  RecordWriter writer(out, kVersion);
  writer.bytes(record);
  writer.finish();
}

std::optional<std::string_view> unframe(std::string_view bytes) {
  RecordReader reader(bytes, kVersion);
  const std::string_view record = reader.bytes();
  if (!reader.complete()) return std::nullopt;
  return record;
}

}  // namespace

void encode_user(const access::User& user, std::string& out) { frame(access::encode(user), out); }

std::optional<access::User> decode_user(std::string_view name, std::string_view bytes) {
  const auto record = unframe(bytes);
  if (!record) return std::nullopt;
  auto user = access::decode_user(*record);
  if (!user || user->name != name) return std::nullopt;
  return std::move(*user);
}

void encode_token(const access::Token& token, std::string& out) {
  frame(access::encode(token), out);
}

std::optional<access::Token> decode_token(std::string_view id, std::string_view bytes) {
  const auto record = unframe(bytes);
  if (!record) return std::nullopt;
  auto token = access::decode_token(*record);
  if (!token || token->id != id) return std::nullopt;
  return std::move(*token);
}

}  // namespace vakt::store
