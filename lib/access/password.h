// Passwords: argon2id (RFC 9106, version 19) at the least cost that OWASP's Password Storage Cheat
// Sheet gives: 19 MiB, two passes, one lane. Pure, and slow on purpose: hashing or verifying takes
// tens of milliseconds of one core and 19 MiB while it runs. The caller bounds how many run at
// once, and keeps them away from threads that must answer. Any thread; starts none.
//
// A password is a secret of the caller's: nothing here keeps, prints or returns it, and argon2
// wipes its own memory. The caller wipes his.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vakt::access {

inline constexpr std::uint32_t kMemoryKib = 19 * 1024;
inline constexpr std::uint32_t kPasses = 2;
inline constexpr std::uint32_t kLanes = 1;
inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kTagBytes = 32;

// NIST SP 800-63B: length counts, in Unicode code points; no rules of composition, no expiry.
inline constexpr std::size_t kPasswordCharactersMin = 12;
inline constexpr std::size_t kPasswordBytesMax = 1024;

// May `user_name` have this password? It must be valid UTF-8 of at least 12 characters and at most
// 1,024 bytes, and not the user's own name in any case, once or repeated. It is taken as the bytes
// that were typed: no normalisation.
Result<void> check_policy(std::string_view password, std::string_view user_name);

// The PHC string to store. `salt`: kSaltBytes fresh random bytes. Errc::unavailable: no memory.
Result<std::string> hash_password(std::string_view password, std::string_view salt);

// Is this the password of the stored string? Errors: Errc::corrupt (phc.h), Errc::unavailable.
// A password over kPasswordBytesMax is none.
Result<bool> verify_password(std::string_view phc, std::string_view password);

// For a user who does not exist or has no password: takes as long as verifying a string of today's
// parameters and says no, so that the time of an answer does not tell which names exist. Strings of
// older parameters differ from it until they are hashed again.
Result<bool> verify_nobody(std::string_view password);

// Is the stored string weaker in anything than today's, or unreadable? Then hash the password
// again at the next login, the only moment at which it is there.
bool needs_rehash(std::string_view phc);

}  // namespace vakt::access
