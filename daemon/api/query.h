// What a client asked for, read strictly: an unknown or unreadable part is an error that says what
// would be right, never ignored. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/server.h"
#include "incident/lifecycle.h"
#include "store/store.h"

namespace vakt::api {

// state, severity, rule, include_closed, include_merged, limit, before.
Result<store::IncidentQuery> read_incident_query(const http::Request& request);

// evidence: how many rows of it (0..1,000; 100 when not said).
Result<std::size_t> read_evidence_limit(const http::Request& request);

// {"action","actor","text","disposition","expected_revision"}
Result<incident::Action> read_action(std::string_view body);

inline constexpr std::size_t kActorBytesMax = 256;

}  // namespace vakt::api
