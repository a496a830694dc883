// A request's JSON body, read strictly: an unknown, missing or unreadable member is an error that
// says what would be right, never ignored. Errors quote no values. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace vakt::api {

class Body {
 public:
  // `members`: those that may be there.
  static Result<Body> read(std::string_view body, std::initializer_list<std::string_view> members);

  // Null counts as missing.
  bool has(std::string_view name) const;
  // Errors: Errc::invalid where it is missing or not of this kind.
  Result<std::string> text(std::string_view name) const;
  Result<std::optional<std::string>> text_if_any(std::string_view name) const;
  Result<std::vector<std::string>> texts(std::string_view name) const;
  Result<bool> flag(std::string_view name) const;
  // RFC 3339.
  Result<std::optional<Time>> time_if_any(std::string_view name) const;
  // As text(), and wipes it here. The caller wipes his.
  Result<std::string> take_secret(std::string_view name);

 private:
  boost::json::object object_;
};

}  // namespace vakt::api
