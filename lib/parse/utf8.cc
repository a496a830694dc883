#include "parse/utf8.h"

#include <simdjson.h>

#include <cstring>

namespace vakt::parse {

bool needs_sanitising(std::string_view text) {
  if (text.empty()) return false;
  return std::memchr(text.data(), '\0', text.size()) != nullptr ||
         !simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace vakt::parse
