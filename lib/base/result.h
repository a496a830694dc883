// Result<T>: a value or an Error. Nothing in lib throws across a folder's border: a third-party
// exception is caught in the folder that owns the library and becomes an Error.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace vakt {

enum class Errc {
  invalid,      // the input breaks its own rules
  not_found,    // no such thing
  conflict,     // the state forbids it, or somebody else changed it first
  too_large,    // over a documented limit
  unavailable,  // for now: try again
  io,           // the operating system or the disk said no
  corrupt,      // stored bytes fail their check
};

struct Error {
  Errc code = Errc::invalid;
  std::string message;  // what happened, where, and what to do; for people
};

// The wrapper exists because tl::expected 1.0 does not warn when a result is dropped.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}
};

inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::make_unexpected(Error{code, std::move(message)});
}

}  // namespace vakt
