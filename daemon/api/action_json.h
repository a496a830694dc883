// What somebody wants done to an incident, read strictly: an unknown or unreadable part is an error
// that says what would be right, never ignored. Pure.
#pragma once

#include <string_view>

#include "api/facts_json.h"
#include "base/result.h"
#include "incident/lifecycle.h"

namespace vakt::api {

// {"action", "actor", "text", "disposition", "expected_revision", "facts", "into", "at", "until"};
// `incident` as it is stored, `resolve` for the incidents it names.
Result<incident::Action> read_action(std::string_view body, const incident::Incident& incident,
                                     const Resolve& resolve);

inline constexpr std::size_t kActorBytesMax = 256;

}  // namespace vakt::api
