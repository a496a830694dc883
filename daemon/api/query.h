// What a client asked for, read strictly: an unknown or unreadable part is an error that says what
// would be right, never ignored. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/server.h"
#include "incident/lifecycle.h"
#include "store/store.h"

namespace vakt::api {

// state, severity, rule, storm, include_closed, include_merged, include_members, limit, before.
// `store` finds the incident that `storm` names.
Result<store::IncidentQuery> read_incident_query(const http::Request& request,
                                                 const store::Store& store);

// evidence: how many rows of it (0..1,000; 100 when not said).
Result<std::size_t> read_evidence_limit(const http::Request& request);

// {"action","actor","text","disposition","expected_revision"}
Result<incident::Action> read_action(std::string_view body);

inline constexpr std::size_t kActorBytesMax = 256;

}  // namespace vakt::api
