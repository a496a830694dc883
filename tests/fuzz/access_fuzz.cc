// What comes from outside or from the disk into lib/access. The first byte chooses: the text of a
// token, a stored password, a user's name, or a stored record. Whatever is taken is written again
// to the very same bytes.
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "access/base62.h"
#include "access/four_eyes.h"
#include "access/phc.h"
#include "access/session.h"
#include "access/token.h"
#include "access/user.h"
#include "base/check.h"

namespace {

using namespace vakt;
using namespace vakt::access;

void token_text(std::string_view text) {
  if (const auto token = parse_token(text))
    check(text.substr(5, 16) == token->id, "the id is the text's");
  if (const auto secret = from_base62(text, kSecretBytes); secret && text.size() == kSecretDigits) {
    check(to_base62(*secret, kSecretDigits) == text, "one text for every secret");
    check(csrf_matches(text, csrf_token(text)), "a cookie has its token");
  }
}

void password_text(std::string_view text) {
  const auto hash = parse_phc(text);
  if (!hash) return;
  check(hash->memory_kib <= kMemoryKibMax && hash->passes <= kPassesMax, "bounded");
  check(to_phc(*hash) == text, "one text for every hash");
}

void user_name(std::string_view text) {
  if (!is_user_name(text)) return;
  const auto user = create_user({std::string(text), "x", {}, {Role::viewer}}, {}, Time{});
  check(user.has_value(), "a name for a user");
  check(decode_user(encode(*user)).has_value(), "which can be stored");
}

template <class Decode>
void record(std::string_view bytes, const Decode& decode) {
  if (const auto one = decode(bytes)) {
    check(encode(*one) == bytes, "one encoding for every record");
  } else {
    check(one.error().code == Errc::corrupt, "refused as damaged");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A block of the exact size, so that a read past the end is seen.
  const auto block = std::make_unique<char[]>(size - 1);
  if (size > 1) std::memcpy(block.get(), data + 1, size - 1);
  const std::string_view rest(block.get(), size - 1);
  switch (data[0] % 6) {
    case 0:
      token_text(rest);
      break;
    case 1:
      password_text(rest);
      break;
    case 2:
      user_name(rest);
      break;
    case 3:
      record(rest, decode_user);
      break;
    case 4:
      record(rest, decode_token);
      break;
    case 5:
      record(rest, decode_approval);
      break;
  }
  return 0;
}
