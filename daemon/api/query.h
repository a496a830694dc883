// What a client asked for, read strictly: an unknown or unreadable part is an error that says what
// would be right, never ignored. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/server.h"
#include "store/store.h"

namespace vakt::api {

// state, severity, rule, storm, include_closed, include_merged, include_members, limit, before.
// `store` finds the incident that `storm` names.
Result<store::IncidentQuery> read_incident_query(const http::Request& request,
                                                 const store::Store& store);

// evidence: how many rows of it (0..1,000; 100 when not said).
Result<std::size_t> read_evidence_limit(const http::Request& request);

}  // namespace vakt::api
