// One member of a JSON record by its dotted path, as it stands in the text: for records that carry
// another record inside. Limits: those of the line it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "parse/json.h"

namespace vakt::parse {

struct JsonMember {
  enum class Kind : std::uint8_t { missing, object, array, string, null, other };
  Kind kind = Kind::missing;
  std::string_view text;  // of a string what it says, else its bytes as written
};

class JsonMemberFinder {  // one per thread
 public:
  explicit JsonMemberFinder(std::size_t text_bytes_max);
  ~JsonMemberFinder();

  // Finds `path` in the object `text`: "a.b" is member b of object a, or a member of that name. Of
  // a repeated member the last counts. The member's text is valid until the next call. What lies
  // inside other members is checked for its brackets only.
  JsonError find(std::string_view text, std::string_view path, JsonMember& member);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vakt::parse
