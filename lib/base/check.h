// check(cond): an assertion that stays on in production. For bugs of ours only, never for input.
#pragma once

namespace vakt {

[[noreturn]] void check_failed(const char* what, const char* file, unsigned line);

// The builtins are std::source_location's own, which clang 14 does not see in libstdc++ 12.
inline void check(bool condition, const char* what = "invariant",
                  const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
  if (!condition) [[unlikely]]
    check_failed(what, file, line);
}

}  // namespace vakt
