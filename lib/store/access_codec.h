// Bytes of the rows of users and API tokens: what lib/access encodes, in the frame of every small
// value (record.h). A row whose record names somebody else than its key is damaged. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/token.h"
#include "access/user.h"

namespace vakt::store {

void encode_user(const access::User& user, std::string& out);
std::optional<access::User> decode_user(std::string_view name, std::string_view bytes);

void encode_token(const access::Token& token, std::string& out);
std::optional<access::Token> decode_token(std::string_view id, std::string_view bytes);

}  // namespace vakt::store
